import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ErrorsUnderTest, errorsUnderTest, eventually } from '../../test/harness/errors-room.ts';
import { readEventsBefore } from '../platform/events/log.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { IssueDetail, IssueSummary } from './api.ts';

let house: ErrorsUnderTest;
// Events are counted by the hour on the clock, so each test has one hour to itself: late in an hour, its clock starts at half past.
const hourMs = 3_600_000;
const clock = { behind: 0, now: () => Date.now() - clock.behind };
beforeEach(async () => {
  clock.behind = Math.max(0, (Date.now() % hourMs) - hourMs / 2);
  house = await errorsUnderTest(clock);
});
afterEach(() => house.close());

const issues = (count: number): Promise<IssueSummary[]> =>
  eventually(`${count} events`, async () => {
    const { items } = await house.call<{ items: IssueSummary[] }>('listIssues', { query: { status: 'all' } });
    return items.reduce((sum, issue) => sum + issue.count, 0) === count && items;
  });
const send = (count: number, user = ''): Promise<void> =>
  house.room.reception.accept(
    Array.from({ length: count }, (_, index) =>
      house.received({ message: 'slow', level: 'warning', user: { id: `${user}${index}` } }),
    ),
  );
const becomes = (issueId: string, substatus: string): Promise<IssueDetail> =>
  eventually(`it is ${substatus}`, async () => {
    const detail = await house.call<IssueDetail>('getIssue', { params: { issueId } });
    return detail.substatus === substatus && detail;
  });

test('archived until it escalates: a usual hour leaves it in peace, an unusual one brings it back with more urgency', async () => {
  await send(3);
  const [issue] = await issues(3);
  const params = { issueId: issue!.id };
  expect(issue!.priority).toBe('medium');
  // As if it had come three times an hour for two days.
  await house.database.execute(sql`update errors_issues set created_at = now() - interval '2 days'`);
  await house.database.execute(sql`
    insert into errors_issue_hours (issue_id, hour, hash, count)
    select ${issue!.id}::uuid, date_trunc('hour', to_timestamp(${clock.now() / 1000}::float8)) - make_interval(hours => h), gen_random_uuid(), 3
    from generate_series(1, 48) h`);
  await house.call('archiveIssue', { params, body: { untilEscalating: true } });
  await send(20);
  await issues(23);
  expect(await house.call('getIssue', { params })).toMatchObject({
    status: 'archived',
    archive: { until: 'escalating' },
  });
  await send(20);
  const back = await becomes(issue!.id, 'escalating');
  expect(back).toMatchObject({ status: 'unresolved', priority: 'high', archive: null });
  expect(back.activity[0]).toMatchObject({ kind: 'escalated', text: 'is escalating: 43 events in this hour' });
  const [fact] = await readEventsBefore(house.database, undefined, { types: ['errors.issue.escalated'] });
  expect(fact).toMatchObject({ subject: `issue:${issue!.id}`, data: { figure: 43, wasArchived: true } });
});

test('archived until more users are touched; a priority that a person set stays', async () => {
  await send(2, 'a');
  const [issue] = await issues(2);
  const params = { issueId: issue!.id };
  await house.call('prioritiseIssue', { params, body: { priority: 'low' } });
  await house.call('archiveIssue', { params, body: { untilUsers: 3 } });
  expect(await house.call('getIssue', { params })).toMatchObject({ archive: { until: 'users', count: 3 } });
  await send(3, 'b');
  expect(await becomes(issue!.id, 'escalating')).toMatchObject({ priority: 'low', users: 5 });
  const low = await house.call<{ items: object[] }>('listIssues', { query: { priority: 'low' } });
  expect(low.items.length).toBe(1);
  await house.call('commentOnIssue', { params, body: { text: 'the bank is at it again' } });
  expect((await house.call<IssueDetail>('getIssue', { params })).activity[0]).toMatchObject({
    kind: 'comment',
    by: 'Jane',
    text: 'the bank is at it again',
  });
});

test('a shipped commit resolves what it says it mends, once for a release', async () => {
  await send(1);
  const [issue] = await issues(1);
  const params = { issueId: issue!.id };
  const number = Number(issue!.shortId.split('-').at(-1));
  const ship = (message: string, release: string) =>
    house.room.resolveFixed(house.projectId, { sha: 'ab'.repeat(20), message, author: 'Ada', release }, []);
  await ship(`Mention SHOP-${number}`, 'r1-abababa');
  await ship('Fixes SHOP-9999', 'r1-abababa');
  expect((await house.call<IssueDetail>('getIssue', { params })).status).toBe('unresolved');
  await ship(`Count from one\n\nFixes SHOP-${number}`, 'r2-abababa');
  const mended = await house.call<IssueDetail>('getIssue', { params });
  expect(mended).toMatchObject({ status: 'resolved', resolution: { in: 'release', release: 'r2-abababa', by: 'Ada' } });
  expect(mended.activity[0]).toMatchObject({ kind: 'resolved', by: 'Ada', text: 'resolved in r2-abababa by abababa' });
  const [fact] = await readEventsBefore(house.database, undefined, { types: ['errors.issue.resolved'] });
  expect(fact).toMatchObject({
    subject: `issue:${issue!.id}`,
    actor: { name: 'Ada' },
    data: { release: 'r2-abababa' },
  });
  // Opened again, it stays open when the same release reaches the next environment, and not when another one does.
  await house.call('reopenIssue', { params });
  await ship(`Fixes SHOP-${number}`, 'r2-abababa');
  expect((await house.call<IssueDetail>('getIssue', { params })).status).toBe('unresolved');
  await ship(`Really fixes SHOP-${number}`, 'r3-abababa');
  expect((await house.call<IssueDetail>('getIssue', { params })).status).toBe('resolved');
});
