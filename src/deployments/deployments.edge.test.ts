import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployWorld, nodeService, quickRollout, type World, webCompose } from '../../test/harness/deploy-world.ts';
import { system } from '../kernel/events.ts';
import { pause } from '../kernel/pause.ts';
import { readChain } from '../platform/events/log.ts';
import { readBuildLines } from './store/releases.ts';

let world: World;
beforeAll(async () => {
  world = await deployWorld();
});
afterAll(() => world.close());

const host = 'production.shop.localhost';
const patient = { timeout: 30_000 };
const files = (more = '', rollout = quickRollout()): Record<string, string> => ({
  'server.cjs': nodeService(more),
  'compose.yaml': webCompose,
  'millrace.yaml': rollout,
});

test('the first release is built, started, switched to, verified, and is good', async () => {
  const first = await world.release(files());
  expect(first.version).toMatch(/^r1-[0-9a-f]{7}$/);
  await world.until('deployment.succeeded', first.version);
  expect(await world.get(host)).toEqual({ status: 200, body: first.version });
  expect((await world.get(`web.${host}`)).body).toBe(first.version);
  const [environment] = await world.deployments.environments(world.project.id);
  expect(environment).toMatchObject({
    name: 'production',
    health: 'healthy',
    runtime: 'process',
    release: { version: first.version },
    lastGood: { version: first.version },
    services: [{ name: 'web', replicas: { wanted: 1, healthy: 1 } }],
  });
  const env = JSON.parse((await world.get(host, '/env')).body) as Record<string, string>;
  expect(env).toMatchObject({
    SENTRY_RELEASE: first.version,
    SENTRY_ENVIRONMENT: 'production',
    SENTRY_DSN: 'http://key@127.0.0.1:7401/services/web/1',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:7401',
    MILLRACE_SERVICE: 'web',
    API_KEY: 'hunter2-hunter2',
  });
  expect(env.OTEL_RESOURCE_ATTRIBUTES).toContain(`service.version=${first.version}`);
  await expect
    .poll(() => world.telemetry.some((record) => record.attributes.message === `listening ${first.version}`))
    .toBe(true);
});

test('what telemetry refuses reaches it later, once: lines of builds and services, and how the rollout ended', async () => {
  world.refusing.current = true;
  const { id, version } = await world.release(files('console.log("told late", release);'));
  // A release is ready when its last line is told, so its build waits.
  await expect.poll(async () => (await readBuildLines(world.database, id, 0, 1000)).length).toBeGreaterThan(0);
  expect(world.telemetry.filter((record) => record.attributes.release === version)).toEqual([]);
  world.refusing.current = false;
  await world.until('deployment.switched', version);
  world.refusing.current = true;
  await world.until('deployment.succeeded', version);
  await pause(300, AbortSignal.timeout(1000));
  world.refusing.current = false;
  const told = (): string[] =>
    world.telemetry
      .filter((record) => record.attributes.release === version)
      .map((record) => `${record.type} ${record.attributes.name === 'build' ? 'build' : record.attributes.message}`);
  await expect.poll(told, patient).toContain(`Log told late ${version}`);
  await expect.poll(() => told().filter((line) => line.startsWith('Deployment')), patient).toHaveLength(1);
  expect(told().filter((line) => line === 'Log build')).toHaveLength(
    (await readBuildLines(world.database, id, 0, 1000)).length,
  );
});

