import type { Scalar } from '../node.ts';

const integer = /^[-+]?[0-9]+$/;
const octal = /^0o[0-7]+$/;
const hexadecimal = /^0x[0-9a-fA-F]+$/;
const decimal = /^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)$/;
const exponent = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+$/;

/** What a plain scalar stands for in YAML 1.2: null, a boolean, a number, else its text. */
export function valueOfWord(text: string): Scalar['value'] {
  const first = text.charCodeAt(0);
  // Letters that begin no special word are by far the most.
  const special =
    text === '' || first === 0x7e || (first >= 0x2b && first <= 0x39) || 'nNtTfF'.includes(text.charAt(0));
  if (!special) return text;
  if (/^(?:~|null|Null|NULL)?$/.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (integer.test(text)) return Number.parseInt(text, 10);
  if (octal.test(text)) return Number.parseInt(text.slice(2), 8);
  if (hexadecimal.test(text)) return Number.parseInt(text.slice(2), 16);
  if (decimal.test(text) || exponent.test(text)) return Number.parseFloat(text);
  if (/^(?:[-+]?\.(?:inf|Inf|INF))$/.test(text)) {
    return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  return /^\.(?:nan|NaN|NAN)$/.test(text) ? Number.NaN : text;
}

const escapes: Record<string, string> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
};

/** The text between double quotes, on one line, with its escapes resolved; undefined when one is unknown. */
export function unescaped(text: string): string | undefined {
  if (!text.includes('\\')) return text;
  let result = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]!;
    if (character !== '\\') {
      result += character;
      continue;
    }
    index += 1;
    const letter = text[index] ?? '';
    if (Object.hasOwn(escapes, letter)) {
      result += escapes[letter];
      continue;
    }
    const length = { x: 2, u: 4, U: 8 }[letter];
    const digits = length === undefined ? '' : text.slice(index + 1, index + 1 + length);
    if (length === undefined || digits.length !== length || !/^[0-9a-fA-F]+$/.test(digits)) return undefined;
    const code = Number.parseInt(digits, 16);
    if (code > 0x10ffff) return undefined;
    result += String.fromCodePoint(code);
    index += length;
  }
  return result;
}
