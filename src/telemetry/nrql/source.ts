import { tableOf, tables } from '../tables.ts';
import { hasAggregate } from './aggregates.ts';
import type { Join, Query } from './ast.ts';
import type { BuiltSelect, SelectOptions } from './built.ts';
import type { Context } from './context.ts';
import { countedCells } from './counted.ts';
import { compile } from './expression-sql.ts';
import { columnFields, type Fields, joinedFields, recordFields, type Value } from './fields.ts';
import { NrqlError } from './problems.ts';
import { rollupCells } from './rollup.ts';
import { readCells, readCounted, readRecords } from './scope.ts';

/** Builds what a query asks from inside another. */
export type Nest = (query: Query, options: SelectOptions) => BuiltSelect;

export interface SourceSql {
  sql: string;
  fields: Fields;
  /** Columns that SELECT * of records shows. */
  star: { name: string; kind: 'string' | 'number' | 'boolean' | 'time' }[] | null;
  /** Columns that SELECT * of a subquery shows. */
  columns: string[];
  /** The order of rows where a query asks for none. */
  order: string[];
  /** Set where sums stand for points, so that reading it twice costs more than grouping all of it. */
  few?: boolean | undefined;
}

/** What FROM reads: records of event types, what a subquery gives, or the one joined with the other. */
export function sourceOf(
  query: Query,
  options: SelectOptions,
  nest: Nest,
  context: (fields: Fields) => Context,
): SourceSql {
  const left = readFrom(query, options, nest);
  return query.join ? joined(query.join, left, options, nest, context) : left;
}

function readFrom(query: Query, options: SelectOptions, nest: Nest): SourceSql {
  const { params, catalogue, scope, window } = options;
  const inner = query.from.find((source) => source.kind === 'subquery');
  if (inner?.kind === 'subquery') {
    if (query.from.length > 1)
      throw new NrqlError(inner, 'A subquery stands alone after FROM', undefined, 'unsupported');
    const { sql, columns, instant } = nest(inTime(inner.query, query, options), options);
    const fields = columnFields(columns, params, instant);
    return { sql: `(${sql})`, fields, star: null, columns: columns.map(({ name }) => name), order: [] };
  }
  if (query.from.length === 0) {
    return { sql: '(SELECT 1)', fields: columnFields([], params), star: null, columns: [], order: [] };
  }
  const eventTypes = query.from.map((source) => {
    if (source.kind === 'type') return source.name;
    if (source.kind === 'lookup')
      throw new NrqlError(source, 'FROM lookup() is not answered yet', undefined, 'unsupported');
    throw new NrqlError(
      source,
      source.kind === 'variable' ? `{{${source.name}}} has no value here` : 'This cannot be read',
    );
  });
  const from = [...new Set(eventTypes.map(tableOf))];
  const promoted = new Map(
    from.flatMap((table) => tables[table].promoted.map(({ name, type }) => [name, type] as const)),
  );
  const cells = rollupCells(query, catalogue, window, options.buckets);
  // Counts tell environments apart, but not releases.
  const counted = cells || scope.release !== undefined ? null : countedCells(query, catalogue, window, options.buckets);
  const fields = recordFields(eventTypes, from, catalogue, params);
  return {
    ...(cells
      ? { sql: readCells(scope, window, cells, params), fields: { ...fields, instant: 'began' } }
      : counted
        ? {
            sql: readCounted(scope, window, counted, params),
            fields: { ...fields, instant: 'began', records: 'records' },
          }
        : { sql: readRecords(eventTypes, scope, window, params), fields }),
    few: cells !== null || counted !== null,
    star: [...promoted].map(([name, kind]) => ({ name, kind })),
    columns: [],
    order: ['timestamp DESC', 'seq DESC'],
  };
}

/** A subquery of groups under a chart: it is asked in the chart's buckets where it says nothing of time itself. */
function inTime(inner: Query, outer: Query, { buckets }: SelectOptions): Query {
  const grouped = inner.facet.length > 0 || inner.select.some(({ value }) => hasAggregate(value));
  if (!outer.timeseries || !buckets || inner.timeseries || inner.since || inner.until || !grouped) return inner;
  if (outer.timeseries.slide) return inner;
  const { at, end } = inner;
  const width = { kind: 'fixed', amount: buckets.widthMs, unit: 'millisecond', at, end } as const;
  return { ...inner, timeseries: { width, slide: null, at, end } };
}

/** A key matches so many rows of the joined subquery at most. */
const rowsOfKey = 100;

/** JOIN with a subquery on one equality. Columns of the subquery stand beside those of the records. */
function joined(
  join: Join,
  left: SourceSql,
  options: SelectOptions,
  nest: Nest,
  context: (fields: Fields) => Context,
): SourceSql {
  const { query, kind } = join;
  if (query.timeseries) throw new NrqlError(query.timeseries, 'TIMESERIES cannot stand in the subquery of JOIN');
  const built = nest({ ...query, limit: query.limit ?? { count: 10, at: query.at, end: query.end } }, options);
  const rightFields = columnFields(built.columns, options.params);
  const missing = join.right.kind === 'attribute' && !rightFields.known(join.right.name) ? join.right.name : undefined;
  if (missing !== undefined) {
    throw new NrqlError(
      join.right,
      `The subquery of JOIN has no column "${missing}"`,
      `It has: ${built.columns.map(({ name }) => name).join(', ')}. Group it by the key: FACET ${missing}.`,
    );
  }
  const key = (value: Value): string => (value.type === 'string' ? value.sql : `toString(${value.sql})`);
  const on = [compile(join.left, 'any', context(left.fields)), compile(join.right, 'any', context(rightFields))].map(
    key,
  );
  // A row without a partner has NULL in these, not a zero.
  const columns = built.columns.map(({ sql, type }) =>
    type === 'list' || type === 'histogram' ? sql : `toNullable(${sql}) AS ${sql}`,
  );
  const right = `(SELECT ${columns.join(', ')} FROM (${built.sql}) LIMIT ${rowsOfKey} BY ${on[1]})`;
  return {
    sql: `(SELECT * FROM ${left.sql} AS joining ${kind === 'left' ? 'LEFT' : 'INNER'} JOIN ${right} AS joined ON ${on.join(' = ')})`,
    fields: joinedFields(left.fields, rightFields, join.right.kind === 'attribute' ? join.right.name : undefined),
    star: null,
    columns: [...left.columns, ...built.columns.map(({ name }) => name)],
    order: left.order,
  };
}
