import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ErrorsUnderTest, errorsUnderTest, eventually } from '../../../test/harness/errors-room.ts';
import type { EventDetail, IssueDetail, IssueSummary } from '../api.ts';

let house: ErrorsUnderTest;
beforeAll(async () => {
  house = await errorsUnderTest();
});
afterAll(() => house.close());

const broke = (type: string, file: string, more: object = {}) =>
  house.received({
    platform: 'python',
    exception: {
      values: [{ type, value: 'no', stacktrace: { frames: [{ filename: file, function: 'f', in_app: true }] } }],
    },
    extra: { iban: 'DE00 1234' },
    ...more,
  });
const params = { project: 'shop' };

test('what is filtered is counted and not kept; what is to be taken out is; new issues go to their owners', async () => {
  await expect(house.call('setSettings', { params, body: { ownership: 'path:\n' } })).rejects.toMatchObject({
    code: 'errors.bad-ownership',
  });
  await expect(house.call('setSettings', { params, body: { scrubbing: { patterns: ['('] } } })).rejects.toMatchObject({
    code: 'errors.bad-pattern',
  });
  await house.call('setSettings', {
    params,
    body: {
      filters: { messages: ['Ignored*'] },
      scrubbing: { fields: ['iban'] },
      ownership: 'path:shop/totals.py jane@shop.example #finance',
    },
  });
  house.files.set('CODEOWNERS', '* @nobody\nshop/views.py @ada jane@shop.example\n');
  await house.room.reception.accept([
    broke('IgnoredError', 'shop/totals.py'),
    broke('KeyError', 'shop/totals.py'),
    broke('TypeError', 'shop/views.py'),
    broke('OSError', 'shop/other.py'),
  ]);
  const detailed = await eventually('owners', async () => {
    const { items } = await house.call<{ items: IssueSummary[] }>('listIssues');
    const issues = await Promise.all(
      items.map((issue) => house.call<IssueDetail>('getIssue', { params: { issueId: issue.id } })),
    );
    return issues.length === 3 && issues.every((issue) => issue.ownership) && issues;
  });
  const of = (type: string) => detailed.find((issue) => issue.type === type)!;
  await eventually('two are assigned', async () => {
    const { items } = await house.call<{ items: IssueSummary[] }>('listIssues', { query: { search: 'is:assigned' } });
    return items.length === 2;
  });
  expect(of('KeyError').ownership).toEqual({
    rule: 'path:shop/totals.py',
    source: 'rules',
    matched: 'shop/totals.py',
    owners: [
      { name: 'Jane', personId: house.jane.id },
      { name: '#finance', personId: null },
    ],
  });
  expect(of('TypeError').ownership).toMatchObject({
    source: 'CODEOWNERS',
    owners: [{ name: '@ada' }, { name: 'Jane' }],
  });
  expect(of('OSError').ownership).toMatchObject({ rule: '*', owners: [{ name: '@nobody', personId: null }] });
  const event = await house.call<EventDetail>('getEvent', { params: { eventId: of('KeyError').latestEventId! } });
  expect(event.extra).toEqual([{ key: 'iban', value: '[Filtered]' }]);
  const { items } = await house.call<{ items: object[] }>('listOutcomes', { query: { project: 'shop' } });
  expect(items).toContainEqual({ category: 'error', outcome: 'filtered', reason: 'error-message', quantity: 1 });
});

test('a new issue names what happened before it, and the run whose tests told of it first', async () => {
  const at = Date.now() - 60_000;
  house.facts.push({
    eventId: 'e',
    type: 'deployments.variables.changed',
    at,
    text: 'Changed DISCOUNT_RATE',
    href: '/events/e',
    environment: 'production',
    service: null,
    release: null,
    recovered: false,
  });
  const text = 'Traceback:\n  File "/w/shop/sums.py", line 4, in f\nLateError: no';
  house.failures.push({ runId: 'r', run: 214, test: 'test_sums', text, at });
  await house.room.reception.accept([broke('LateError', 'shop/sums.py', { environment: 'production' })]);
  const evidence = await eventually('evidence', async () => {
    const { items } = await house.call<{ items: IssueSummary[] }>('listIssues', { query: { search: 'LateError' } });
    if (!items[0]) return false;
    const issue = await house.call<IssueDetail>('getIssue', { params: { issueId: items[0].id } });
    return issue.evidence.length > 0 && issue.evidence;
  });
  expect(evidence.map(({ text, reason }) => [text, reason])).toEqual([
    ['Seen in run 214 first: test_sums failed there', 'the same LateError in f'],
    ['Changed DISCOUNT_RATE', '1 min before, in production'],
  ]);
});
