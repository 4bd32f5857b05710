import { shortIdOf } from './announce.ts';

const most = 20;

/**
 * Numbers of the issues that a commit says it mends: `Fixes SHOP-12`, `Closes SHOP-3, SHOP-4 and SHOP-9`, in any case, as Sentry reads
 * them. Names of other projects do not count; at most 20 of one message.
 */
export function fixedNumbers(message: string, slug: string): number[] {
  const name = shortIdOf(slug, 0)
    .slice(0, -1)
    .replaceAll(/[^A-Z0-9-]/g, '\\$&');
  const list = `${name}\\d+(?:(?:\\s*,\\s*|\\s+and\\s+|\\s*&\\s*)${name}\\d+)*`;
  const sentence = new RegExp(`\\b(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?):?\\s+(${list})(?!\\w)`, 'gi');
  const numbers = [...message.slice(0, 20_000).matchAll(sentence)].flatMap(([, names]) =>
    [...names!.matchAll(/-(\d+)(?=\W|$)/g)].map(([, digits]) => Number(digits)),
  );
  return [...new Set(numbers)].filter((number) => number > 0 && number <= 2 ** 31 - 1).slice(0, most);
}