test('the next one replaces it; the facts form one chain of causes', async () => {
  const next = await world.release(
    files(`console.log("key is", process.env.API_KEY); console.error(new TypeError("no stock").stack);
      console.log(JSON.stringify({ level: 40, msg: "hot", order: 7 }));`),
  );
  const done = await world.until('deployment.succeeded', next.version);
  expect((await world.get(host)).body).toBe(next.version);
  const { causes } = await readChain(world.database, done.id);
  expect(causes.map((event) => event.type.replace('deployments.', ''))).toEqual([
    'release.requested',
    'release.cut',
    'deployment.requested',
    'deployment.started',
    'deployment.switched',
    'deployment.verified',
  ]);
  // The old instance is gone, and secrets never reach the logs.
  const [environment] = await world.deployments.environments(world.project.id);
  expect(environment!.services[0]!.instances).toHaveLength(1);
  await expect.poll(() => world.telemetry.some((record) => record.attributes.message === 'key is ****')).toBe(true);
  expect(JSON.stringify(world.telemetry)).not.toContain('hunter2');
  // A stack is one record, and lines of JSON are taken apart.
  const said = (message: RegExp) =>
    world.telemetry.filter((record) => message.test(String(record.attributes.message)))[0]?.attributes;
  expect(said(/^TypeError: no stock\n {4}at .*\n {4}at /)).toMatchObject({ level: 'error', stream: 'stderr' });
  expect(said(/^hot$/)).toMatchObject({ level: 'warn', order: 7, service: 'web', release: next.version });
});

test('a run of an older commit that ends late does not take the environment back', async () => {
  const cuts = (await world.events()).filter((event) => event.type === 'deployments.release.cut');
  const { sha } = cuts[0]!.data as { sha: string };
  const before = (await world.get(host)).body;
  const late = await world.cut(sha);
  const told = await world.until('release.overtaken', late.version);
  expect(told.data).toMatchObject({ environment: 'production', byVersion: before });
  expect((await world.get(host)).body).toBe(before);
});

test('a branch that was set back on purpose takes the environment back; what was rewritten away stays out', async () => {
  const cuts = (await world.events()).filter((event) => event.type === 'deployments.release.cut');
  const { sha: older } = cuts[0]!.data as { sha: string };
  const { sha: newer } = cuts[1]!.data as { sha: string };
  await world.setBranch(older);
  const back = await world.cut(older);
  await world.until('deployment.succeeded', back.version);
  expect((await world.get(host)).body).toBe(back.version);

  const late = await world.cut(newer);
  expect((await world.until('release.overtaken', late.version)).data).toMatchObject({ byVersion: back.version });
  expect((await world.get(host)).body).toBe(back.version);
  await world.setBranch(newer);
  const again = await world.cut(newer);
  await world.until('deployment.succeeded', again.version);
});

test('a release that does not come up never serves; the reason and its output say why', async () => {
  const before = (await world.get(host)).body;
  const bad = await world.release(files('console.error("no database"); process.exit(3);'));
  const failed = await world.until('deployment.failed', bad.version);
  expect(failed.data).toMatchObject({
    reason: 'web does not stay up',
    evidence: [expect.stringMatching(/^web 1: ended with 3; its last words: .*no database/)],
  });
  expect((await world.get(host)).body).toBe(before);
});

test('a release whose requests fail is taken back by itself, with the evidence, and is not tried again', async () => {
  const before = (await world.get(host)).body;
  const bad = await world.release(
    files(
      'function answer(request, response) { response.statusCode = 500; response.end(); }',
      quickRollout().replace('1s', '20s'),
    ),
  );
  await world.until('deployment.switched', bad.version);
  for (let index = 0; index < 12; index += 1) await world.get(host);
  const back = await world.until('deployment.rolled_back', bad.version);
  expect(back.data).toMatchObject({
    reason: 'a gate failed',
    restoredVersion: before,
    evidence: [expect.stringMatching(/requests failed$/)],
  });
  expect(await world.get(host)).toEqual({ status: 200, body: before });
  // Measured, each of them: the way back is a commit and a change of routes, never nothing.
  const { servedMs, durationMs } = back.data as { servedMs: number; durationMs: number };
  expect(durationMs).toBeGreaterThan(0);
  expect(servedMs).toBeGreaterThan(durationMs);
});

