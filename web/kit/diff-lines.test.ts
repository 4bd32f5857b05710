import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from './diff-lines.ts';

const signs = (before: string, after: string) =>
  diffLines(before, after).map((line) => `${{ same: ' ', added: '+', removed: '-' }[line.kind]}${line.text}`);

describe('diffLines', () => {
  it('keeps what both have and numbers both sides', () => {
    expect(signs('a\nb\nc\nd', 'a\nx\nc\nd\ne')).toEqual([' a', '-b', '+x', ' c', ' d', '+e']);
    expect(diffLines('a\nb', 'b').at(-1)).toEqual({ kind: 'same', text: 'b', before: 2, after: 1 });
    expect(signs('', 'a')).toEqual(['+a']);
    expect(signs('a', '')).toEqual(['-a']);
  });

  it('gives back both texts, whatever they are', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 12 })
      .map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = diffLines(before, after);
        const side = (kind: 'added' | 'removed') =>
          lines.filter((line) => line.kind === 'same' || line.kind === kind).map((line) => line.text);
        expect(side('removed').join('\n')).toBe(before);
        expect(side('added').join('\n')).toBe(after);
      }),
    );
  });
});
