import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheKeyFacts, cacheKeyFiles, renderCacheKey } from './cache-key.ts';

const facts: CacheKeyFacts = {
  branch: 'main',
  buildNumber: 12,
  revision: 'abc123',
  checkoutKey: '',
  environment: { CACHE_VERSION: 'v2' },
  checksums: { 'package-lock.json': 'c2Vzc2lvbg==', 'a "b".txt': 'eA==' },
  epoch: 1_700_000_000,
  arch: 'linux-amd64-6_85',
};

describe('renderCacheKey', () => {
  it.each([
    ['plain', 'plain'],
    ['v1-{{ checksum "package-lock.json" }}', 'v1-c2Vzc2lvbg=='],
    ['{{ checksum "a \\"b\\".txt" }}', 'eA=='],
    ['{{ checksum `package-lock.json` }}', 'c2Vzc2lvbg=='],
    ['{{.Branch}}-{{ .Revision }}-{{ .BuildNum }}', 'main-abc123-12'],
    ['{{ .Environment.CACHE_VERSION }}-{{ .Environment.MISSING }}-x', 'v2--x'],
    ['{{ epoch }}-{{ arch }}', '1700000000-linux-amd64-6_85'],
    ['a {{- .Branch -}} b', 'amainb'],
    ['a{{/* why */}}b', 'ab'],
  ])('renders %s', (template, key) => {
    expect(renderCacheKey(template, facts)).toEqual({ ok: true, key });
  });

  it.each([
    ['{{ checksum "missing.txt" }}', 'missing.txt'],
    ['{{ .Nothing }}', '.Nothing'],
    ['v1-{{ .Branch', 'not closed'],
    ['x'.repeat(901), '901'],
  ])('says what is wrong with %s', (template, word) => {
    const result = renderCacheKey(template, facts);
    expect(result.ok).toBe(false);
    expect(!result.ok && result.problem).toContain(word);
  });

  it('never throws, and asks only for files it names', () => {
    fc.assert(
      fc.property(fc.string(), (template) => {
        cacheKeyFiles(template);
        renderCacheKey(template, facts);
      }),
    );
    expect(cacheKeyFiles('{{ checksum "a" }}{{ checksum "b" }}{{checksum "a"}}')).toEqual(['a', 'b']);
  });
});
