import type { Expression, ExpressionOf, Query } from './ast.ts';
import type { Catalogue, Fields, Value, ValueType, Want } from './fields.ts';
import type { Params } from './params.ts';
import type { Window } from './window.ts';

/** Everything an expression is compiled against. */
export interface Context {
  params: Params;
  fields: Fields;
  catalogue: Catalogue;
  /** `row`: values of one record; `aggregate`: values of a group. */
  level: 'row' | 'aggregate';
  /** Condition of an enclosing filter(): aggregates count only what it holds for. */
  condition: string | null;
  /** Facet keys by their printed expression; an aggregate expression may use them. */
  keys: ReadonlyMap<string, Value>;
  definitions: ReadonlyMap<string, { value: Expression; member: number | null }>;
  zone: string;
  window: Window;
  /** Width that rates refer to: a bucket's, or the window's. */
  spanMs: number;
  /** SQL of the end of the aggregated span, Unix milliseconds. */
  spanEnd: string;
  warn(place: { at: number; end: number }, message: string, hint?: string): void;
  /** What aggregates ran over; decides whether records of other metrics can be left out. */
  used: { metrics: Set<string>; others: boolean };
  /** SQL of a subquery with one column, for IN and for WITH (SELECT ...). */
  subquery(query: Query): { sql: string; column: string; type: ValueType };
  /** Compiles an expression inside this one. */
  compile(expression: Expression, want: Want, context: Context): Value;
}

/** Says so when nothing of this name has come in: most often a misspelling, and the answer would silently be empty. */
export function warnOfUnknown(attribute: ExpressionOf<'attribute'>, { fields, catalogue, warn }: Context): void {
  const { name } = attribute;
  if (fields.known(name) || catalogue.isMetric(name) || name.includes('%')) return;
  if (fields.eventType && catalogue.blind) return;
  const near = fields.suggest(name);
  const message = fields.eventType
    ? `No record asked here has had the attribute "${name}"`
    : `The subquery has no column "${name}"`;
  warn(attribute, message, near ? `Did you mean ${near}?` : undefined);
}

/** SQL of a yes or no, never in need of parentheses. NULL counts as no wherever it decides. */
export function truth(expression: Expression, context: Context): string {
  const value = context.compile(expression, 'boolean', context);
  switch (value.type) {
    case 'boolean':
      return `(${value.sql})`;
    case 'number':
    case 'time':
      return `(${value.sql} != 0)`;
    case 'string':
      return `(lower(${value.sql}) = 'true')`;
    default:
      return `(${value.sql})`;
  }
}
