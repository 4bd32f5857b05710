import { isIPv6 } from 'node:net';
import { eventLimits } from '../limits.ts';
import { currentAlgorithm, type GroupingAlgorithm } from './algorithm.ts';

/**
 * What varies from one event to the next, most specific first: where two patterns match at one place the earlier wins.
 * Every repetition is bounded or cannot overlap what follows it, since the text comes from outside.
 */
const patterns: [name: string, source: string][] = [
  ['email', String.raw`[\w.!#$%&'*+/=?^{|}~-]{1,64}@[a-zA-Z0-9-]{1,63}(?:\.[a-zA-Z0-9-]{1,63}){1,8}`],
  ['url', String.raw`\b(?:wss?|https?|ftp|file):\/\/[^\s/$.?#]\S*`],
  [
    'hostname',
    String.raw`\b(?:[a-zA-Z0-9-]{1,63}\.){1,8}(?:com|net|org|edu|gov|mil|info|io|co|dev|app|cloud|internal|local|de|uk|fr|eu)(?![\w.(-])`,
  ],
  [
    'ip',
    String.raw`\b(?:\d{1,3}\.){3}\d{1,3}\b(?!\.\d)|(?<![\w:.])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])`,
  ],
  ['traceparent', String.raw`\b00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\b`],
  ['uuid', String.raw`\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b`],
  ['sha1', String.raw`\b[0-9a-fA-F]{40}\b`],
  ['md5', String.raw`\b[0-9a-fA-F]{32}\b`],
  [
    'date',
    [
      String.raw`\b\d{4}-[01]\d-[0-3]\d(?:[T ][0-2]\d:?[0-5]\d(?::?[0-5]\d(?:[.,]\d{1,9})?)?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?)?\b`,
      String.raw`\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? (?:\d{1,2} )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}(?: \d{1,2})?,?(?: \d\d:\d\d(?::\d\d)?)?(?: \d{4})?(?: \d\d:\d\d(?::\d\d)?)?(?: (?:GMT|UTC|[+-]\d{4}))?`,
      String.raw`\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6} \d{1,2},? \d{4}(?: \d\d:\d\d(?::\d\d)?)?\b`,
      String.raw`\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6} \d{4}(?: \d\d:\d\d(?::\d\d)?)?\b`,
      String.raw`\b\d{1,4}\/\d{1,2}\/\d{1,4}(?: \d\d:\d\d(?::\d\d)?)?\b`,
      String.raw`\b[0-2]?\d:[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?: ?[AaPp][Mm])?\b`,
    ].join('|'),
  ],
  ['duration', String.raw`\b\d{1,12}ms\b|\b\d{1,12}(?:\.\d{1,12})?s\b`],
  ['swift_txn_id', String.raw`\btx[0-9a-f]{21}-[0-9a-f]{10}(?:-[\w-]{1,40})?\b`],
  ['hex', String.raw`\b0[xX][0-9a-fA-F]{1,64}\b|\b(?=[0-9a-f]{0,63}\d)(?=[0-9a-f]{0,63}[a-f])[0-9a-f]{8,64}\b`],
  ['git_sha', String.raw`\b(?=[0-9a-f]{0,6}\d)(?=[0-9a-f]{0,6}[a-f])[0-9a-f]{7}\b`],
  ['float', String.raw`-\d{1,40}\.\d{1,40}\b|\b\d{1,40}\.\d{1,40}\b`],
  ['int', String.raw`-\d{1,40}\b|\b\d{1,40}\b`],
  ['quoted_str', String.raw`(?<==)'[^'\n]{0,1000}'|(?<==)"[^"\n]{0,1000}"`],
  ['bool', String.raw`(?<==)(?:[Tt]rue|[Ff]alse)\b`],
];

const compile = (names: typeof patterns): RegExp =>
  new RegExp(names.map(([name, source]) => `(?<${name}>${source})`).join('|'), 'g');

const without = (left: string, names = patterns): typeof patterns => names.filter(([name]) => name !== left);

interface Patterns {
  all: RegExp;
  withoutAddresses: RegExp;
}
const current: Patterns = { all: compile(patterns), withoutAddresses: compile(without('ip')) };
const earlier: Patterns = {
  all: compile(without('swift_txn_id')),
  withoutAddresses: compile(without('ip', without('swift_txn_id'))),
};

/** The text with what varies replaced by the name of its kind: `user <int> not found at <ip>`. */
export function parameterise(text: string, algorithm: GroupingAlgorithm = currentAlgorithm): string {
  const known = algorithm.readsTransactionIds ? current : earlier;
  return replaceIn(text.slice(0, eventLimits.groupedText), known.all, known.withoutAddresses);
}

function replaceIn(text: string, pattern: RegExp, withoutAddresses: RegExp): string {
  return text.replace(pattern, (...parts: unknown[]) => {
    const match = parts[0] as string;
    const groups = parts.at(-1) as Record<string, string | undefined>;
    const name = Object.keys(groups).find((key) => groups[key] !== undefined) ?? '';
    // What looks like an address but is none may still be a time of day or a number.
    if (name === 'ip' && !isAddress(match)) return replaceIn(match, withoutAddresses, withoutAddresses);
    return `<${name}>`;
  });
}

const isAddress = (text: string): boolean =>
  text.includes(':') ? isIPv6(text) : text.split('.').every((part) => Number(part) <= 255);

/** The first two lines that say something; marked when there was more. */
export function leadingLines(text: string): string {
  const lines: string[] = [];
  for (const line of text.split(/\r\n|\n|\r/, 50)) {
    if (line.trim() === '') continue;
    lines.push(line);
    if (lines.length === 2) break;
  }
  const kept = lines.join('\n').trim();
  return kept === text ? kept : `${kept}...`;
}
