import { describe, expect, it } from 'vitest';
import { cacheChanges, cacheInputs, lookupSentence, nearestCache } from './cache-inputs.ts';
import type { CacheKeyFacts } from './cache-key.ts';

const facts: CacheKeyFacts = {
  branch: 'main',
  buildNumber: 12,
  revision: 'abc123',
  checkoutKey: '',
  environment: { TOKEN: 'do not show' },
  checksums: { 'package-lock.json': 'one=' },
  epoch: 1,
  arch: 'linux-amd64',
};
const template = 'v1-{{ arch }}-{{ .Environment.TOKEN }}-{{ checksum "package-lock.json" }}-{{/* why */}}';

describe('what a cache key is made of', () => {
  it('is taken apart by its template, variables as hashes', () => {
    const { values } = cacheInputs(template, facts);
    expect(Object.keys(values)).toEqual(['arch', '.Environment.TOKEN', 'checksum "package-lock.json"']);
    expect(values.arch).toBe('linux-amd64');
    expect(JSON.stringify(values)).not.toContain('do not show');
  });

  it('tells which input changed, and no other', () => {
    const was = cacheInputs(template, facts);
    const is = cacheInputs(template, { ...facts, branch: 'other', checksums: { 'package-lock.json': 'two=' } });
    expect(cacheChanges(is, was)).toEqual([{ input: 'checksum "package-lock.json"', was: 'one=', is: 'two=' }]);
    expect(cacheChanges(was, was)).toEqual([]);
    expect(cacheChanges({ ...is, template: 'v2' }, was)).toEqual([{ input: 'template', was: template, is: 'v2' }]);
  });

  it('is compared with what the same template made, else with one that asks for the same', () => {
    const made = (text: string) => ({ inputs: cacheInputs(text, facts) });
    const same = made(template);
    const renamed = made(template.replace('v1', 'v2'));
    const other = made('x-{{ .Branch }}');
    const plain = made('plain');
    expect(nearestCache(same.inputs, [other, renamed, same])).toBe(same);
    expect(nearestCache(same.inputs, [plain, other, renamed])).toBe(renamed);
    expect(nearestCache(same.inputs, [plain, other])).toBeUndefined();
    expect(nearestCache(made('words').inputs, [plain])).toBeUndefined();
  });

  it('says so in a sentence', () => {
    const common = { outcome: 'miss' as const, key: 'b', found: null, bytes: null };
    const changes = [{ input: '.Branch', was: 'a', is: 'b' }];
    expect(lookupSentence({ ...common, changes, comparedWith: 'a' })).toBe('Changed since a was saved: .Branch');
    expect(lookupSentence({ ...common, changes: [], comparedWith: null })).toContain('No cache was saved');
  });
});
