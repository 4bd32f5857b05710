import type { ComparisonOperator, Definition, Named, Order, Query, Timeseries, Width } from './ast.ts';
import type { Cursor } from './cursor.ts';
import type { ExpressionParser } from './expressions.ts';

/** Words that begin a clause, for telling a trailing comma from another item and for suggestions. */
export const clauseWords = [
  'SELECT',
  'FROM',
  'WHERE',
  'FACET',
  'TIMESERIES',
  'SINCE',
  'UNTIL',
  'COMPARE',
  'LIMIT',
  'OFFSET',
  'ORDER',
  'WITH',
  'EXTRAPOLATE',
  'PREDICT',
  'SLIDE',
  'JOIN',
];

/** Whether a clause begins here rather than an item named like one. */
export function atClause(cursor: Cursor): boolean {
  const token = cursor.peek();
  if (token.kind !== 'word' || !clauseWords.includes(token.upper)) return false;
  const after = cursor.peek(1);
  return after.kind !== 'end' && after.kind !== 'symbol' && !(after.kind === 'word' && after.upper === 'AS');
}

/** `value [AS name], ...`. A comma before the end or before a clause is forgiven: real dashboards have it. */
export function parseItems(cursor: Cursor, expressions: ExpressionParser): Named[] {
  const items: Named[] = [];
  do {
    if (items.length > 0 && (cursor.peek().kind === 'end' || atClause(cursor))) break;
    items.push(expressions.item());
  } while (cursor.takeSymbol(','));
  return items;
}

/** `value AS name` or `value AS (a, b)` of WITH. */
export function parseDefinition(cursor: Cursor, expressions: ExpressionParser): Definition {
  const value = expressions.parse();
  if (!cursor.isWord('AS')) {
    return cursor.fail('AS and a name are missing in WITH', 'Write WITH duration * 1000 AS ms.');
  }
  if (!cursor.isSymbol('(', 1)) return { value, names: [expressions.alias() ?? ''] };
  cursor.next();
  cursor.next();
  const names: string[] = [];
  do names.push(cursor.expectText(['word', 'name', 'string'], 'A name is missing'));
  while (cursor.takeSymbol(','));
  cursor.expectSymbol(')', 'after these names');
  return { value, names };
}

export function parseTimeseries(cursor: Cursor, at: number): Timeseries {
  const width: Width = parseWidth(cursor) ?? { kind: 'auto', at, end: cursor.previousEnd() };
  let slide: Width | null = null;
  if (cursor.takeWord('SLIDE', 'BY')) {
    slide = parseWidth(cursor) ?? cursor.fail('A width is missing after SLIDE BY', 'Write SLIDE BY 1 minute.');
  }
  return { width, slide, at, end: cursor.previousEnd() };
}

function parseWidth(cursor: Cursor): Width | undefined {
  const token = cursor.peek();
  const place = () => ({ at: token.at, end: cursor.previousEnd() });
  if (cursor.takeWord('AUTO')) return { kind: 'auto', ...place() };
  if (cursor.takeWord('MAX')) return { kind: 'max', ...place() };
  if (token.kind === 'variable') {
    cursor.next();
    return { kind: 'variable', name: token.text, ...place() };
  }
  if (token.kind === 'number') {
    cursor.next();
    const unit = cursor.takeUnit() ?? 'millisecond';
    return { kind: 'fixed', amount: token.value, unit, ...place() };
  }
  const unit = cursor.takeUnit();
  return unit ? { kind: 'fixed', amount: 1, unit, ...place() } : undefined;
}

/** What follows COMPARE WITH. */
export function parseCompare(cursor: Cursor): NonNullable<Query['compare']> {
  const token = cursor.peek();
  const amount = token.kind === 'number' ? token.value : 1;
  if (token.kind === 'number') cursor.next();
  const unit = cursor.takeUnit();
  if (!unit) {
    return cursor.fail('An amount of time is missing after COMPARE WITH', 'Write COMPARE WITH 1 day ago.');
  }
  cursor.takeWord('AGO');
  return { amount, unit };
}

export function parseLimit(cursor: Cursor, at: number): NonNullable<Query['limit']> {
  const token = cursor.peek();
  if (cursor.takeWord('MAX')) return { count: 'max', at, end: token.end };
  if (token.kind === 'variable') {
    cursor.next();
    return { count: { variable: token.text }, at, end: token.end };
  }
  return { count: parseWhole(cursor, 'LIMIT', 'Write LIMIT 20 or LIMIT MAX.'), at, end: token.end };
}

export function parseWhole(cursor: Cursor, after: string, hint?: string): number {
  const token = cursor.peek();
  if (token.kind !== 'number' || !Number.isInteger(token.value)) {
    return cursor.fail(`A whole number is missing after ${after}`, hint);
  }
  cursor.next();
  return token.value;
}

/** `ASC` or `DESC`; null when neither is said. */
export function parseDirection(cursor: Cursor): Order['direction'] {
  if (cursor.takeWord('DESC')) return 'DESC';
  return cursor.takeWord('ASC') ? 'ASC' : null;
}

export function parseOrder(cursor: Cursor, expressions: ExpressionParser): Query['order'] {
  const order: Query['order'] = [];
  do {
    const value = expressions.parse();
    order.push({ value, direction: parseDirection(cursor) });
  } while (cursor.takeSymbol(','));
  return order;
}

const operators: Record<string, ComparisonOperator> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** `< 1` at the end of a query, which makes it a gate; undefined when no comparison stands here. */
export function parseComparison(cursor: Cursor): Query['comparison'] | undefined {
  const token = cursor.peek();
  const operator = token.kind === 'symbol' ? operators[token.text] : undefined;
  if (!operator) return undefined;
  cursor.next();
  const negative = cursor.takeSymbol('-');
  const number = cursor.peek();
  if (number.kind !== 'number') {
    return cursor.fail('A number is missing after this comparison', 'A gate ends like SELECT ... FROM ... < 1.');
  }
  cursor.next();
  return { operator, threshold: negative ? -number.value : number.value, at: token.at, end: number.end };
}
