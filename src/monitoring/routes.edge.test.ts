import { afterAll, beforeAll, expect, test } from 'vitest';
import { callApi } from '../../test/harness/api.ts';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { systemClock } from '../kernel/clock.ts';
import { idempotencyMigrations } from '../platform/http/idempotency.ts';
import { openLog } from '../platform/observe/log.ts';
import { createMonitoring, type Monitoring } from './index.ts';
import { monitoringMigrations } from './migrations/index.ts';

let store: TestDatabase;
let monitoring: Monitoring;
beforeAll(async () => {
  store = await testDatabase([...idempotencyMigrations, ...monitoringMigrations]);
  monitoring = createMonitoring({
    database: store.database,
    clock: systemClock,
    log: openLog({ level: 'silent' }),
    telemetry: { write: async () => {} },
    projects: { find: async () => undefined },
  });
});
afterAll(() => store.close());

test('a check from its creation to its end, through the API', async () => {
  const api = await callApi(store.database, monitoring.room.contracts, 'developer');
  const target = { kind: 'tcp', host: '127.0.0.1', port: 1 };
  const made = await api.call('POST', '/monitoring/checks', { name: 'nobody home', target, maxAttempts: 1 });
  expect(made).toMatchObject({
    status: 201,
    body: { state: 'pending', intervalSeconds: 60, checkedAt: null, version: 1 },
  });
  const path = `/monitoring/checks/${made.body.id}`;
  expect((await api.call('POST', `${path}/run`)).body).toMatchObject({
    state: 'critical',
    output: 'Connection refused',
    stateType: 'hard',
  });
  expect((await api.call('PUT', `${path}/acknowledgement`, { comment: 'known' })).body).toMatchObject({
    acknowledged: { by: 'Ada', comment: 'known' },
    version: 2,
  });
  expect((await api.call('GET', `${path}/transitions`)).body.items).toMatchObject([
    { from: 'pending', to: 'critical' },
  ]);
  expect((await api.call('GET', '/monitoring/checks?state=critical')).body.items).toHaveLength(1);
  const { etag } = await api.call('GET', path);
  const change = { name: 'renamed', target };
  expect(await api.call('PUT', path, change, { 'if-match': '"1"' })).toMatchObject({
    status: 412,
    body: { code: 'monitoring.stale' },
  });
  expect(await api.call('PUT', path, change, { 'if-match': String(etag) })).toMatchObject({
    status: 200,
    body: { name: 'renamed' },
  });
  expect((await api.call('DELETE', path)).status).toBe(200);
  expect((await api.call('GET', path)).status).toBe(404);
  await api.close();
});

test('bad input is refused in words, and a viewer changes nothing', async () => {
  const api = await callApi(store.database, monitoring.room.contracts, 'viewer');
  expect(
    (await api.call('POST', '/monitoring/checks', { name: 'x', target: { kind: 'tcp', host: 'x', port: 1 } })).status,
  ).toBe(403);
  expect((await api.call('GET', '/monitoring/checks?cursor=nonsense')).status).toBe(400);
  expect(await api.call('GET', '/monitoring/checks?project=nowhere')).toMatchObject({
    status: 404,
    body: { code: 'monitoring.project-not-found' },
  });
  await api.close();
  const developer = await callApi(store.database, monitoring.room.contracts, 'developer');
  const bad = { name: '', target: { kind: 'http', url: 'ftp://x' }, intervalSeconds: 1 };
  expect((await developer.call('POST', '/monitoring/checks', bad)).status).toBe(400);
  await developer.close();
});
