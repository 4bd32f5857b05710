import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { groupEvent } from '../group-file.ts';
import type { JsonObject } from '../lenient.ts';

/**
 * Pairs of events and whether a person would call them one problem. What is expected was written down before it was run; a pair that
 * fails says the rules disagree with people.
 */
interface Pair {
  name: string;
  expect: 'same' | 'different';
  events: [JsonObject, JsonObject];
}

const folder = new URL('./cases/', import.meta.url);
const books = readdirSync(folder)
  .sort()
  .map((file) => ({
    language: file.replace('.jsonl', ''),
    pairs: readFileSync(new URL(file, folder), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Pair),
  }));

test('the corpus is large enough to mean something', () => {
  expect(books.map(({ language }) => language)).toEqual(['go', 'java', 'javascript', 'php', 'python', 'ruby']);
  expect(books.reduce((sum, { pairs }) => sum + pairs.length, 0)).toBeGreaterThanOrEqual(120);
});

describe.each(books)('$language', ({ pairs }) => {
  test.each(pairs)('$name: $expect', ({ events, expect: expected }) => {
    const [one, other] = events.map((event) => groupEvent(event).hashes);
    // An event joins the group of the first of its hashes that is known.
    const joins = other!.some((hash) => one!.includes(hash));
    expect(joins ? 'same' : 'different').toBe(expected);
  });
});
