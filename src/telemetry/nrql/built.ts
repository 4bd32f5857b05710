import type { Context } from './context.ts';
import type { Catalogue, ValueType } from './fields.ts';
import type { Params } from './params.ts';
import type { Scope } from './scope.ts';
import type { Unit } from './units.ts';
import type { Buckets, Window } from './window.ts';

/** One column of a result. */
export interface Output {
  key: string;
  label: string;
  role: 'facet' | 'value' | 'attribute';
  kind: 'number' | 'string' | 'boolean' | 'time' | 'histogram' | 'list' | 'any';
  unit: Unit | null;
  expression: string;
  /** Its value in a bucket without records. */
  empty: 0 | null;
  histogram: { start: number; width: number; buckets: number } | null;
}

export interface SelectOptions {
  scope: Scope;
  catalogue: Catalogue;
  now: number;
  params: Params;
  window: Window;
  /** With COMPARE WITH: the main window, whose groups are asked about. */
  groupsWindow: Window | null;
  buckets: Buckets | null;
  zone: string;
  limit: number;
  warn: Context['warn'];
  /** Inside another query: exactly `limit` groups, no surplus one. */
  nested?: boolean | undefined;
  /** Numbers the selects of one statement, so that their column names never meet. */
  serial?: { next: number } | undefined;
}

export interface BuiltSelect {
  sql: string;
  outputs: Output[];
  /** SQL names and types of the outputs, for an enclosing query. */
  columns: { name: string; sql: string; type: ValueType }[];
  facetCount: number;
  rows: boolean;
  star: { name: string; kind: 'string' | 'number' | 'boolean' | 'time' }[] | null;
  /** As `sql`, of all groups and not only those that survive LIMIT; null where there may be too many. */
  unranked?: string | null | undefined;
  /** SQL of the time of a row, when it has one. */
  instant: string | undefined;
}
