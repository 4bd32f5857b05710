import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ServiceSpec } from '../../deployments/port.ts';
import { readDockerfile } from './dockerfile.ts';
import { planLaunch } from './launch-plan.ts';

const service = (more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  name: 'web',
  environment: {},
  ports: [{ container: 8000 }],
  dependsOn: [],
  volumes: [],
  replicas: 1,
  stopSignal: 'SIGTERM',
  stopGraceMs: 10_000,
  restart: 'always',
  labels: {},
  kind: 'application',
  ...more,
});

describe('Dockerfile', () => {
  test('reads what can be honoured, through stages, arguments, continuation lines and comments', () => {
    const facts = readDockerfile(
      `# syntax=docker/dockerfile:1
ARG VERSION=3
FROM debian:\${VERSION} AS base
ENV A=1 B="two words" \\
    # a comment in between
    C=$A-x
WORKDIR /srv
FROM base AS final
WORKDIR app
COPY --chown=me . .
RUN apt-get install \\
  -y thing
ENV OLD value of old form
EXPOSE 8000
ENTRYPOINT ["python3"]
CMD ["manage.py", "runserver"]
`,
      {},
    );
    expect(facts).toEqual({
      environment: { A: '1', B: 'two words', C: '1-x', OLD: 'value of old form' },
      workingDirectory: '/srv/app',
      entrypoint: ['python3'],
      command: ['manage.py', 'runserver'],
      source: '.',
      skipped: ['apt-get install  -y thing'],
    });
  });

  test('a directory laid over the working directory is where the program starts; a single file is not', () => {
    expect(readDockerfile('FROM x\nWORKDIR /app\nCOPY package.json ./\nCOPY web/ ./\nCMD node x').source).toBe('web');
    expect(readDockerfile('FROM x\nWORKDIR /app\nCOPY package.json ./').source).toBe('.');
    expect(readDockerfile('FROM x\nCMD node server.js').command).toEqual(['/bin/sh', '-c', 'node server.js']);
  });

  test('never throws', () => {
    const word = fc.constantFrom(
      'FROM',
      'ENV',
      'COPY',
      'CMD',
      'RUN <<EOF',
      'ARG',
      'WORKDIR',
      '[',
      '"',
      '$',
      '${',
      '\\',
      '=',
      ' ',
      '\n',
      'a',
      '.',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), (words) => {
        readDockerfile(words.join(''));
      }),
    );
  });
});

describe('launch', () => {
  const dockerfile = readDockerfile(
    'FROM x\nENV PYTHONUNBUFFERED=1 PATH=/venv/bin:$PATH\nWORKDIR /app\nCOPY . /app\nCMD ["gunicorn", "-b", "0.0.0.0:8000", "--chdir", "/app/src", "shop"]',
  );
  const inputs = {
    service: service(),
    dockerfile,
    environment: {
      PRICING_URL: 'http://pricing:9000/v1',
      DATABASE_URL: 'postgres://me:secret@db:5432/shop',
      CACHE: 'cache:6379,other:1',
      DB_FILE: '/data/shop.sqlite3',
      DB_URL: 'sqlite:////data/shop.sqlite3',
      UNTOUCHED: 'http://pricing:90001/data',
    },
    machine: { PATH: '/usr/bin' },
    root: '/var/copy',
    ports: { 8000: 40001 },
    peers: [
      { service: 'pricing', ports: { 9000: 40002 } },
      { service: 'db', ports: { 5432: 40003 } },
      { service: 'cache', ports: { 6379: 40004 } },
    ],
    volumes: [{ target: '/data', path: '/var/volumes/data' }],
  };

  test('addresses of peers, volumes and its own port are those of this machine', () => {
    const plan = planLaunch(inputs);
    expect(plan.argv).toEqual(['gunicorn', '-b', '127.0.0.1:40001', '--chdir', '/var/copy/src', 'shop']);
    expect(plan.directory).toBe('/var/copy');
    expect(plan.environment).toEqual({
      PATH: '/venv/bin:/usr/bin',
      PYTHONUNBUFFERED: '1',
      PORT: '40001',
      PRICING_URL: 'http://127.0.0.1:40002/v1',
      DATABASE_URL: 'postgres://me:secret@127.0.0.1:40003/shop',
      CACHE: '127.0.0.1:40004,other:1',
      DB_FILE: '/var/volumes/data/shop.sqlite3',
      DB_URL: 'sqlite:////var/volumes/data/shop.sqlite3',
      UNTOUCHED: 'http://pricing:90001/data',
    });
  });

  test('x-millrace.process goes before the Compose command, that before the Dockerfile', () => {
    const own = service({ process: { command: 'node server.js --port 8000' }, command: ['other'] });
    expect(planLaunch({ ...inputs, service: own }).argv).toEqual(['/bin/sh', '-c', 'node server.js --port 40001']);
    const composed = service({ command: ['worker', ':8000'] });
    expect(planLaunch({ ...inputs, service: composed }).argv).toEqual(['worker', '127.0.0.1:40001']);
  });
});
