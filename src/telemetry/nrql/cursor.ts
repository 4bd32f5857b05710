import { type Place, type TimeUnit, timeUnits } from './ast.ts';
import type { Token } from './lexer.ts';
import { NrqlError } from './problems.ts';

/** Deepest nesting of parentheses, calls and subqueries. */
const maxDepth = 60;

/** A position in a list of tokens, with the questions a parser asks. */
export class Cursor {
  readonly #tokens: Token[];
  #index = 0;
  #depth = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)]!;
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#index += 1;
    return token;
  }

  /** End offset of the token just taken. */
  previousEnd(): number {
    return this.#tokens[this.#index - 1]?.end ?? 0;
  }

  /** Whether the coming tokens are these words (any case), one after the other. */
  isWord(...words: string[]): boolean {
    return words.every((word, ahead) => {
      const token = this.peek(ahead);
      return token.kind === 'word' && token.upper === word;
    });
  }

  takeWord(...words: string[]): boolean {
    if (!this.isWord(...words)) return false;
    this.#index += words.length;
    return true;
  }

  isSymbol(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'symbol' && token.text === text;
  }

  takeSymbol(text: string): boolean {
    if (!this.isSymbol(text)) return false;
    this.#index += 1;
    return true;
  }

  expectSymbol(text: string, after: string): void {
    if (!this.takeSymbol(text)) this.fail(`"${text}" is missing ${after}`);
  }

  expectWord(word: string, after: string): void {
    if (!this.takeWord(word)) this.fail(`${word} is missing ${after}`);
  }

  /** The text of the coming token, taken, when it is of one of these kinds; fails otherwise. */
  expectText(kinds: readonly ('word' | 'name' | 'string' | 'variable')[], message: string, hint?: string): string {
    const token = this.peek();
    if (token.kind === 'end' || token.kind === 'number' || token.kind === 'symbol' || token.kind === 'regex') {
      return this.fail(message, hint);
    }
    if (!kinds.includes(token.kind)) return this.fail(message, hint);
    this.#index += 1;
    return token.text;
  }

  /** The unit of time at the cursor (`minutes`, `h`), taken; undefined when there is none. */
  takeUnit(): TimeUnit | undefined {
    const unit = unitOf(this.peek());
    if (unit) this.#index += 1;
    return unit;
  }

  hasUnit(ahead = 0): boolean {
    return unitOf(this.peek(ahead)) !== undefined;
  }

  /** Fails at the coming token, naming what stands there. */
  fail(message: string, hint?: string): never {
    throw new NrqlError(this.peek(), `${message}; ${describe(this.peek())}`, hint, 'syntax');
  }

  nested<Result>(place: Place, work: () => Result): Result {
    this.#depth += 1;
    if (this.#depth > maxDepth)
      throw new NrqlError(place, `A query is nested at most ${maxDepth} deep`, undefined, 'syntax');
    try {
      return work();
    } finally {
      this.#depth -= 1;
    }
  }
}

/** What stands here, for messages. */
function describe(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'the query ends here';
    case 'number':
      return `found ${token.value}`;
    case 'string':
      return `found '${token.text.slice(0, 40)}'`;
    case 'variable':
      return `found {{${token.text}}}`;
    default:
      return `found "${token.text.slice(0, 40)}"`;
  }
}

const shortUnits: Record<string, TimeUnit> = {
  MS: 'millisecond',
  S: 'second',
  M: 'minute',
  H: 'hour',
  D: 'day',
  W: 'week',
};

function unitOf(token: Token): TimeUnit | undefined {
  if (token.kind !== 'word') return undefined;
  const singular = token.upper.toLowerCase().replace(/s$/, '');
  return timeUnits.find((unit) => unit === singular) ?? shortUnits[token.upper];
}
