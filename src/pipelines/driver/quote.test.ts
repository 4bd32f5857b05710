import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exportsOf, quote, quotePath, splitWords } from './quote.ts';

describe('words for a shell', () => {
  it('keep every character', () => {
    expect(quote(`it's "$HOME" \`x\`\n\\`)).toBe(`'it'\\''s "$HOME" \`x\`\n\\'`);
  });

  it('are taken apart to what they were', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
        const kept = words.map((word) => word.replaceAll('\0', ''));
        expect(splitWords(kept.map(quote).join(' '))).toEqual(kept);
      }),
    );
  });

  it('read shells as people write them', () => {
    expect(splitWords('/bin/bash -eo pipefail')).toEqual(['/bin/bash', '-eo', 'pipefail']);
    expect(splitWords(`"C:/Program Files/x" -c\\ d ''`)).toEqual(['C:/Program Files/x', '-c d', '']);
  });

  it('expand only a leading ~ of a path', () => {
    expect([quotePath('~'), quotePath('~/a b'), quotePath('/x/~')]).toEqual(['"$HOME"', `"$HOME"/'a b'`, "'/x/~'"]);
  });

  it('leave out names a shell cannot hold', () => {
    expect(exportsOf({ A: "1'", 'B;rm': '2', _c: '3' })).toBe("export A='1'\\'''\nexport _c='3'\n");
  });
});
