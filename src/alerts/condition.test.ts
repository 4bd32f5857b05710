import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FacetState, judge } from './condition.ts';

const settings = { operator: 'above' as const, threshold: 5, forSeconds: 60, noData: 'ok' as const };
type Settings = Parameters<typeof judge>[0];

/** Evaluates every 30 s and writes down what opens (+) and closes (-). */
function play(values: (number | null)[], more: Partial<Settings> = {}): string[] {
  let facets: FacetState[] = [];
  return values.map((value, n) => {
    const verdict = judge({ ...settings, ...more }, facets, [{ facet: null, value }], n * 30_000);
    facets = verdict.facets;
    return [...verdict.opened.map((one) => `+${one.reason}`), ...verdict.closed.map((one) => `-${one.reason}`)].join();
  });
}

test('opens only when it lasts, closes with the first good value', () => {
  expect(play([6, 7, 4, 6, 7, 8, 9, 5])).toEqual([
    '',
    '',
    '',
    '',
    '',
    '+8 is above 5 for 1 min 0 s',
    '',
    '-5 is no longer above 5',
  ]);
  expect(play([6], { forSeconds: 0 })).toEqual(['+6 is above 5']);
});

test('no data means what the condition says it means', () => {
  expect(play([6, 6, 6, null])).toEqual(['', '', '+6 is above 5 for 1 min 0 s', '-There is no data any more']);
  expect(play([6, null, 6], { noData: 'keep' })).toEqual(['', '', '+6 is above 5 for 1 min 0 s']);
  expect(play([1, null, null, null], { noData: 'problem' })).toEqual(['', '', '', '+No data for 1 min 0 s']);
});

test('facets are judged each for itself; one that disappears is closed and forgotten', () => {
  const rows = [
    { facet: 'web', value: 9 },
    { facet: 'worker', value: 1 },
  ];
  const first = judge({ ...settings, forSeconds: 0 }, [], rows, 0);
  expect(first.opened.map((one) => one.facet)).toEqual(['web']);
  const second = judge({ ...settings, forSeconds: 0 }, first.facets, [], 30_000);
  expect(second.closed.map((one) => one.facet)).toEqual(['web']);
  expect(second.facets).toEqual([]);
});

test('whatever the values: openings and closings alternate for each facet', () => {
  const value = fc.option(fc.integer({ min: 0, max: 10 }), { nil: null });
  const round = fc.dictionary(fc.constantFrom('a', 'b', 'c'), value);
  const how = fc.constantFrom<'keep' | 'ok' | 'problem'>('keep', 'ok', 'problem');
  fc.assert(
    fc.property(
      fc.array(round, { maxLength: 40 }),
      how,
      fc.integer({ min: 0, max: 90 }),
      (rounds, noData, forSeconds) => {
        let facets: FacetState[] = [];
        const open = new Set<string | null>();
        rounds.forEach((values, n) => {
          const rows = Object.entries(values).map(([facet, value]) => ({ facet, value }));
          const verdict = judge({ ...settings, noData, forSeconds }, facets, rows, n * 30_000);
          facets = verdict.facets;
          for (const { facet } of verdict.opened) {
            expect(open.has(facet)).toBe(false);
            open.add(facet);
          }
          for (const { facet } of verdict.closed) expect(open.delete(facet)).toBe(true);
          expect(facets.filter((state) => state.open).map((state) => state.facet)).toEqual(
            expect.arrayContaining([...open]),
          );
        });
      },
    ),
  );
});
