import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ErrorsUnderTest, errorsUnderTest, eventually } from '../../test/harness/errors-room.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { EventDetail, IssueDetail, IssueSummary } from './api.ts';
import { asUuid } from './digest.ts';
import { groupEvent } from './group-file.ts';
import type { JsonObject } from './lenient.ts';

let house: ErrorsUnderTest;
beforeEach(async () => {
  house = await errorsUnderTest();
});
afterEach(() => house.close());

const failing = (where: string, user: string, more: object = {}): JsonObject => ({
  platform: 'python',
  release: 'r1',
  user: { id: user },
  exception: {
    values: [
      {
        type: 'KeyError',
        value: "'x'",
        stacktrace: { frames: [{ module: 'shop.views', function: where, filename: 'shop/views.py', in_app: true }] },
      },
    ],
  },
  ...more,
});

const send = async (...payloads: object[]): Promise<void> =>
  house.room.reception.accept(payloads.map((payload) => house.received(payload)));

const counted = (count: number): Promise<IssueSummary[]> =>
  eventually(`${count} events counted`, async () => {
    const { items } = await house.call<{ items: IssueSummary[] }>('listIssues', { query: { status: 'all' } });
    return items.reduce((sum, issue) => sum + issue.count, 0) === count && items;
  });

test('merged issues count as one, later events follow, and taking them apart gives back exactly what was theirs', async () => {
  await send(failing('cart', '1'), failing('cart', '2'), failing('checkout', '2'), failing('checkout', '3'));
  const before = await counted(4);
  const cart = before.find((issue) => issue.culprit.endsWith('cart'))!;
  const checkout = before.find((issue) => issue.culprit.endsWith('checkout'))!;

  const merged = await house.call<IssueSummary>('mergeIssues', {
    params: { issueId: cart.id },
    body: { ids: [checkout.id] },
  });
  expect(merged).toMatchObject({ id: cart.id, count: 4, users: 3 });
  expect(merged.histogram.counts.reduce((sum, n) => sum + n, 0)).toBe(4);
  // A link to the issue that is no more leads to the one it became.
  expect(await house.call('getIssue', { params: { issueId: checkout.id } })).toMatchObject({
    id: cart.id,
    activity: [{ kind: 'merged' }, { kind: 'opened' }],
  });

  await send(failing('checkout', '1'), failing('checkout', '4'));
  const [one, ...others] = await counted(6);
  expect(others).toEqual([]);
  expect(one).toMatchObject({ id: cart.id, count: 6, users: 4 });

  const { items: hashes } = await house.call<{ items: { hash: string; count: number; title: string }[] }>(
    'listIssueHashes',
    { params: { issueId: cart.id } },
  );
  expect(hashes.map(({ count }) => count)).toEqual([4, 2]);
  const part = await house.call<IssueSummary>('splitIssue', {
    params: { issueId: cart.id },
    body: { hashes: [hashes[0]!.hash] },
  });
  expect(part).toMatchObject({ count: 4, users: 4, substatus: 'new', culprit: checkout.culprit });
  expect(await house.call('getIssue', { params: { issueId: cart.id } })).toMatchObject({ count: 2, users: 2 });
  const { items: events } = await house.call<{ items: { issueId: string }[] }>('listIssueEvents', {
    params: { issueId: part.id },
  });
  expect(events.length).toBe(4);

  await send(failing('checkout', '9'), failing('cart', '9'));
  const after = await counted(8);
  expect(new Map(after.map((issue) => [issue.id, issue.count]))).toEqual(
    new Map([
      [part.id, 5],
      [cart.id, 3],
    ]),
  );
});

