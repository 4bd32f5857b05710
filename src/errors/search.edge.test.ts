import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ErrorsUnderTest, errorsUnderTest, eventually } from '../../test/harness/errors-room.ts';
import type { IssueSummary } from './api.ts';

let house: ErrorsUnderTest;
const found = async (search: string): Promise<string[]> =>
  (
    await house.call<{ items: IssueSummary[] }>('listIssues', { query: { status: 'all', search, sort: 'count' } })
  ).items.map((issue) => issue.message);

beforeAll(async () => {
  house = await errorsUnderTest();
  // A moment apart, so that there is a latest release.
  let at = Date.now() - 10_000;
  const event = (message: string, more: object = {}) => {
    at += 1000;
    return house.received({ message, ...more }, { receivedAt: at });
  };
  await house.room.reception.accept([
    event('disk full', {
      level: 'error',
      release: 'r1',
      tags: { region: 'eu' },
      user: { id: 7, email: 'jane@a.example' },
      contexts: { trace: { trace_id: 'ab'.repeat(16) } },
    }),
    event('disk full', { level: 'error', release: 'r1', tags: { Region: 'US', quoted: 'a", "b\\\\' } }),
    event('cache cold', { level: 'warning', release: 'r2', environment: 'staging' }),
  ]);
  await eventually('both issues', async () => (await found('')).length === 2);
});
afterAll(() => house.close());

test.each([
  ['disk', ['disk full']],
  ['level:warning', ['cache cold']],
  ['!level:warning', ['disk full']],
  ['is:new', ['disk full', 'cache cold']],
  ['is:resolved', []],
  ['is:nonsense', []],
  ['region:eu', ['disk full']],
  ['tags.region:*', ['disk full']],
  ['has:region', ['disk full']],
  ['!has:region', ['cache cold']],
  ['region:US', ['disk full']],
  ['region:us', []],
  ['quoted:"a\\", \\"b\\\\\\\\"', ['disk full']],
  ['user.email:jane@*', ['disk full']],
  ['user.email:Jane@a.example', ['disk full']],
  ['user.id:7', ['disk full']],
  ['user.email:7', []],
  ['user:7', ['disk full']],
  [`trace:${'ab'.repeat(16)}`, ['disk full']],
  ['release:r1', ['disk full']],
  ['release:latest', ['cache cold']],
  ['environment:staging', ['cache cold']],
  ['timesSeen:>1', ['disk full']],
  ['timesSeen:<=1', ['cache cold']],
  ['age:-1h', ['disk full', 'cache cold']],
  ['age:+1h', []],
  ['priority:high', ['disk full']],
  ['message:"disk full" is:unassigned', ['disk full']],
  ["region:eu' or '1'='1", []],
])('%s', async (search, expected) => {
  expect(await found(search)).toEqual(expected);
});
