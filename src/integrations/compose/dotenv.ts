import { interpolate, type Lookup } from './interpolate.ts';

/**
 * Reads an env file as Compose does: `KEY=value`, `KEY: value`, `export KEY=value`, comments, single quotes (literal), double quotes
 * (escapes and variables), values over several lines inside quotes. Later lines see earlier ones; `lookup` knows what
 * stands outside. A key without a value takes it from `lookup`, and is left out when there is none.
 * Throws an Error that names the line for what cannot be read.
 */
export function readDotenv(text: string, lookup: Lookup = () => undefined): Record<string, string> {
  const found: Record<string, string> = {};
  const seen: Lookup = (name) => (Object.hasOwn(found, name) ? found[name] : lookup(name));
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  let index = 0;
  const lineOf = (): number => source.slice(0, index).split('\n').length;
  while (index < source.length) {
    const end = endOfLine(source, index);
    const line = source.slice(index, end);
    if (/^\s*(#.*)?$/.test(line)) {
      index = end + 1;
      continue;
    }
    const match = /^\s*(?:export\s+)?([\w.[\]-]*)\s*([=:])[^\S\n]*/.exec(line);
    if (!match) {
      const bare = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*(?:#.*)?$/.exec(line);
      if (!bare) throw new Error(`line ${lineOf()}: "${line.trim().slice(0, 40)}" is not KEY=value`);
      const value = seen(bare[1]!);
      if (value !== undefined) found[bare[1]!] = value;
      index = end + 1;
      continue;
    }
    const start = index + match[0].length;
    const quote = source[start];
    if (quote === '"' || quote === "'") {
      const close = closingQuote(source, start, quote);
      if (close < 0) throw new Error(`line ${lineOf()}: the quote is not closed`);
      const inner = source.slice(start + 1, close);
      found[match[1]!] = quote === "'" ? inner.replaceAll("\\'", "'") : withEscapes(interpolate(protect(inner), seen));
      index = endOfLine(source, close) + 1;
    } else {
      const raw = source
        .slice(start, end)
        .replace(/(^|\s)#.*$/, '')
        .trim();
      found[match[1]!] = interpolate(raw, seen);
      index = end + 1;
    }
  }
  return found;
}

const endOfLine = (source: string, from: number): number => {
  const end = source.indexOf('\n', from);
  return end < 0 ? source.length : end;
};

function closingQuote(source: string, open: number, quote: string): number {
  for (let index = open + 1; index < source.length; index += 1) {
    if (source[index] === '\\') index += 1;
    else if (source[index] === quote) return index;
  }
  return -1;
}

/** An escaped dollar means a dollar, also to interpolation. */
const protect = (inner: string): string => inner.replaceAll('\\$', '$$$$');

function withEscapes(text: string): string {
  const letters: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', a: '\x07' };
  return text.replace(/\\(0[0-7]{1,3}|[abfnrtv"'\\])/g, (_, what: string) => {
    if (what.startsWith('0')) return String.fromCharCode(Number.parseInt(what, 8));
    return letters[what] ?? what;
  });
}
