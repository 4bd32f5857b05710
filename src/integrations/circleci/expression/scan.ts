import { RE2JS } from 're2js';
import { limits } from '../limits.ts';
import { type ExpressionErrorType, ExpressionFailure, type Token, type TokenType } from './tokens.ts';

const keywords: Record<string, TokenType> = {
  and: 'AND',
  AND: 'AND',
  or: 'OR',
  OR: 'OR',
  not: 'NOT',
  true: 'TRUE',
  false: 'FALSE',
  'starts-with': 'BUILTIN',
  contains: 'BUILTIN',
  matches: 'BUILTIN',
};

const symbols: [string, TokenType][] = [
  ['!=', 'BANG_EQUAL'],
  ['==', 'EQUAL_EQUAL'],
  ['>=', 'GREATER_EQUAL'],
  ['<=', 'LESS_EQUAL'],
  ['!', 'BANG'],
  ['>', 'GREATER'],
  ['<', 'LESS'],
  ['(', 'LEFT_PAREN'],
  [')', 'RIGHT_PAREN'],
];

const identifier = /[a-zA-Z][\w-]*(?:\.[\w-]+)*\??/y;
const digits = /\d+/y;
const largestInteger = 2n ** 63n - 1n;

/** The tokens of an expression, ending with `EOF`. Throws an {@link ExpressionFailure} at the first bad character. */
export function scan(source: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < source.length) {
    if (/\s/.test(source[position]!)) {
      position += 1;
      continue;
    }
    const token = nextToken(source, position);
    tokens.push(token);
    position += token.lexeme.length;
  }
  tokens.push({ type: 'EOF', lexeme: '', charPos: source.length, text: '' });
  return tokens;
}

function nextToken(source: string, start: number): Token {
  const first = source[start]!;
  if (first === '"') return scanString(source, start);
  if (first === '/') return scanPattern(source, start);
  const number = matchAt(digits, source, start);
  if (number !== undefined) {
    if (BigInt(number) > largestInteger) fail('Scanner/NUMBER_OUT_OF_RANGE', number, start);
    return { type: 'NUMBER', lexeme: number, charPos: start, text: number };
  }
  const word = matchAt(identifier, source, start);
  if (word !== undefined) {
    const keyword = Object.hasOwn(keywords, word) ? keywords[word] : undefined;
    return { type: keyword ?? 'IDENTIFIER', lexeme: word, charPos: start, text: word };
  }
  for (const [symbol, type] of symbols) {
    if (source.startsWith(symbol, start)) return { type, lexeme: symbol, charPos: start, text: symbol };
  }
  if (first === '=') return fail('Scanner/INCOMPLETE_EQUALS', characterAt(source, start + 1), start + 1);
  return fail('Scanner/UNEXPECTED_CHARACTER', characterAt(source, start), start);
}

function scanString(source: string, start: number): Token {
  let text = '';
  let position = start + 1;
  while (position < source.length) {
    const character = source[position]!;
    if (character === '"') {
      return { type: 'STRING', lexeme: source.slice(start, position + 1), charPos: start, text };
    }
    const escaped = source[position + 1];
    if (character === '\\' && (escaped === '"' || escaped === '\\')) {
      text += escaped;
      position += 2;
    } else {
      text += character;
      position += 1;
    }
  }
  return fail('Scanner/UNTERMINATED_STRING', '"', start);
}

/**
 * A pattern may hold only ASCII and Latin-1, also when written as a code point: `\u` is not RE2, and `\x{...}` beyond
 * Latin-1 would bring in characters whose case folding differs between engines.
 */
function scanPattern(source: string, start: number): Token {
  let text = '';
  let position = start + 1;
  while (position < source.length) {
    const character = source[position]!;
    if (character === '/') return finishPattern(source.slice(start, position + 1), start, text);
    if (character.charCodeAt(0) > 0xff) {
      fail('Scanner/INVALID_PATTERN_CHARACTER', characterAt(source, position), position);
    }
    if (character !== '\\') {
      text += character;
      position += 1;
      continue;
    }
    const escaped = source[position + 1];
    if (escaped === undefined) break;
    if (escaped === 'u' || (escaped === 'x' && bracedCode(source, position + 2) > 0xff)) {
      fail('Scanner/INVALID_PATTERN_CHARACTER', '\\', position);
    }
    text += escaped === '/' ? '/' : `\\${escaped}`;
    position += 2;
  }
  return fail('Scanner/UNTERMINATED_PATTERN', '/', start);
}

function bracedCode(source: string, position: number): number {
  const match = matchAt(/\{([0-9a-fA-F]+)\}/y, source, position);
  return match === undefined ? 0 : Number.parseInt(match.slice(1, -1), 16);
}

function finishPattern(lexeme: string, start: number, text: string): Token {
  if (text.length > limits.patternCharacters) fail('Scanner/PATTERN_TOO_LONG', '/', start);
  try {
    RE2JS.compile(text);
  } catch {
    fail('Scanner/INVALID_PATTERN', '/', start);
  }
  return { type: 'PATTERN', lexeme, charPos: start, text };
}

function matchAt(pattern: RegExp, source: string, position: number): string | undefined {
  pattern.lastIndex = position;
  return pattern.exec(source)?.[0];
}

function characterAt(source: string, position: number): string {
  const code = source.codePointAt(position);
  return code === undefined ? '' : String.fromCodePoint(code);
}

function fail(errorType: ExpressionErrorType, lexeme: string, charPos: number): never {
  throw new ExpressionFailure({ errorType, lexeme, charPos });
}
