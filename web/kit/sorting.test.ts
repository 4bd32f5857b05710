import { expect, it } from 'vitest';
import { compareCells, nextSort, readSort } from './sorting.ts';

it('goes from descending to ascending to the list’s own order', () => {
  const first = nextSort(undefined, 'took');
  const second = nextSort(readSort(first), 'took');
  expect([first, second, nextSort(readSort(second), 'took')]).toEqual(['-took', 'took', undefined]);
  expect(nextSort(readSort('took'), 'when')).toBe('-when');
});

it('compares as people read: numbers inside names count, nothing comes last', () => {
  expect(['r10', null, 'r9', undefined, 'R8'].sort(compareCells)).toEqual(['R8', 'r9', 'r10', null, undefined]);
  expect([3, 20, 100].sort(compareCells)).toEqual([3, 20, 100]);
});
