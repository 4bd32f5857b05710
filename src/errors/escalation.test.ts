import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ceilingOf, escalates, forecastHours } from './escalation.ts';
import { resolved, see } from './issue.ts';
import { compareReleases } from './release-order.ts';

const week = (count: (hour: number) => number): number[] =>
  Array.from({ length: forecastHours }, (_, hour) => count(hour));
const monday = Date.UTC(2026, 0, 12);

describe('what an hour may bring', () => {
  test('ten times the busiest hour for an issue without a past', () => {
    expect(ceilingOf([1, 4, 2], monday, 1)).toBe(40);
    expect(escalates(41, [1, 4, 2], monday)).toBe(true);
    expect(escalates(40, [1, 4, 2], monday)).toBe(false);
  });
  test('several times a steady one, and never for a handful of events', () => {
    const steady = week(() => 20);
    // A steady issue may grow fivefold by its busiest hour; its mean allows one and five times as much, which is more.
    expect(ceilingOf(steady, monday, 1)).toBeCloseTo(120);
    expect(escalates(121, steady, monday)).toBe(true);
    expect(escalates(100, steady, monday)).toBe(false);
    expect(
      escalates(
        9,
        week(() => 0),
        monday,
      ),
    ).toBe(false);
    expect(
      escalates(
        10,
        week(() => 0),
        monday,
      ),
    ).toBe(true);
  });
  test('more on the weekday that is always busy', () => {
    // Hours of the past Monday brought a hundred each: the first day of the week before `monday`.
    const busyMonday = week((hour) => (hour < 24 ? 100 : 30));
    expect(ceilingOf(busyMonday, monday, 1)).toBeGreaterThanOrEqual(ceilingOf(busyMonday, monday, 3));
  });
  test('is never less than its busiest hour', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: forecastHours }), fc.nat(6), (counts, day) => {
        expect(ceilingOf(counts, monday, day)).toBeGreaterThanOrEqual(Math.max(...counts));
      }),
    );
  });
});

describe('versions', () => {
  test.each([
    ['app@1.2.3', 'app@1.2.4', -1],
    ['app@1.10.0', 'app@1.9.9', 1],
    ['app@1.2.3-rc.1', 'app@1.2.3', -1],
    ['app@1.2.3-rc.2', 'app@1.2.3-rc.10', -1],
    ['app@1.2.3-alpha', 'app@1.2.3-1', 1],
    ['app@1.2.3+7', 'app@1.2.3+12', -1],
    ['v2.0', '1.9.9', 1],
    ['app@1.2.3', 'app@1.2.3', 0],
  ])('%s and %s', (one, other, expected) => {
    expect(Math.sign(compareReleases(one, other)!)).toBe(expected);
    expect(Math.sign(compareReleases(other, one)!)).toBe(expected === 0 ? 0 : -expected);
  });
  test.each([
    ['app@1.0.0', 'web@2.0.0'],
    ['r7-abcdef0', 'r8-abcdef1'],
    ['1.0.0', 'nightly'],
  ])('%s and %s say nothing of each other', (one, other) => expect(compareReleases(one, other)).toBeNull());

  test.each([
    ['release', 'app@1.1.9', null],
    ['release', 'app@1.2.0', 'regressed'],
    ['release', 'app@1.3.0', 'regressed'],
    ['next-release', 'app@1.2.0', null],
    ['next-release', 'app@1.1.0', null],
    ['next-release', 'app@1.2.1', 'regressed'],
  ] as const)('resolved in %s app@1.2.0, an old build still out there reports %s: %s', (kind, release, change) => {
    const state = resolved({ in: kind, release: 'app@1.2.0', order: null, at: 1000, by: 'Jane' });
    expect(see(state, { at: 2000, receivedAt: 2000, release, order: null, count: 5 }).change).toBe(change);
  });
});
