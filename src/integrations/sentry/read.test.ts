import { expect, it } from 'vitest';
import { timeOf } from './read.ts';

it('times are read as seconds, milliseconds and ISO 8601, with what is finer than a millisecond', () => {
  const at = Date.UTC(2026, 10, 24, 5, 14, 8, 123);
  expect(timeOf('2026-11-24T05:14:08.123Z')).toBe(at);
  expect(timeOf('2026-11-24T05:14:08.123456Z')).toBeCloseTo(at + 0.456, 3);
  expect(timeOf('2026-11-24T05:14:08.123456789+00:00')).toBeCloseTo(at + 0.456789, 3);
  expect(timeOf('2026-11-24T05:14:08')).toBe(at - 123);
  expect(timeOf(at / 1000)).toBeCloseTo(at, 3);
  expect(timeOf(at)).toBe(at);
  expect([timeOf('soon'), timeOf(''), timeOf(null)]).toEqual([null, null, null]);
});
