import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { Accounting } from './accounting.ts';
import { addCounts, forgetAccounts, readAccounts } from './accounts.ts';
import { telemetryMigrations } from './migrations/index.ts';

const hour = 3_600_000;
const begin = Date.UTC(2026, 5, 30, 12);
let postgres: TestDatabase;

beforeAll(async () => {
  postgres = await testDatabase(telemetryMigrations);
});
afterAll(async () => {
  await postgres?.close();
});

it('what came in is written down by the hour, taken once, and of several servers added up', async () => {
  let now = begin;
  const servers = [0, 1].map(() => new Accounting({ now: () => now }));
  const write = async () => {
    for (const server of servers) await addCounts(postgres.database, server.take());
  };
  for (const server of servers) {
    server.accepted('p1', 'Log', 10);
    server.dropped('p1', 'Log', 'too many', 3);
    server.accepted(null, 'Event', 1);
  }
  await write();
  await write();
  now += hour;
  servers[0]!.accepted('p1', 'Log', 5);
  const lost = servers[0]!.take();
  servers[0]!.giveBack(lost);
  servers[0]!.accepted('p1', 'Log', 2);
  await write();

  expect(await readAccounts(postgres.database, begin)).toEqual([
    { projectId: 'p1', type: 'Log', accepted: 27, dropped: 6, reasons: { 'too many': 6 } },
    { projectId: null, type: 'Event', accepted: 2, dropped: 0, reasons: {} },
  ]);
  expect(await readAccounts(postgres.database, now + 60_000)).toEqual([
    { projectId: 'p1', type: 'Log', accepted: 7, dropped: 0, reasons: {} },
  ]);
  await forgetAccounts(postgres.database, 'p1');
  expect(await readAccounts(postgres.database, begin)).toMatchObject([{ type: 'Event' }]);
});
