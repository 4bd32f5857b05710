import { expect, test } from 'vitest';
import { archived, newIssue, resolved, see, substatusAt } from './issue.ts';

const day = 86_400_000;
const sighting = { at: 2000, receivedAt: 2000, release: 'r2', order: 2, count: 10 };
const resolution = { in: 'now' as const, release: null, order: null, at: 1000, by: 'Jane' };

test('a resolved issue regresses on a later event only', () => {
  expect(see(resolved(resolution), sighting).change).toBe('regressed');
  // Happened before the click, arrived after it.
  expect(see(resolved(resolution), { ...sighting, at: 900 }).change).toBeNull();
});

test.each([
  ['release', 1, null],
  ['release', 2, 'regressed'],
  ['release', 3, 'regressed'],
  ['next-release', 2, null],
  ['next-release', 3, 'regressed'],
] as const)('resolved in %s r2, seen in the release deployed as number %i: %s', (kind, order, change) => {
  const state = resolved({ ...resolution, in: kind, release: 'r2', order: 2 });
  expect(see(state, { ...sighting, release: `r${order}`, order }).change).toBe(change);
});

test('releases Millrace did not deploy are told apart by name, and no release is no regression', () => {
  const next = resolved({ ...resolution, in: 'next-release', release: 'v1', order: null });
  expect(see(next, { ...sighting, release: 'v1', order: null }).change).toBeNull();
  expect(see(next, { ...sighting, release: 'v2', order: null }).change).toBe('regressed');
  expect(see(next, { ...sighting, release: null, order: null }).change).toBeNull();
});

test('an archived issue stays quiet until its count or time has come', () => {
  const until = (count: number | null, at: number | null) =>
    archived({ until: count === null ? (at === null ? 'forever' : 'time') : 'count', at, count }, 0);
  expect(see(until(11, null), sighting).change).toBeNull();
  expect(see(until(10, null), sighting).change).toBe('unarchived');
  expect(see(until(null, 2001), sighting).change).toBeNull();
  expect(see(until(null, 2000), sighting).state.substatus).toBe('escalating');
  expect(see(until(null, null), sighting).change).toBeNull();
});

test('new wears off after a week', () => {
  expect(substatusAt(newIssue(0), day)).toBe('new');
  expect(substatusAt(newIssue(0), 8 * day)).toBe('ongoing');
  expect(see(newIssue(0), { ...sighting, receivedAt: 8 * day }).state.substatus).toBe('ongoing');
});
