export type WordKind = 'keyword' | 'function' | 'string' | 'number' | 'operator' | 'name' | 'space' | 'comment';

export interface Word {
  kind: WordKind;
  text: string;
  /** Offset in the query. */
  from: number;
}

const keywords = new Set(
  `select from where facet timeseries since until compare with limit order by asc desc as and or not in like rlike is
  null true false ago auto max slide cases show event types keyset extrapolate ordinal offset raw
  second seconds minute minutes hour hours day days week weeks month months now today yesterday timezone`.split(/\s+/),
);

const pattern =
  /(?<space>\s+)|(?<comment>--[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>'(?:[^'\\]|\\.|'')*'?|"(?:[^"\\]|\\.)*"?)|(?<quoted>`[^`]*`?)|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<word>[A-Za-z_][\w.:/-]*)|(?<operator>[<>!=]=?|[-+*/%(),;])|(?<other>[\s\S])/y;

/** Splits a query into words for colouring. Every character is in exactly one word; nonsense is an operator. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  pattern.lastIndex = 0;
  let match = pattern.exec(text);
  while (match && match[0] !== '') {
    words.push({ kind: kindOf(match, text), text: match[0], from: match.index });
    match = pattern.exec(text);
  }
  return words;
}

function kindOf(match: RegExpExecArray, text: string): WordKind {
  const groups = match.groups!;
  if (groups.space) return 'space';
  if (groups.comment) return 'comment';
  if (groups.string) return 'string';
  if (groups.number) return 'number';
  if (groups.quoted) return 'name';
  if (!groups.word) return 'operator';
  if (/^\s*\(/.test(text.slice(match.index + match[0].length)) && !keywords.has(groups.word.toLowerCase()))
    return 'function';
  return keywords.has(groups.word.toLowerCase()) ? 'keyword' : 'name';
}

/** What could stand where the cursor is: kind of thing, and the part already written. */
export interface Place {
  expects: 'eventType' | 'attribute' | 'start' | 'value';
  /** Letters before the cursor. */
  prefix: string;
  /** Where the prefix begins. */
  from: number;
  /** Event types named in the query, for narrowing attributes. */
  eventTypes: string[];
  /** Whose value it is, where a value is expected. */
  attribute?: string | undefined;
}

/** Reads where the cursor stands; undefined inside a comment, or a text that is no attribute's value. */
export function placeAt(text: string, cursor: number): Place | undefined {
  const words = wordsOf(text);
  const here = words.find((word) => word.from < cursor && cursor <= word.from + word.text.length);
  if (here && (here.kind === 'string' || here.kind === 'comment') && cursor < here.from + here.text.length + 1) {
    const closed = here.kind === 'string' && here.text.length > 1 && here.text.endsWith(here.text[0]!);
    if (!closed || cursor < here.from + here.text.length)
      return here.kind === 'string' ? valueAt(words, here, cursor) : undefined;
  }
  const isWord = here !== undefined && ['keyword', 'function', 'name'].includes(here.kind);
  const from = isWord ? here.from : cursor;
  const before = words.filter((word) => word.from < from && word.kind !== 'space' && word.kind !== 'comment');
  const lastKeyword = before.findLast((word) => word.kind === 'keyword')?.text.toLowerCase();
  const last = before.at(-1);
  const inFrom = lastKeyword === 'from' && (last?.text === ',' || last?.kind === 'keyword');
  const expects = before.length === 0 ? 'start' : inFrom ? 'eventType' : 'attribute';
  return { expects, prefix: text.slice(from, cursor), from, eventTypes: eventTypesOf(words) };
}

/** Inside the quotes of `attribute = '...'`, `LIKE '...'`, `IN ('...', '...')`. */
function valueAt(words: Word[], here: Word, cursor: number): Place | undefined {
  const before = words.filter((word) => word.from < here.from && word.kind !== 'space' && word.kind !== 'comment');
  let at = before.length - 1;
  if (before[at]?.text === '(' || before[at]?.text === ',') {
    while (at >= 0 && (before[at]!.kind === 'string' || /^[(,]$/.test(before[at]!.text))) at -= 1;
    if (before[at]?.text.toLowerCase() !== 'in') return undefined;
  }
  if (!/^(=|!=|in|like)$/i.test(before[at]?.text ?? '')) return undefined;
  at -= before[at - 1]?.text.toLowerCase() === 'not' ? 2 : 1;
  const attribute = before[at];
  if (attribute?.kind !== 'name') return undefined;
  const from = here.from + 1;
  return {
    expects: 'value',
    prefix: here.text.slice(1, cursor - here.from),
    from,
    eventTypes: eventTypesOf(words),
    attribute: attribute.text.replaceAll('`', ''),
  };
}

function eventTypesOf(words: Word[]): string[] {
  const solid = words.filter((word) => word.kind !== 'space' && word.kind !== 'comment');
  const at = solid.findIndex((word) => word.text.toLowerCase() === 'from');
  const types: string[] = [];
  for (const word of at < 0 ? [] : solid.slice(at + 1)) {
    if (word.kind === 'name') types.push(word.text.replaceAll('`', ''));
    else if (word.text !== ',') break;
  }
  return types;
}

/** Offset of a line and column (both from 1) in a text. */
export function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split('\n');
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return Math.min(text.length, before + Math.max(0, column - 1));
}
