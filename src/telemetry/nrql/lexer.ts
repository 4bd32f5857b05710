import type { Place } from './ast.ts';
import { NrqlError } from './problems.ts';

export type Token = Place &
  (
    | { kind: 'word'; text: string; upper: string }
    /** `backticked`: always a name. */
    | { kind: 'name'; text: string }
    | { kind: 'string'; text: string }
    | { kind: 'regex'; text: string }
    | { kind: 'number'; value: number }
    | { kind: 'variable'; text: string }
    | { kind: 'symbol'; text: string }
    | { kind: 'end' }
  );

const wordStart = /[\p{L}_$@#%]/u;
// A percent sign inside a word is a wildcard over metric names; a dot joins the parts of a name.
const word = /[\p{L}\p{N}_$@#%]+(?:\.[\p{L}\p{N}_$@#%]+)*/uy;
const number = /(?:\d+\.\d+|\d+|\.\d+)(?:[eE][+-]?\d+)?/y;
const blank = /(?:\s|--[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const symbols = ['!=', '<>', '<=', '>=', '==', '(', ')', '[', ']', ',', '=', '<', '>', '+', '-', '*', '/', ':', ';'];

/** Longest query text, in characters. */
const maxQueryLength = 65_536;

/** Cuts a query into tokens; the last one is `end`. Throws an NrqlError at an unterminated text or a character of no use. */
export function tokenize(text: string): Token[] {
  if (text.length > maxQueryLength) {
    throw new NrqlError({ at: maxQueryLength, end: text.length }, `A query has at most ${maxQueryLength} characters`);
  }
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const skipped = match(blank);
    if (skipped) {
      at += skipped.length;
      continue;
    }
    const token =
      variable(text, at) ??
      quoted(text, at) ??
      numeric(match(number), text, at) ??
      worded(match, text, at) ??
      symbol(text, at);
    if (!token) {
      const character = String.fromCodePoint(text.codePointAt(at)!);
      throw new NrqlError(
        { at, end: at + character.length },
        `"${character}" has no meaning here`,
        undefined,
        'syntax',
      );
    }
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: 'end', at: text.length, end: text.length });
  return tokens;
}

function variable(text: string, at: number): Token | undefined {
  if (!text.startsWith('{{', at)) return undefined;
  const braces = text.startsWith('{{{', at) ? '}}}' : '}}';
  const close = text.indexOf(braces, at + braces.length);
  if (close < 0) {
    throw new NrqlError({ at, end: text.length }, 'This variable is not closed', `End it with ${braces}.`, 'syntax');
  }
  return { kind: 'variable', text: text.slice(at + braces.length, close).trim(), at, end: close + braces.length };
}

function quoted(text: string, at: number): Token | undefined {
  const raw = (text[at] === 'r' || text[at] === 'R') && (text[at + 1] === "'" || text[at + 1] === '"');
  const open = raw ? at + 1 : at;
  const mark = text[open];
  if (mark !== "'" && mark !== '"' && mark !== '`') return undefined;
  let value = '';
  let position = open + 1;
  for (;;) {
    const character = text[position];
    if (character === undefined) {
      throw new NrqlError({ at, end: text.length }, 'This quoted text is not closed', `End it with ${mark}.`, 'syntax');
    }
    const next = text[position + 1];
    if (character === mark) {
      // A doubled quote is one quote, except in r'...' where an escaped one is written with a backslash.
      if (next === mark && !raw) {
        value += mark;
        position += 2;
        continue;
      }
      break;
    }
    if (character === '\\' && mark !== '`' && (next === mark || next === '\\')) {
      value += raw ? character + next : next;
      position += 2;
      continue;
    }
    value += character;
    position += 1;
  }
  const end = position + 1;
  if (raw) return { kind: 'regex', text: value, at, end };
  return mark === '`' ? { kind: 'name', text: value, at, end } : { kind: 'string', text: value, at, end };
}

const unitWord = /^(?:ms|s|m|h|d|w|(?:milli)?seconds?|minutes?|hours?|days?|weeks?|months?|quarters?|years?)$/i;

function numeric(digits: string | undefined, text: string, at: number): Token | undefined {
  if (digits === undefined) return undefined;
  const end = at + digits.length;
  const rest = /^[\p{L}_$@#%][\p{L}\p{N}_$@#%]*/u.exec(text.slice(end, end + 40))?.[0];
  // `5xx` is a name; `5minutes` is a number and its unit.
  if (rest && !unitWord.test(rest)) return undefined;
  return { kind: 'number', value: Number(digits), at, end };
}

function worded(match: (pattern: RegExp) => string | undefined, text: string, at: number): Token | undefined {
  const found = match(word);
  if (found === undefined || (!wordStart.test(found) && !/^\d/.test(found))) return undefined;
  const end = at + found.length;
  return { kind: 'word', text: text.slice(at, end), upper: found.toUpperCase(), at, end };
}

function symbol(text: string, at: number): Token | undefined {
  const found = symbols.find((candidate) => text.startsWith(candidate, at));
  return found === undefined ? undefined : { kind: 'symbol', text: found, at, end: at + found.length };
}
