import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fixedNumbers } from './fixes.ts';

test.each([
  ['Fixes SHOP-12', [12]],
  ['fix: SHOP-12', [12]],
  ['Count from one\n\nCloses shop-3, SHOP-4 and SHOP-9.', [3, 4, 9]],
  ['Resolved SHOP-7 & SHOP-7; fixed SHOP-8', [7, 8]],
  ['See SHOP-12', []],
  ['prefixes SHOP-12', []],
  ['Fixes OTHER-12', []],
  ['Fixes MY-SHOP-12', []],
  ['Fixes SHOP-12b', []],
  ['Fixes SHOP-0, SHOP-99999999999', []],
  ['Fixes the cart of SHOP-12', []],
])('%j mends %j', (message, numbers) => {
  expect(fixedNumbers(message, 'shop')).toEqual(numbers);
});

test('a project of several words', () => {
  expect(fixedNumbers('Fixes DJANGO-SHOP-1', 'django-shop')).toEqual([1]);
});

test('whatever is written, the numbers are of issues', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      for (const number of fixedNumbers(`${text} fixes SHOP-5, ${text}`, 'shop')) expect(number).toBeGreaterThan(0);
    }),
  );
});
