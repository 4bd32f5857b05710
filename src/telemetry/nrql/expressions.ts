import type { Argument, BinaryOperator, Expression, Named, Place, Query } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { otherNames } from './words.ts';

/** Binding powers, weakest first. Comparisons do not chain: `a = 1 = 0` leaves `= 0` to the query, where it is a gate. */
const powers = { or: 1, and: 2, not: 3, comparison: 4, sum: 5, product: 6, negate: 7 } as const;

const comparisons: Record<string, BinaryOperator> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** How a subquery is parsed; given by the clause parser, which needs expressions itself. */
export type ParseQuery = (cursor: Cursor) => Query;

/** Parses expressions by precedence climbing (Pratt). Words are keywords only where an operator may stand. */
export class ExpressionParser {
  readonly #cursor: Cursor;
  readonly #parseQuery: ParseQuery;
  /** The name given inside parentheses, `(latest(x) AS 'now')`, until the item takes it. */
  #innerAlias: string | null = null;

  constructor(cursor: Cursor, parseQuery: ParseQuery) {
    this.#cursor = cursor;
    this.#parseQuery = parseQuery;
  }

  parse(power = 0): Expression {
    return this.#cursor.nested(this.#cursor.peek(), () => {
      // Once something answers yes or no, only AND and OR may follow (unless it stood in parentheses).
      let settled = this.#atNot();
      let left = this.#prefix();
      for (;;) {
        const extended = this.#infix(left, power, settled);
        if (!extended) return left;
        settled = !isArithmetic(extended);
        left = extended;
      }
    });
  }

  #prefix(): Expression {
    const cursor = this.#cursor;
    const token = cursor.peek();
    const from = token.at;
    if (token.kind === 'symbol' && token.text === '-') {
      cursor.next();
      return this.#close({ kind: 'negate', operand: this.parse(powers.negate) }, from);
    }
    if (token.kind === 'symbol' && token.text === '+') {
      cursor.next();
      return this.parse(powers.negate);
    }
    if (this.#atNot()) {
      cursor.next();
      return this.#close({ kind: 'not', operand: this.parse(powers.not) }, from);
    }
    return this.#indexed(this.#primary());
  }

  /** Whether NOT stands here as an operator; it is an attribute's name where an operator or the end follows. */
  #atNot(): boolean {
    return this.#cursor.isWord('NOT') && this.#startsOperand(1);
  }

  #primary(): Expression {
    const cursor = this.#cursor;
    const token = cursor.peek();
    const from = token.at;
    switch (token.kind) {
      case 'number': {
        cursor.next();
        const unit = cursor.takeUnit();
        return this.#close(
          unit ? { kind: 'duration', amount: token.value, unit } : { kind: 'number', value: token.value },
          from,
        );
      }
      case 'string':
        cursor.next();
        return this.#close({ kind: 'string', value: token.text }, from);
      case 'regex':
        cursor.next();
        return this.#close({ kind: 'regex', value: token.text }, from);
      case 'variable':
        cursor.next();
        return this.#close({ kind: 'variable', name: token.text }, from);
      case 'name':
        cursor.next();
        return this.#close({ kind: 'attribute', name: token.text }, from);
      case 'word':
        return this.#word(token.text, token.upper, from);
      case 'symbol':
        if (token.text === '*') {
          cursor.next();
          return this.#close({ kind: 'star' }, from);
        }
        if (token.text === '(') return this.#parenthesized(from);
        break;
      default:
    }
    return cursor.fail('A value is missing here', 'Expected an attribute, a function, a number or a quoted text.');
  }

  #word(text: string, upper: string, from: number): Expression {
    const cursor = this.#cursor;
    cursor.next();
    if (cursor.isSymbol('(')) return this.#call(text, from);
    if (upper === 'TRUE' || upper === 'FALSE') return this.#close({ kind: 'boolean', value: upper === 'TRUE' }, from);
    if (upper === 'NULL') return this.#close({ kind: 'null' }, from);
    return this.#close({ kind: 'attribute', name: text }, from);
  }

  #parenthesized(from: number): Expression {
    const cursor = this.#cursor;
    cursor.next();
    if (this.startsQuery()) {
      const query = cursor.nested({ at: from, end: from + 1 }, () => this.#parseQuery(cursor));
      cursor.expectSymbol(')', 'after this subquery');
      return this.#close({ kind: 'subquery', query }, from);
    }
    const inner = this.parse();
    this.#innerAlias = this.alias() ?? this.#innerAlias;
    cursor.expectSymbol(')', 'after this expression');
    return inner;
  }

  /** Whether a query begins here: SELECT or FROM that is not the name of an attribute. */
  startsQuery(): boolean {
    const cursor = this.#cursor;
    if (!cursor.isWord('SELECT') && !cursor.isWord('FROM') && !cursor.isWord('WITH')) return false;
    const after = cursor.peek(1);
    return (
      after.kind !== 'end' &&
      (after.kind !== 'symbol' || after.text === '(' || after.text === '*' || after.text === '-')
    );
  }

  #call(name: string, from: number): Expression {
    const cursor = this.#cursor;
    cursor.expectSymbol('(', `after ${name}`);
    const args: Argument[] = [];
    while (!cursor.isSymbol(')')) {
      args.push(this.#argument());
      if (!cursor.takeSymbol(',')) break;
    }
    if (!cursor.isSymbol(')')) cursor.fail(`"," or ")" is missing in ${name}(...)`);
    cursor.next();
    const lower = name.toLowerCase();
    return this.#close({ kind: 'call', name: otherNames[lower] ?? lower, args }, from);
  }

  #argument(): Argument {
    const cursor = this.#cursor;
    let label: string | null = null;
    const token = cursor.peek();
    if (token.kind === 'word' && cursor.isSymbol(':', 1)) {
      label = token.text.toLowerCase();
      cursor.next();
      cursor.next();
    }
    const condition = cursor.isWord('WHERE') && this.#startsOperand(1) && cursor.takeWord('WHERE');
    const value = this.startsQuery() ? this.#bareSubquery() : this.parse();
    return { label, condition, value, alias: this.alias() };
  }

  #bareSubquery(): Expression {
    const from = this.#cursor.peek().at;
    return this.#close({ kind: 'subquery', query: this.#parseQuery(this.#cursor) }, from);
  }

  /** An item and its name, which real dashboards write inside its parentheses too. */
  item(): Named {
    this.#innerAlias = null;
    const value = this.parse();
    return { value, alias: this.alias() ?? this.#innerAlias };
  }

  /** `AS 'label'`, `AS label`; null when there is none. */
  alias(): string | null {
    const cursor = this.#cursor;
    if (!cursor.isWord('AS')) return null;
    cursor.next();
    const token = cursor.peek();
    if (token.kind === 'string' || token.kind === 'word' || token.kind === 'name' || token.kind === 'variable') {
      cursor.next();
      return token.kind === 'variable' ? `{{${token.text}}}` : token.text;
    }
    return cursor.fail('A name is missing after AS', "Write AS 'a name'.");
  }

  #indexed(target: Expression): Expression {
    let result = target;
    while (this.#cursor.takeSymbol('[')) {
      const key = this.parse();
      this.#cursor.expectSymbol(']', 'after this key');
      result = this.#close({ kind: 'index', target: result, key }, target.at);
    }
    return result;
  }

  /** The expression extended by the operator that stands here, or undefined when none binds stronger than `power`. */
  #infix(left: Expression, power: number, settled: boolean): Expression | undefined {
    const cursor = this.#cursor;
    const token = cursor.peek();
    if (token.kind === 'word' && token.upper === 'AND') return this.#binary(left, 'and', powers.and, power);
    if (token.kind === 'word' && token.upper === 'OR') return this.#binary(left, 'or', powers.or, power);
    if (settled) return undefined;
    if (token.kind === 'symbol') {
      if (token.text === '*' || token.text === '/') return this.#binary(left, token.text, powers.product, power);
      if (token.text === '+' || token.text === '-') return this.#binary(left, token.text, powers.sum, power);
      const comparison = comparisons[token.text];
      return comparison && this.#binary(left, comparison, powers.comparison, power);
    }
    if (token.kind !== 'word' || powers.comparison <= power) return undefined;
    if (token.upper === 'IS') return this.#is(left);
    const negated = token.upper === 'NOT';
    const word = negated ? cursor.peek(1) : token;
    if (word.kind !== 'word') return undefined;
    if (word.upper === 'IN') return this.#in(left, negated);
    if (word.upper === 'LIKE' || word.upper === 'RLIKE') return this.#like(left, negated, word.upper === 'RLIKE');
    return undefined;
  }

  #binary(left: Expression, operator: BinaryOperator, own: number, power: number): Expression | undefined {
    if (own <= power) return undefined;
    this.#cursor.next();
    return this.#close({ kind: 'binary', operator, left, right: this.parse(own) }, left.at);
  }

  #is(operand: Expression): Expression {
    const cursor = this.#cursor;
    cursor.next();
    const negated = cursor.takeWord('NOT');
    for (const what of ['null', 'true', 'false'] as const) {
      if (cursor.takeWord(what.toUpperCase())) return this.#close({ kind: 'is', operand, what, negated }, operand.at);
    }
    return cursor.fail(
      `NULL, TRUE or FALSE is missing after IS${negated ? ' NOT' : ''}`,
      'Compare other values with = or !=.',
    );
  }

  #in(operand: Expression, negated: boolean): Expression {
    const cursor = this.#cursor;
    cursor.next();
    if (negated) cursor.next();
    if (!cursor.isSymbol('(')) {
      const choice = this.#primary();
      if (choice.kind !== 'variable') cursor.fail('"(" is missing after IN', "Write IN ('a', 'b').");
      return this.#close({ kind: 'in', operand, choices: [choice], negated }, operand.at);
    }
    cursor.next();
    const choices: Expression[] = [];
    if (this.startsQuery()) choices.push(this.#bareSubquery());
    else {
      while (!cursor.isSymbol(')')) {
        choices.push(this.parse());
        if (!cursor.takeSymbol(',')) break;
      }
    }
    cursor.expectSymbol(')', 'at the end of this list');
    return this.#close({ kind: 'in', operand, choices, negated }, operand.at);
  }

  #like(operand: Expression, negated: boolean, regex: boolean): Expression {
    const cursor = this.#cursor;
    cursor.next();
    if (negated) cursor.next();
    const pattern = this.parse(powers.comparison);
    return this.#close({ kind: 'like', operand, pattern, regex, negated }, operand.at);
  }

  /** Whether what stands `ahead` can begin a value; tells a keyword from an attribute of the same name. */
  #startsOperand(ahead: number): boolean {
    const token = this.#cursor.peek(ahead);
    if (token.kind === 'end') return false;
    if (token.kind === 'symbol') return token.text === '(' || token.text === '-' || token.text === '*';
    return token.kind !== 'word' || !['IS', 'IN', 'LIKE', 'RLIKE', 'AND', 'OR', 'AS'].includes(token.upper);
  }

  #close<const Shape extends object>(shape: Shape, at: number): Shape & Place {
    return { ...shape, at, end: this.#cursor.previousEnd() };
  }
}

function isArithmetic(expression: Expression): boolean {
  return expression.kind === 'binary' && ['+', '-', '*', '/'].includes(expression.operator);
}