test('an issue names the releases of its own events, merged and taken apart', async () => {
  await send(failing('cart', '1', { release: 'r3' }));
  const [cart] = await counted(1);
  await send(failing('checkout', '2', { release: 'r2', timestamp: Date.now() / 1000 - 600 }));
  const checkout = (await counted(2)).find((issue) => issue.id !== cart!.id)!;
  const ends = async ({ id }: IssueSummary) => {
    const issue = await house.call<IssueSummary>('getIssue', { params: { issueId: id } });
    return [issue.firstRelease, issue.lastRelease];
  };
  await house.call('mergeIssues', { params: { issueId: cart!.id }, body: { ids: [checkout.id] } });
  expect(await ends(cart!)).toEqual(['r2', 'r3']);
  const hashes = groupEvent(failing('checkout', '2')).hashes.slice(0, 1);
  const part = await house.call<IssueSummary>('splitIssue', { params: { issueId: cart!.id }, body: { hashes } });
  expect(await ends(part)).toEqual(['r2', 'r2']);
  expect(await ends(cart!)).toEqual(['r3', 'r3']);
});

test('refuses to split all of an issue, or by hashes of another', async () => {
  await send(failing('cart', '1'));
  const [issue] = await counted(1);
  const hash = groupEvent(failing('cart', '1')).hashes[0]!;
  const params = { issueId: issue!.id };
  await expect(house.call('splitIssue', { params, body: { hashes: [hash] } })).rejects.toThrow('nothing would be left');
  await expect(house.call('splitIssue', { params, body: { hashes: ['0'.repeat(32)] } })).rejects.toThrow('Not all');
});

test('an event whose new hashes nobody knows joins the issue of its hashes by the rules before', async () => {
  await send(failing('cart', '1'));
  const [issue] = await counted(1);
  // As if the issue had been made by the version before: a message with an id that only today's rules take out.
  const message = { message: 'upload tx000000000000000000001-0063ae1234 failed' };
  const { earlier, hashes } = groupEvent(message);
  expect(hashes).not.toEqual(earlier.hashes);
  await house.database.execute(sql`
    insert into errors_hashes (project_id, hash, algorithm, issue_id)
    values (${house.projectId}, ${asUuid(earlier.hashes[0]!)}, ${earlier.algorithm}, ${issue!.id})`);
  await send(message);
  const [joined, ...others] = await counted(2);
  expect(others).toEqual([]);
  expect(joined!.id).toBe(issue!.id);
  const known = await house.database.query<{ algorithm: string }>(
    sql`select algorithm from errors_hashes where hash = ${asUuid(hashes[0]!)}`,
  );
  expect(known).toEqual([{ algorithm: 'millrace:2' }]);
});

test('a project’s own rules group its events, and the page says so', async () => {
  const rules = {
    stackRules: '# ours\nmodule:shop.views -app',
    fingerprintRules: 'message:"*timed out*" -> timeouts {{ tags.region }} title="Slow {{ tags.region }}"',
  };
  await expect(
    house.call('setGroupingRules', { params: { project: 'shop' }, body: { stackRules: 'function:x' } }),
  ).rejects.toThrow('Line 1 of the stack trace rules');
  await house.call('setGroupingRules', { params: { project: 'shop' }, body: rules });
  expect(await house.call('getGroupingRules', { params: { project: 'shop' } })).toMatchObject({
    ...rules,
    changedBy: 'Jane',
  });
  await send(
    { message: 'GET /a timed out', tags: { region: 'eu' } },
    { message: 'the worker timed out after all', tags: { region: 'eu' } },
    { message: 'GET /a timed out', tags: { region: 'us' } },
    failing('cart', '1'),
  );
  const issues = await counted(4);
  expect(issues.map(({ title, count }) => [title, count]).sort()).toEqual([
    ["KeyError: 'x'", 1],
    ['Slow eu', 2],
    ['Slow us', 1],
  ]);
  const cart = issues.find((issue) => issue.type === 'KeyError')!;
  const detail = await house.call<IssueDetail>('getIssue', { params: { issueId: cart.id } });
  const event = await house.call<EventDetail>('getEvent', { params: { eventId: detail.latestEventId! } });
  expect(event.exceptions[0]!.frames[0]!.inApp).toBe(false);
  expect(JSON.stringify(event.grouping)).toContain('out of app by stack trace rule (module:shop.views -app)');
  expect(event.notes).toEqual([]);
});
