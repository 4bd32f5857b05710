import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { systemClock } from '../kernel/clock.ts';
import { system } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import { readEventsBefore } from '../platform/events/log.ts';
import { openLog } from '../platform/observe/log.ts';
import type { TelemetryRecord } from '../platform/observe/telemetry-sink.ts';
import { checkSettings } from './api.ts';
import { acknowledgeCheck, createCheck, getCheck, runNow, syncServiceChecks, updateCheck } from './change.ts';
import { monitoringMigrations } from './migrations/index.ts';
import { probe } from './probe.ts';
import { listChecks, listTransitions } from './store.ts';
import { checkLoop } from './worker.ts';

let store: TestDatabase;
let server: Server;
let url: string;
let answer: { status: number; body: string; delayMs: number };
const records: TelemetryRecord[] = [];
const stops: (() => Promise<void>)[] = [];
const around = () => ({
  database: store.database,
  clock: systemClock,
  log: openLog({ level: 'silent' }),
  telemetry: { write: async (some: TelemetryRecord[]) => void records.push(...some) },
});

beforeAll(async () => {
  store = await testDatabase(monitoringMigrations);
  server = createServer((_, response) => {
    setTimeout(() => {
      response.statusCode = answer.status;
      response.end(answer.body);
    }, answer.delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://web.staging.shop.localhost:${(server.address() as AddressInfo).port}/health`;
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(async () => {
  server.close();
  await store.close();
});

function start(): void {
  const abort = new AbortController();
  const done = checkLoop(around()).run(abort.signal);
  stops.push(async () => {
    abort.abort();
    await done;
  });
}
const settings = (more: object = {}) =>
  checkSettings.parse({ name: 'shop', target: { kind: 'http', url }, intervalSeconds: 60, maxAttempts: 3, ...more });
async function eventually<T>(read: () => Promise<T>, check: (value: T) => boolean): Promise<T> {
  for (let waited = 0; waited < 10_000; waited += 50) {
    const value = await read();
    if (check(value)) return value;
    await sleep(50);
  }
  throw new Error('never happened');
}

test('two servers watch one service: one soft history, one hard change each way, causes linked', async () => {
  answer = { status: 200, body: 'fine', delayMs: 0 };
  const check = await createCheck(
    around(),
    null,
    settings({ intervalSeconds: 5, retryIntervalSeconds: 1 }),
    system('test'),
  );
  start();
  start();
  const read = () => getCheck(around(), check.id);
  expect(await eventually(read, (now) => now.state === 'ok')).toMatchObject({
    output: 'HTTP 200 OK',
    stateType: 'hard',
  });
  answer = { status: 503, body: 'no', delayMs: 0 };
  await runNow(around(), check.id);
  const down = await eventually(read, (now) => now.stateType === 'hard' && now.state === 'critical');
  expect(down).toMatchObject({ attempt: 3, output: 'HTTP 503 Service Unavailable, expected 200-399' });
  expect((await acknowledgeCheck(around(), check.id, 'on it', system('someone'))).acknowledgement?.comment).toBe(
    'on it',
  );
  answer = { status: 204, body: '', delayMs: 0 };
  await runNow(around(), check.id);
  expect(await read()).toMatchObject({ state: 'ok', stateType: 'hard', acknowledgement: null });

  const changes = (
    await readEventsBefore(store.database, undefined, { types: ['monitoring.check.changed'] })
  ).reverse();
  expect(changes.map((event) => event.data)).toMatchObject([
    { from: 'ok', to: 'critical' },
    { from: 'critical', to: 'ok' },
  ]);
  expect(changes[1]!.causes).toEqual([changes[0]!.id]);
  const transitions = (await listTransitions(store.database, check.id, undefined, 10)).reverse();
  expect(transitions.map((one) => `${one.from}>${one.to} ${one.stateType}`)).toEqual([
    'pending>ok hard',
    'ok>critical soft',
    'critical>critical hard',
    'critical>ok hard',
  ]);
  expect(records.filter((record) => record.attributes.state === 'critical').length).toBeGreaterThanOrEqual(3);
});

test('what a probe can meet', async () => {
  const signal = new AbortController().signal;
  const http = (more: object = {}) => settings({ target: { kind: 'http', url, ...more } }).target;
  answer = { status: 200, body: 'all is well', delayMs: 0 };
  expect(await probe(http({ expectBody: 'is well' }), 1000, signal)).toMatchObject({ state: 'ok' });
  expect(await probe(http({ expectBody: 'is broken' }), 1000, signal)).toMatchObject({ state: 'critical' });
  expect(await probe(http({ expectStatus: ['301', '500-599'] }), 1000, signal)).toMatchObject({ state: 'critical' });
  answer.delayMs = 300;
  expect(await probe(http({ warnAfterMs: 100 }), 1000, signal)).toMatchObject({ state: 'warning' });
  expect(await probe(http(), 100, signal)).toMatchObject({ state: 'critical', output: 'No answer within 100 ms' });
  const { port } = server.address() as AddressInfo;
  const tcp = (more: object) => settings({ target: { kind: 'tcp', host: '127.0.0.1', port, ...more } }).target;
  expect(await probe(tcp({}), 1000, signal)).toMatchObject({ state: 'ok' });
  expect(await probe(tcp({ port: 1 }), 1000, signal)).toMatchObject({
    state: 'critical',
    output: 'Connection refused',
  });
  expect(await probe(tcp({ host: 'name.invalid' }), 5000, signal)).toMatchObject({ state: 'unknown' });
});

test('a result of a check that was edited meanwhile is dropped', async () => {
  answer = { status: 500, body: '', delayMs: 300 };
  const check = await createCheck(around(), null, settings({ maxAttempts: 1 }), system('test'));
  const running = runNow(around(), check.id);
  await sleep(100);
  await updateCheck(around(), check.id, settings({ name: 'renamed' }), String(check.version), system('test'));
  await running;
  expect(await getCheck(around(), check.id)).toMatchObject({ name: 'renamed', state: 'pending', version: 2 });
  await expect(updateCheck(around(), check.id, settings(), '1', system('test'))).rejects.toMatchObject({
    kind: 'stale',
  });
});

test('checks of services follow their services', async () => {
  const projectId = newId();
  const actor = system('deployments');
  const sync = (services: string[], port = 80) =>
    syncServiceChecks(around(), {
      projectId,
      environment: 'staging',
      actor,
      causes: [],
      services: services.map((service) => ({
        service,
        target: settings({ target: { kind: 'tcp', host: service, port } }).target,
      })),
    });
  const list = async () => (await listChecks(store.database, { projectId }, { limit: 10 })).rows;
  await sync(['web', 'worker']);
  const first = await list();
  await sync(['web', 'worker']);
  expect(await list()).toEqual(first);
  await sync(['web'], 81);
  const [web, ...others] = await list();
  expect(others).toEqual([]);
  expect(web).toMatchObject({
    id: first.find((one) => one.service === 'web')!.id,
    target: { port: 81 },
    source: 'service',
  });
  await expect(updateCheck(around(), web!.id, settings(), undefined, actor)).rejects.toMatchObject({
    kind: 'conflict',
  });
});

test('pages of checks join without gap or repetition', async () => {
  const projectId = newId();
  for (let n = 0; n < 7; n += 1)
    await createCheck(around(), projectId, settings({ name: `check ${n % 3}` }), system('test'));
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listChecks(store.database, { projectId }, { limit: 3, cursor });
    seen.push(...page.rows.map((row) => row.id));
    cursor = page.next ?? undefined;
  } while (cursor);
  expect(new Set(seen).size).toBe(7);
  expect(seen).toHaveLength(7);
});
