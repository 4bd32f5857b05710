import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ErrorsUnderTest, errorsUnderTest, eventually } from '../../../test/harness/errors-room.ts';
import { sql } from '../../platform/postgres/sql.ts';
import type { IssueSummary } from '../api.ts';

let house: ErrorsUnderTest;
beforeEach(async () => {
  house = await errorsUnderTest();
});
afterEach(() => house.close());

const monitor_config = { schedule: { type: 'interval', value: 1, unit: 'day' }, max_runtime: 5 };
const checkIn = (body: object): Promise<void> =>
  house.room.reception.acceptItems([
    {
      projectId: house.projectId,
      itemId: randomBytes(16).toString('hex'),
      kind: 'check_in',
      eventId: null,
      receivedAt: Date.now(),
      payload: Buffer.from(JSON.stringify({ monitor_slug: 'backup', ...body })),
    },
  ]);
interface Monitor {
  id: string;
  status: string;
  schedule: string;
  failures: number;
}
const monitorWith = (status: string): Promise<Monitor> =>
  eventually(`the monitor is ${status}`, async () => {
    const { items } = await house.call<{ items: Monitor[] }>('listMonitors', { query: { project: 'shop' } });
    return items[0]?.status === status && items[0];
  });
const runs = async (monitorId: string) =>
  (
    await house.call<{ items: { status: string; durationMs: number | null }[] }>('listMonitorRuns', {
      params: { monitorId },
    })
  ).items;
const issue = (status: string): Promise<IssueSummary> =>
  eventually(`an issue that is ${status}`, async () => {
    const { items } = await house.call<{ items: IssueSummary[] }>('listIssues', { query: { status } });
    return items[0];
  });

test('a job registers itself, fails, is missed and overdue, and recovers: one issue, opened and resolved', async () => {
  const id = 'a'.repeat(32);
  await checkIn({ check_in_id: id, status: 'in_progress', monitor_config });
  await checkIn({ check_in_id: id, status: 'ok', duration: 2 });
  const monitor = await monitorWith('ok');
  expect(monitor.schedule).toBe('every day');
  expect(await runs(monitor.id)).toMatchObject([{ status: 'ok', durationMs: 2000 }]);

  await checkIn({ status: 'error' });
  await monitorWith('error');
  const opened = await issue('unresolved');
  expect(opened).toMatchObject({ title: 'Cron job backup failed', environment: 'production', count: 1 });

  // A day goes by without a word.
  await house.database.execute(sql`update errors_monitor_places set next_at = now() - interval '1 hour'`);
  expect(await monitorWith('missed')).toMatchObject({ failures: 2 });
  expect((await issue('unresolved')).count).toBe(1);

  await checkIn({ status: 'in_progress' });
  await eventually('a run begins', async () => (await runs(monitor.id))[0]?.status === 'in_progress');
  await house.database.execute(sql`
    update errors_check_ins set started_at = now() - interval '6 minutes' where status = 'in_progress'`);
  await monitorWith('timeout');

  await checkIn({ status: 'ok' });
  await monitorWith('ok');
  expect((await issue('resolved')).id).toBe(opened.id);
  expect((await runs(monitor.id)).map((run) => run.status).sort()).toEqual(['error', 'missed', 'ok', 'ok', 'timeout']);
});

test('a check-in of a job nobody knows is counted as refused', async () => {
  await checkIn({ status: 'ok' });
  await eventually('it is counted', async () => {
    const { items } = await house.call<{ items: object[] }>('listOutcomes', { query: { project: 'shop' } });
    return JSON.stringify(items).includes('"no_such_monitor"');
  });
});
