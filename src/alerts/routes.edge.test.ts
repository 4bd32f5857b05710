import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callApi } from '../../test/harness/api.ts';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { systemClock } from '../kernel/clock.ts';
import { openKeyring } from '../platform/crypto/keyring.ts';
import { idempotencyMigrations } from '../platform/http/idempotency.ts';
import { jobMigrations } from '../platform/jobs/queue.ts';
import { openLog } from '../platform/observe/log.ts';
import { evaluateCondition } from './evaluate.ts';
import { type AlertsDeps, createAlerts } from './index.ts';
import { alertMigrations } from './migrations/index.ts';
import { claimConditions } from './store-conditions.ts';

let store: TestDatabase;
let directory: string;
let deps: AlertsDeps;
beforeAll(async () => {
  store = await testDatabase([...idempotencyMigrations, ...jobMigrations, ...alertMigrations]);
  directory = await mkdtemp(join(tmpdir(), 'millrace-alert-routes-'));
  deps = {
    database: store.database,
    clock: systemClock,
    log: openLog({ level: 'silent' }),
    keyring: await openKeyring({ directory }),
    owner: 'test',
    publicUrl: () => 'https://millrace.test',
    evaluator: { evaluate: async () => [{ facet: null, value: 9 }] },
    notifiers: [],
    projects: { find: async () => undefined },
  };
});
afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

test('channels: secrets go in and never come out', async () => {
  const api = await callApi(store.database, createAlerts(deps).room.contracts, 'maintainer');
  const settings = { kind: 'mail', host: 'mail.example.org', from: 'm@example.org', password: 'a password' };
  const made = await api.call('POST', '/alerts/channels', { name: 'post', isDefault: true, settings });
  expect(made).toMatchObject({ status: 201, body: { settings: { hasPassword: true, port: 587, tls: 'starttls' } } });
  expect(JSON.stringify((await api.call('GET', '/alerts/channels')).body)).not.toContain('a password');
  const tested = await api.call('POST', `/alerts/channels/${made.body.id}/test`, { to: 'ada@example.org' });
  expect(tested.body).toEqual({ delivered: false, detail: 'This server cannot send by mail' });
  // There is one default mail channel: naming another takes it from the first.
  await api.call('POST', '/alerts/channels', { name: 'other', isDefault: true, settings });
  const { items } = (await api.call('GET', '/alerts/channels')).body;
  expect(items!.map((one) => [one.name, one.isDefault])).toEqual([
    ['other', true],
    ['post', false],
  ]);
  expect((await api.call('DELETE', `/alerts/channels/${made.body.id}`)).status).toBe(200);
  await api.close();
});

test('a condition and its incident, through the API', async () => {
  const api = await callApi(store.database, createAlerts(deps).room.contracts, 'developer');
  const input = { name: 'Errors', nrql: 'SELECT count(*) FROM ErrorEvent', operator: 'above', threshold: 5 };
  const made = await api.call('POST', '/alerts/conditions', input);
  expect(made).toMatchObject({
    status: 201,
    body: { severity: 'critical', windowSeconds: 60, openIncidents: 0, values: [] },
  });
  for (const condition of await claimConditions(store.database, 9, 1000)) await evaluateCondition(deps, condition);
  const path = `/alerts/conditions/${made.body.id}`;
  expect((await api.call('GET', path)).body).toMatchObject({
    openIncidents: 1,
    values: [{ facet: null, value: 9, crossed: true }],
    error: null,
  });
  const [incident] = (await api.call('GET', '/alerts/incidents?state=unclosed')).body.items!;
  expect(incident).toMatchObject({ state: 'open', reason: '9 is above 5', conditionId: made.body.id });
  const acknowledged = await api.call('PUT', `/alerts/incidents/${incident!.id}/acknowledgement`);
  expect(acknowledged.body).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'Ada' });
  const changed = await api.call('PUT', path, { ...input, threshold: 20 }, { 'if-match': '"1"' });
  expect(changed).toMatchObject({ status: 200, body: { threshold: 20, openIncidents: 0, version: 2 } });
  expect((await api.call('GET', `/alerts/incidents/${incident!.id}`)).body).toMatchObject({ state: 'closed' });
  expect((await api.call('DELETE', path)).status).toBe(200);
  expect((await api.call('GET', path)).status).toBe(404);
  expect((await api.call('GET', '/alerts/deliveries')).status).toBe(403);
  await api.close();
});
