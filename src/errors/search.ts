import { durationMs } from './search-times.ts';

/** One condition of a search: `level:error`, `!has:user`, `timesSeen:>100`. */
export interface Term {
  key: string;
  value: string;
  negated: boolean;
  /** How numbers and times are compared. */
  compare: '=' | '>' | '>=' | '<' | '<=';
}

export interface Search {
  terms: Term[];
  /** Words to be found in title, message, culprit or short id. */
  words: string[];
}

const mostTerms = 20;
/** A key, a colon, and a value that may be quoted; or a word or quoted words. */
const piece = /(!?)([\w.-]+):("(?:[^"\\]|\\.)*"|\S*)|"((?:[^"\\]|\\.)*)"|(\S+)/g;

/** Takes a search apart. Never throws: what is no condition is a word. */
export function readSearch(text: string): Search {
  const search: Search = { terms: [], words: [] };
  for (const match of text.matchAll(piece)) {
    const [whole, bang, key, raw, quotedWords, word] = match;
    if (search.terms.length + search.words.length >= mostTerms) break;
    if (key === undefined || raw === undefined || raw === '' || /^https?$/i.test(key)) {
      const words = quotedWords ?? word ?? whole;
      if (words !== '') search.words.push(words);
      continue;
    }
    const value = raw.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/g, '$1') : raw;
    const compared = /^(>=|<=|>|<)(.+)$/.exec(value);
    search.terms.push({
      key: key.toLowerCase(),
      value: compared ? compared[2]! : value,
      negated: bang === '!',
      compare: (compared?.[1] ?? '=') as Term['compare'],
    });
  }
  return search;
}

/** The span that a time condition means, in ms before `now`: `age:-24h` is the last day, `firstSeen:>2026-01-10` after that day. */
export function timeBounds(term: Term, now: number): { from: number | null; to: number | null } | null {
  const relative = /^([+-])(.+)$/.exec(term.value);
  if (relative) {
    const ms = durationMs(relative[2]!);
    if (ms === null) return null;
    return relative[1] === '-' ? { from: now - ms, to: null } : { from: null, to: now - ms };
  }
  const at = Date.parse(term.value);
  if (Number.isNaN(at)) return null;
  if (term.compare === '>' || term.compare === '>=') return { from: at, to: null };
  if (term.compare === '<' || term.compare === '<=') return { from: null, to: at };
  return { from: at, to: at + 86_400_000 };
}
