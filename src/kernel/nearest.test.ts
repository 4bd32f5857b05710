import { expect, it } from 'vitest';
import { nearest } from './nearest.ts';

it('finds the word that may be meant, and none when none is near', () => {
  expect(nearest('averge', ['average', 'max'])).toBe('average');
  expect(nearest('zzz', ['average', 'max'])).toBeUndefined();
});
