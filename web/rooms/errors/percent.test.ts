import { expect, test } from 'vitest';
import { percentText } from './percent.ts';

test('a share is never rounded to all or nothing', () => {
  expect([1, 0.99999, 0.9996, 0.915, 0.005, 0.00001, 0, null].map(percentText)).toEqual([
    '100 %',
    '> 99.99 %',
    '99.96 %',
    '91.5 %',
    '0.5 %',
    '< 0.01 %',
    '0 %',
    '–',
  ]);
});
