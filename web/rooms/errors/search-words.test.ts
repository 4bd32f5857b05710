import { expect, test } from 'vitest';
import { finishedSearches } from './search-words.ts';

const known = { release: ['latest', 'shop@1.0.0', 'r7-abc'], assigned: ['none', 'Ada Byron'] };

test.each([
  ['rel', ['release:']],
  ['is:unre', ['is:unresolved']],
  ['level:error !is:a', ['level:error !is:archived', 'level:error !is:assigned']],
  ['release:', ['release:latest', 'release:shop@1.0.0', 'release:r7-abc']],
  ['RELEASE:r7', ['release:r7-abc']],
  ['assigned:a', ['assigned:"Ada Byron"']],
  ['is:resolved', []],
  ['order:4', []],
  ['no price', []],
])('%s', (text, searches) => {
  expect(finishedSearches(text, known)).toEqual(searches);
});

test('an empty search is begun with a condition', () => {
  expect(finishedSearches('', known).slice(0, 3)).toEqual(['is:', 'release:', 'firstRelease:']);
  expect(finishedSearches('is:new ', known)[0]).toBe('is:new is:');
});
