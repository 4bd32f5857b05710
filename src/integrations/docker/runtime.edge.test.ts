import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { busyboxImage, ensureBusyboxImage, hasDocker } from '../../../test/harness/busybox-image.ts';
import { deployWorld, quickRollout, type World } from '../../../test/harness/deploy-world.ts';
import { openLog } from '../../platform/observe/log.ts';
import { removeInstallation } from './clear-away.ts';
import { openDocker } from './client.ts';
import { createDockerRuntime } from './runtime.ts';

const docker = (...argv: string[]): string => execFileSync('docker', argv).toString().trim();

const compose = `services:
  web:
    build: .
    ports: ["8000"]
    depends_on: { store: { condition: service_healthy }, migrate: { condition: service_completed_successfully } }
    environment: { GREETING: "\${GREETING:-hello}" }
  migrate:
    build: .
    command: ["/bin/sh", "-c", "echo migrated >> /data/log"]
    volumes: [data:/data]
    restart: "no"
  store:
    image: ${busyboxImage}
    command: ["/bin/sh", "-c", "mkdir -p /www; hostname > /www/name; exec httpd -f -p 9000 -h /www"]
    ports: ["9000"]
    healthcheck: { test: ["CMD", "wget", "-qO-", "http://127.0.0.1:9000/name"], interval: 1s }
    volumes: [data:/data]
volumes: { data: {} }
`;

const dockerfile = `# syntax=docker/dockerfile:1
FROM ${busyboxImage}
ARG WORDS=plain
COPY . /srv
RUN test ! -e /srv/secret.txt && test -e /srv/kept.txt
CMD ["/bin/sh", "-c", "mkdir -p /www; echo \\"$MILLRACE_RELEASE $GREETING\\" > /www/index.html; wget -qO /www/store http://store:9000/name; echo started $MILLRACE_RELEASE; exec httpd -f -p 8000 -h /www"]
`;

const files = (marker: string): Record<string, string> => ({
  'compose.yaml': compose,
  Dockerfile: dockerfile,
  '.dockerignore': '*.txt\n!kept.txt\n',
  'secret.txt': 'not for images',
  'kept.txt': marker,
  'millrace.yaml': quickRollout(),
});

const installation = `test-${process.pid}`;

describe.skipIf(!hasDocker())('services in containers', () => {
  let world: World;
  let environmentId = '';
  const host = 'production.shop.localhost';
  const containers = (format = '{{.Names}}'): string[] =>
    docker('ps', '-a', '--filter', `label=io.millrace.environment=${environmentId}`, '--format', format).split('\n');

  beforeAll(async () => {
    await ensureBusyboxImage();
    const runtime = () => createDockerRuntime({ docker: openDocker(), log: openLog({ level: 'fatal' }), installation });
    world = await deployWorld({ runtimes: () => [runtime()] });
  });
  afterAll(async () => {
    await world?.close();
    await removeInstallation(openDocker(), installation);
    const images = docker('images', '-q', '--filter', `label=io.millrace.project=${world.project.id}`).split('\n');
    for (const id of new Set(images)) if (id) docker('rmi', '-f', id);
  });

  test('a release is built by the engine and serves; peers are reached by name, output reaches telemetry', async () => {
    const first = await world.release(files('one'));
    await world.until('deployment.succeeded', first.version, 60_000);
    const [environment] = await world.deployments.environments(world.project.id);
    environmentId = environment!.id;
    expect(environment).toMatchObject({ runtime: 'docker', health: 'healthy' });
    expect((await world.get(host)).body.trim()).toBe(`${first.version} hello`);
    expect((await world.get(host, '/store')).body.trim()).toMatch(/^[0-9a-f]{12}$/);
    await expect
      .poll(() => world.telemetry.some((record) => record.attributes.message === `started ${first.version}`))
      .toBe(true);
    // Ports are for this machine only.
    const published = docker(
      'ps',
      '--filter',
      `label=io.millrace.environment=${environmentId}`,
      '--format',
      '{{.Ports}}',
    );
    expect(published).toContain('127.0.0.1:');
    expect(published).not.toContain('0.0.0.0:');
  });

  test('the next release replaces it; the backing service and its volume stay', async () => {
    const stores = () =>
      containers('{{.ID}} {{.Label "io.millrace.service"}}').filter((line) => line.endsWith(' store'));
    const before = stores();
    const next = await world.release(files('two'));
    await world.until('deployment.succeeded', next.version, 60_000);
    expect(stores()).toEqual(before);
    expect((await world.get(host)).body.trim()).toBe(`${next.version} hello`);
    expect(containers().length).toBe(3);
    const networks = docker('network', 'ls', '-q', '--filter', `label=io.millrace.environment=${environmentId}`).split(
      '\n',
    );
    expect(networks.length).toBe(2);
    const log = docker('run', '--rm', '-v', `millrace-${environmentId}-data:/data`, busyboxImage, 'cat', '/data/log');
    expect(log.split('\n')).toEqual(['migrated', 'migrated']);
  });

  test('a server that comes back finds its containers and goes on serving from them', async () => {
    const before = containers('{{.ID}}').sort();
    const { body } = await world.get(host);
    await world.restart();
    expect((await world.get(host)).body).toBe(body);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(containers('{{.ID}}').sort()).toEqual(before);
  });

  test('a container killed from outside is started again', async () => {
    const [web] = containers('{{.ID}} {{.Label "io.millrace.service"}}').filter((line) => line.endsWith(' web'));
    docker('kill', web!.split(' ')[0]!);
    await world.until('instance.exited');
    await expect.poll(async () => (await world.get(host)).status, { timeout: 20_000, interval: 200 }).toBe(200);
  });

  test('a Dockerfile that fails is a failed release with the builder’s words', async () => {
    const broken = await world.release({
      ...files('x'),
      Dockerfile: `FROM ${busyboxImage}\nRUN echo trouble; exit 7\n`,
    });
    const failed = await world.until('release.failed', broken.version);
    expect((failed.data as { reason: string }).reason).toMatch(/could not be built.*returned a non-zero code: 7/);
  });

  test('a deleted project serves no longer and leaves only its data behind', async () => {
    await world.deployments.forgetProject(world.project.id);
    expect((await world.get(host)).status).toBe(404);
    const left = (...argv: string[]) => docker(...argv, '--filter', `label=io.millrace.installation=${installation}`);
    expect(left('ps', '-aq')).toBe('');
    expect(left('network', 'ls', '-q')).toBe('');
    expect(left('volume', 'ls', '-q')).toBe(`millrace-${environmentId}-data`);
    await removeInstallation(openDocker(), installation);
    expect(left('volume', 'ls', '-q')).toBe('');
  });
});
