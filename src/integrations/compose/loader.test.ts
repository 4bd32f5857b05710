import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkCompose, composeLoader } from './loader.ts';

const tree = (files: Record<string, string>) => ({
  list: async () => Object.keys(files),
  read: async (path: string) => files[path],
});

describe('services of a Compose file', () => {
  test('says which settings are not in force, and how much it matters', async () => {
    const { services, problems } = await composeLoader.load(
      tree({
        'compose.yaml': 'services: { web: { image: nginx, privileged: true, container_name: w, labels: { a: b } } }',
      }),
      undefined,
    );
    expect(services).toHaveLength(1);
    expect(problems.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      'warning "privileged" of service "web" is not carried out',
      'info "container_name" of service "web" is not carried out',
    ]);
  });

  test('short and long forms, defaults, health checks, dependencies, replicas and limits', async () => {
    const { services, problems } = await composeLoader.load(
      tree({
        'compose.yaml': `
x-common: &common
  restart: unless-stopped
  environment: { LOG: info }
services:
  web:
    <<: *common
    build: { context: web, args: { A: 1 } }
    command: gunicorn "shop.wsgi app" -b 0.0.0.0:8000
    ports: ["8080:8000", "127.0.0.1:9000:9000/tcp", "53:53/udp"]
    environment: ["DB=postgres://u:\${PASSWORD}@db:5432/\${NAME:-shop}", "EMPTY=", "TAKEN"]
    depends_on: { db: { condition: service_healthy }, migrate: { condition: service_completed_successfully } }
    healthcheck: { test: ["CMD", "curl", "-f", "http://localhost:8000/health"], interval: 5s, retries: 2 }
    deploy: { replicas: "\${WEB:-2}", resources: { limits: { cpus: "0.5", memory: 256M } } }
    volumes: ["media:/srv/media:ro", ".:/srv"]
    x-millrace: { process: { command: node server.js } }
  migrate: { build: web, command: ["./manage.py", "migrate"], restart: "no" }
  db:
    image: postgres:16
    healthcheck: { test: pg_isready -U u, timeout: 1m30s }
    stop_grace_period: 1m
    volumes: [data:/var/lib/postgresql/data]
  debug: { image: busybox, profiles: [tools] }
volumes: { media: {}, data: }
`,
        '.env': 'NAME=store\n',
        'web/Dockerfile': 'FROM x\nEXPOSE 8000/tcp 9100\n',
      }),
      undefined,
    );
    expect(problems.map((problem) => problem.severity)).toEqual(['info']);
    const [web, migrate, db] = services;
    expect(services.map((service) => service.name)).toEqual(['web', 'migrate', 'db']);
    expect(web).toMatchObject({
      kind: 'application',
      build: { context: 'web', dockerfile: 'Dockerfile', args: { A: '1' } },
      command: ['gunicorn', 'shop.wsgi app', '-b', '0.0.0.0:8000'],
      ports: [
        { container: 8000, published: 8080 },
        { container: 9000, published: 9000 },
      ],
      environment: { DB: 'postgres://u:@db:5432/store', EMPTY: '', TAKEN: '' },
      templates: {
        DB: [
          { text: 'postgres://u:' },
          { variable: 'PASSWORD', otherwise: '' },
          { text: '@db:5432/' },
          { variable: 'NAME', otherwise: 'store' },
        ],
        TAKEN: [{ variable: 'TAKEN', otherwise: '' }],
      },
      healthcheck: { test: { kind: 'http', path: '/health' }, intervalMs: 5000, retries: 2, timeoutMs: 30_000 },
      dependsOn: [
        { service: 'db', condition: 'service_healthy', required: true },
        { service: 'migrate', condition: 'service_completed_successfully', required: true },
      ],
      replicas: 2,
      cpus: 0.5,
      memoryBytes: 256 * 1024 * 1024,
      volumes: [{ source: 'media', target: '/srv/media', readOnly: true, kind: 'volume' }],
      restart: 'always',
      process: { command: 'node server.js' },
    });
    expect(migrate).toMatchObject({ restart: 'no', ports: [{ container: 8000 }, { container: 9100 }] });
    expect(db).toMatchObject({
      kind: 'backing',
      image: 'postgres:16',
      healthcheck: { test: { kind: 'command', argv: ['/bin/sh', '-c', 'pg_isready -U u'] }, timeoutMs: 90_000 },
      stopGraceMs: 60_000,
    });
  });

  test('extends and include across directories keep their paths; env files lie under the environment', async () => {
    const { services, problems } = await composeLoader.load(
      tree({
        'compose.yaml': `
include: [more/compose.yaml]
services:
  web:
    extends: { file: base/compose.yaml, service: app }
    environment: { B: own }
`,
        'base/compose.yaml': 'services: { app: { build: ./src, env_file: app.env, ports: ["80"] } }',
        'base/app.env': 'A=1\nB=2\n',
        'more/compose.yaml': 'services: { cache: { build: . } }',
      }),
      undefined,
    );
    expect(problems).toEqual([]);
    expect(services.find((each) => each.name === 'web')).toMatchObject({
      build: { context: 'base/src' },
      environment: { A: '1', B: 'own' },
      ports: [{ container: 80 }],
    });
    expect(services.find((each) => each.name === 'cache')!.build!.context).toBe('more');
  });

  test('a Dockerfile alone is one service; nothing is explained', async () => {
    const one = await composeLoader.load(tree({ Dockerfile: 'FROM x\nEXPOSE 3000\n' }), undefined);
    expect(one.services).toMatchObject([{ name: 'web', kind: 'application', ports: [{ container: 3000 }] }]);
    const none = await composeLoader.load(tree({ 'README.md': '' }), undefined);
    expect(none.services).toEqual([]);
    expect(none.found).toMatch(/no compose\.yaml/);
  });

  test('every mistake at once, each at its place', async () => {
    const { problems } = await composeLoader.load(
      tree({
        'compose.yaml': `services:
  web:
    build: .
    ports: ["nope"]
    volumes: [gone:/data]
    depends_on: [ghost]
  idle: {}
  a: { image: x, depends_on: [b] }
  b: { image: x, depends_on: [a] }
`,
      }),
      undefined,
    );
    const errors = problems.filter((problem) => problem.severity === 'error');
    expect(errors.map((problem) => problem.line).sort()).toEqual([4, 5, 6, 7, 8]);
  });

  test('foreign text never throws and never runs away', async () => {
    const word = fc.constantFrom(
      'services:',
      ' web:',
      '  image: ',
      '$',
      '${',
      '}',
      '*a',
      '&a',
      '<<: ',
      '[',
      '!reset',
      '- ',
      ':',
      '\n',
      ' ',
      'x',
      '"',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 80 }), async (words) => {
        checkCompose('compose.yaml', words.join(''));
        await composeLoader.load(tree({ 'compose.yaml': words.join('') }), undefined);
      }),
      { numRuns: 300 },
    );
    const levels = Array.from(
      { length: 12 },
      (_, n) => `x-${n + 1}: &b${n + 1} [${Array(9).fill(`*b${n}`).join(',')}]`,
    );
    const bomb = ['x-0: &b0 [y]', ...levels].join('\n');
    expect(checkCompose('compose.yaml', bomb).some((problem) => problem.severity === 'error')).toBe(true);
  });
});
