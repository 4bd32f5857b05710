import { createHash } from 'node:crypto';
import { type CacheKeyFacts, cacheKeyActions, renderCacheKey } from './cache-key.ts';

/** What a key was made of: the value of each `{{ }}` of its template, by the words between the braces. */
export interface CacheInputs {
  template: string;
  /** Variables as a hash, since keys may be made of what should not be read elsewhere. */
  values: Record<string, string>;
}

/** One input that is not what it was. */
export interface CacheChange {
  /** `checksum "package-lock.json"`, `.Branch`; `template` when the words of the key themselves changed. */
  input: string;
  was: string;
  is: string;
}

/** How a `restore_cache` step went, and why. */
export interface CacheLookup {
  /** `hit`: the first key was there as it is; `older`: one that only begins like it, or a later key; `miss`: nothing. */
  outcome: 'hit' | 'older' | 'miss';
  /** The first key that was asked for, and the one found. */
  key: string;
  found: string | null;
  /** What differs from the cache `comparedWith`: the one found, or for a miss the newest that was saved like it. */
  changes: CacheChange[];
  comparedWith: string | null;
  bytes: number | null;
}

/** Takes a template apart. What cannot be rendered is absent. Pure. */
export function cacheInputs(template: string, facts: CacheKeyFacts): CacheInputs {
  const values: Record<string, string> = {};
  for (const action of cacheKeyActions(template)) {
    const rendered = renderCacheKey(`{{ ${action} }}`, facts);
    if (!rendered.ok) continue;
    const secret = action.startsWith('.Environment.');
    values[action] = secret ? createHash('sha256').update(rendered.key).digest('hex').slice(0, 12) : rendered.key;
  }
  return { template, values };
}

/** What is another than when a cache was saved. Pure. */
export function cacheChanges(is: CacheInputs, was: CacheInputs): CacheChange[] {
  if (is.template !== was.template) return [{ input: 'template', was: was.template, is: is.template }];
  return Object.entries(is.values).flatMap(([input, value]) => {
    const before = was.values[input];
    return before === undefined || before === value ? [] : [{ input, was: before, is: value }];
  });
}

/**
 * The cache that a missed key was most likely meant to find: made by the same template, else by one that asks for the same and only
 * has other words (`v1-` became `v2-`). `caches` are the newest of each template. Pure.
 */
export function nearestCache<Cache extends { inputs: CacheInputs }>(
  wanted: CacheInputs,
  caches: readonly Cache[],
): Cache | undefined {
  const asks = (inputs: CacheInputs): string => Object.keys(inputs.values).sort().join('\n');
  return (
    caches.find(({ inputs }) => inputs.template === wanted.template) ??
    caches.find(({ inputs }) => asks(inputs) !== '' && asks(inputs) === asks(wanted))
  );
}

/** A lookup in a sentence, for the step's log. */
export function lookupSentence(lookup: CacheLookup): string {
  const { comparedWith, changes } = lookup;
  const changed = changes.map(({ input }) => (input === 'template' ? 'the key is written differently' : input));
  if (comparedWith === null) return 'No cache was saved under such a key before';
  if (changes.length === 0) return `Nothing that the key is made of changed since ${comparedWith} was saved`;
  return `Changed since ${comparedWith} was saved: ${changed.join(', ')}`;
}