test('an NRQL gate that fails twice takes a release back', async () => {
  const before = (await world.get(host)).body;
  world.verdict.current = { verdict: 'fails', value: 3, explanation: '3 is not 0' };
  const bad = await world.release(
    files('// new', quickRollout(undefined, ', where: ["SELECT count(*) FROM ErrorEvent = 0"]').replace('1s', '5s')),
  );
  const back = await world.until('deployment.rolled_back', bad.version);
  world.verdict.current = { verdict: 'holds', value: 0, explanation: 'fine' };
  expect(back.data).toMatchObject({ evidence: ['SELECT count(*) FROM ErrorEvent = 0: 3 is not 0'] });
  expect((await world.get(host)).body).toBe(before);
});

test('an alert takes back a release that was good, once, however often the alert is delivered', async () => {
  const older = (await world.get(host)).body;
  const newer = await world.release(files('// newer'));
  await world.until('deployment.succeeded', newer.version);
  const environment = (await world.deployments.environmentByName(world.project.id, 'production'))!;
  const cause = (await world.events()).at(-1)!.id;
  const request = { environmentId: environment.id, reason: 'alert: errors', actor: system('flow'), causes: [cause] };
  const [one, two] = await Promise.all([world.deployments.rollBack(request), world.deployments.rollBack(request)]);
  expect(two.id).toBe(one.id);
  await expect.poll(async () => (await world.get(host)).body, { timeout: 20_000 }).toBe(older);
  await world.until('deployment.succeeded', older);
  expect((await world.deployments.rollBack(request)).id).toBe(one.id);
  expect((await world.get(host)).body).toBe(older);
  const told = (await world.events()).filter(({ type, data }) => {
    return type === 'deployments.deployment.rolled_back' && (data as { version: string }).version === newer.version;
  });
  expect(told).toMatchObject([
    { causes: expect.arrayContaining([cause]), data: { reason: 'alert: errors', restoredVersion: older } },
  ]);
});

test('a server that goes away mid-rollout is continued by the next one', async () => {
  const next = await world.release(
    files('const wait = Date.now() + 1500; while (Date.now() < wait);', quickRollout().replace('1s', '2s')),
  );
  await world.until('deployment.started', next.version);
  await world.restart();
  await world.until('deployment.succeeded', next.version, 40_000);
  expect((await world.get(host)).body).toBe(next.version);
}, 90_000);

test('what dies between rollouts is started again', async () => {
  const { body } = await world.get(host);
  const release = await world.release(
    files('function answer(request, response) { if (request.url === "/die") process.exit(1); response.end(release); }'),
  );
  await world.until('deployment.succeeded', release.version);
  expect(body).not.toBe(release.version);
  await world.get(host, '/die').catch(() => undefined);
  await world.until('instance.exited', release.version);
  await expect.poll(async () => (await world.get(host)).status, { timeout: 20_000, interval: 200 }).toBe(200);
  await world.until('instance.recovered', release.version);
});

test('a commit with problems is a failed release with all of them; one with nothing to run is skipped', async () => {
  const broken = await world.release({
    ...files(),
    'compose.yaml': 'services: { web: { ports: ["x"] } }',
    'millrace.yaml': 'enviroments: {}',
  });
  const failed = await world.until('release.failed', broken.version);
  expect((failed.data as { problems: string[] }).problems.length).toBeGreaterThanOrEqual(2);
  const empty = await world.release({ 'README.md': 'hello' });
  await world.until('release.skipped', empty.version);
});

test('a deleted project serves no longer; nothing of it runs on, and the gateway goes on without it', async () => {
  const running = async () => (await world.get(host, '/env')).status;
  expect(await running()).toBe(200);
  const before = JSON.parse((await world.get(host, '/env')).body) as { PORT: string };
  await world.deployments.forgetProject(world.project.id);
  expect(await running()).toBe(404);
  await expect(fetch(`http://127.0.0.1:${before.PORT}/health`)).rejects.toThrow();
  expect(await world.deployments.environments(world.project.id)).toEqual([]);
  await world.deployments.forgetProject(world.project.id);
  await world.restart();
  expect(await running()).toBe(404);
});
