import type { TailQuery } from './api.ts';

/** Severities from least to most, with the names others give them. */
const severities: string[][] = [
  ['trace', 'finest', 'finer', 'verbose'],
  ['debug', 'fine', 'config'],
  ['info', 'information', 'informational', 'notice', 'log', ''],
  ['warn', 'warning'],
  ['error', 'err', 'severe'],
  ['fatal', 'critical', 'crit', 'alert', 'emerg', 'emergency', 'panic'],
];

/** All names of severities at or above a level; a line without one counts as info. */
export function levelsFrom(level: NonNullable<TailQuery['level']>): string[] {
  const least = severities.findIndex(([name]) => name === level);
  return severities.slice(least).flat();
}

export interface TextFilter {
  /** Must all occur in the message, in lower case. */
  words: string[];
  /** Must not occur. */
  without: string[];
  /** Attributes and the values they must have. */
  attributes: { name: string; value: string; negated: boolean }[];
}

const part = /(-?)(?:([A-Za-z_][\w.]*):)?(?:"((?:[^"\\]|\\.)*)"|(\S+))/g;

/** Reads a search text: words, "quoted words", -word, name:value, -name:value. Anything is a valid search. */
export function parseSearch(text: string): TextFilter {
  const filter: TextFilter = { words: [], without: [], attributes: [] };
  for (const [, minus, name, quoted, plain] of text.matchAll(part)) {
    const negated = minus === '-';
    const value = quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1');
    // An address such as http://host is a word, not an attribute.
    if (name !== undefined && !value.startsWith('//')) filter.attributes.push({ name, value, negated });
    else {
      const word = (name === undefined ? value : `${name}:${value}`).toLowerCase();
      if (word === '') continue;
      (negated ? filter.without : filter.words).push(word);
    }
  }
  return filter;
}

/** A record as the live tail sees it. */
export interface TailedLine {
  projectId: string | null;
  attributes: Readonly<Record<string, unknown>>;
}

const exact = ['service', 'environment', 'release', 'runId', 'jobId', 'step', 'traceId'] as const;

/** A filter as a predicate over incoming lines; means the same as the search of stored ones. `projectId` is an id here. */
export function predicateOf(query: TailQuery): (line: TailedLine) => boolean {
  const { words, without, attributes } = parseSearch(query.text ?? '');
  const levels = query.level ? new Set(levelsFrom(query.level)) : undefined;
  const wanted = exact.filter((name) => query[name] !== undefined);
  return (line) => {
    if (query.projectId !== undefined && line.projectId !== query.projectId) return false;
    for (const name of wanted) if (String(line.attributes[name] ?? '') !== query[name]) return false;
    if (levels && !levels.has(String(line.attributes.level ?? '').toLowerCase())) return false;
    for (const { name, value, negated } of attributes) {
      if ((String(line.attributes[name] ?? '') === value) === negated) return false;
    }
    if (words.length === 0 && without.length === 0) return true;
    const message = String(line.attributes.message ?? '').toLowerCase();
    return words.every((word) => message.includes(word)) && !without.some((word) => message.includes(word));
  };
}
