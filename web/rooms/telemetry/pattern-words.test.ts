import { expect, test } from 'vitest';
import { withoutVariables } from './pattern-words.ts';

test('the words of a template become phrases to search for', () => {
  expect(withoutVariables('user <hex> signed in from <address>')).toBe('"user" "signed in from"');
  expect(withoutVariables("order <number> of '<text>' paid: <number> EUR")).toBe('"order" "of" "paid" "EUR"');
  expect(withoutVariables('<time>')).toBe('');
  expect(withoutVariables('say "hi" now')).toBe('"say \\"hi\\" now"');
});
