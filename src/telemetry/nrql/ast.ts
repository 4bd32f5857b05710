/** Where a piece of a query stands: offsets into its text, `end` exclusive. */
export interface Place {
  at: number;
  end: number;
}

export const timeUnits = [
  'millisecond',
  'second',
  'minute',
  'hour',
  'day',
  'week',
  'month',
  'quarter',
  'year',
] as const;
export type TimeUnit = (typeof timeUnits)[number];

type ArithmeticOperator = '+' | '-' | '*' | '/';
export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | 'and' | 'or';

export type Expression = Place &
  (
    | { kind: 'number'; value: number }
    | { kind: 'string'; value: string }
    /** r'...': backslashes stand for themselves. */
    | { kind: 'regex'; value: string }
    | { kind: 'boolean'; value: boolean }
    | { kind: 'null' }
    /** `5 minutes` as an argument. */
    | { kind: 'duration'; amount: number; unit: TimeUnit }
    /** `{{name}}` of a dashboard. */
    | { kind: 'variable'; name: string }
    | { kind: 'attribute'; name: string }
    | { kind: 'star' }
    | { kind: 'call'; name: string; args: Argument[] }
    /** `metric[latest]`, `list[0]`. */
    | { kind: 'index'; target: Expression; key: Expression }
    | { kind: 'negate'; operand: Expression }
    | { kind: 'not'; operand: Expression }
    | { kind: 'binary'; operator: BinaryOperator; left: Expression; right: Expression }
    | { kind: 'is'; operand: Expression; what: 'null' | 'true' | 'false'; negated: boolean }
    | { kind: 'in'; operand: Expression; choices: Expression[]; negated: boolean }
    | { kind: 'like'; operand: Expression; pattern: Expression; regex: boolean; negated: boolean }
    | { kind: 'subquery'; query: Query }
  );

export type ExpressionOf<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;

/** One argument of a call: `width: 10`, `WHERE error IS true`, `WHERE page = '/a' AS 'start'`. */
export interface Argument {
  label: string | null;
  /** Written with the word WHERE. */
  condition: boolean;
  value: Expression;
  alias: string | null;
}

export interface Named {
  value: Expression;
  alias: string | null;
}

/** `WITH expr AS name`; several names take the members of a list (`capture`, `aparse`). */
export interface Definition {
  value: Expression;
  names: string[];
}

export type Source = Place &
  (
    | { kind: 'type'; name: string }
    | { kind: 'subquery'; query: Query }
    | { kind: 'lookup'; name: string }
    | { kind: 'variable'; name: string }
  );

export interface Join {
  kind: 'inner' | 'left';
  query: Query;
  left: Expression;
  right: Expression;
}

export type Moment = Place &
  (
    | { kind: 'now' }
    | { kind: 'epoch'; ms: number }
    | { kind: 'ago'; amount: number; unit: TimeUnit }
    /** today, yesterday, monday..sunday; `clock` is `hh:mm[:ss]` of AT. */
    | { kind: 'day'; day: string; clock: string | null }
    | { kind: 'period'; which: 'this' | 'last'; unit: TimeUnit }
    | { kind: 'written'; text: string }
    | { kind: 'variable'; name: string }
  );

/** Width of buckets: a number of milliseconds, or one chosen from the window. */
export type Width = Place &
  (
    | { kind: 'fixed'; amount: number; unit: TimeUnit }
    | { kind: 'auto' }
    | { kind: 'max' }
    | { kind: 'variable'; name: string }
  );

export interface Timeseries extends Place {
  width: Width;
  slide: Width | null;
}

export interface Order {
  value: Expression;
  /** Null where nothing is said: rows come rising, groups falling. */
  direction: 'ASC' | 'DESC' | null;
}

export interface Query extends Place {
  kind: 'select' | 'show-event-types';
  select: Named[];
  from: Source[];
  join: Join | null;
  with: Definition[];
  /** Several WHERE clauses are all meant. */
  where: Expression[];
  facet: Named[];
  /** FACET ... ORDER BY: decides which groups survive LIMIT. */
  facetOrder: Order | null;
  timeseries: Timeseries | null;
  since: Moment | null;
  until: Moment | null;
  compare: { amount: number; unit: TimeUnit } | null;
  limit: (Place & { count: number | 'max' | { variable: string } }) | null;
  offset: number | null;
  order: Order[];
  timezone: (Place & { name: string }) | null;
  metricFormat: string | null;
  extrapolate: boolean;
  predict: Place | null;
  /** `SELECT ... < 1`: a gate. */
  comparison: (Place & { operator: ComparisonOperator; threshold: number }) | null;
}
