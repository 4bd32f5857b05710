import { rollupReadings, rollups, seriesLabels } from '../rollups.ts';
import { computedColumns } from '../samples.ts';
import { frameColumns, mapColumns, type TableName, tableNames, tableOf, tables } from '../tables.ts';
import type { Params } from './params.ts';
import type { Cells } from './rollup.ts';
import type { Window } from './window.ts';

/**
 * Whose records a query may see. It is put around every table read by {@link readRecords}, the only place that names a
 * table, inside a subquery of its own: no condition of the query's text stands beside it.
 */
export interface Scope {
  /** Only this project; null for every project (and what belongs to none). */
  projectId: string | null;
  /** Only records of this environment and release (gates). */
  environment?: string | undefined;
  release?: string | undefined;
}

const micros = (ms: number): number => Math.round(ms * 1000);

/** A parenthesized FROM operand: all records of these event types (null: of every type) in the window
 * that the scope allows. */
export function readRecords(
  eventTypes: readonly string[] | null,
  scope: Scope,
  window: Window,
  params: Params,
): string {
  const byTable = new Map<TableName, string[]>();
  if (!eventTypes) for (const table of tableNames) byTable.set(table, []);
  for (const type of eventTypes ?? []) {
    const table = tableOf(type);
    byTable.set(table, [...(byTable.get(table) ?? []), type]);
  }
  const from = [...byTable.keys()];
  // One table is read as it is; several are brought to the columns that any of them has.
  const columns = from.length === 1 ? undefined : unionColumns(from);
  const parts = [...byTable].map(([table, types]) => {
    const conditions = [
      ...owned(scope, eventTypes && types, params),
      `timestamp >= ${instantOf(window.since, params)}`,
      `timestamp < ${instantOf(window.until, params)}`,
    ];
    return `SELECT ${columns ? columns(table) : allOf(table)} FROM ${table} WHERE ${conditions.join(' AND ')}`;
  });
  return `(${parts.join(' UNION ALL ')})`;
}

function owned(scope: Scope, types: readonly string[] | null, params: Params): string[] {
  return [
    ...(scope.projectId === null ? [] : [`projectId = ${params.text(scope.projectId)}`]),
    ...(types ? [`type IN (${types.map((type) => params.text(type)).join(', ')})`] : []),
    ...(scope.environment === undefined ? [] : [`environment = ${params.text(scope.environment)}`]),
    ...(scope.release === undefined ? [] : [`release = ${params.text(scope.release)}`]),
  ];
}

const instantOf = (ms: number, params: Params): string =>
  `fromUnixTimestamp64Micro(${params.bind(micros(ms), 'Int64')}, 'UTC')`;

/**
 * As {@link readRecords} for points of metrics, with whole cells from their rollup and only what lies around them as points. `began` is
 * the time that tells the bucket.
 */
export function readCells(scope: Scope, window: Window, cells: Cells, params: Params): string {
  const whose = owned(scope, ['Metric'], params);
  const second = (ms: number): string => `toDateTime(${params.bind(ms / 1000, 'Int64')}, 'UTC')`;
  const kept = ['projectId', 'type', ...seriesLabels];
  const read = (table: string, readings: readonly string[], conditions: string[]): string =>
    `SELECT ${[...kept, ...readings].join(', ')} FROM ${table} WHERE ${[...whose, ...conditions].join(' AND ')}`;
  const rolled = read(
    rollups.name,
    [
      'strings',
      'toUInt64(0) AS seq',
      "toDateTime64(cell, 6, 'UTC') AS began",
      ...rollupReadings.map(([name, sql]) => `${sql} AS ${name}`),
    ],
    [`cell >= ${second(cells.since)}`, `cell < ${second(cells.until)}`],
  );
  const around = [
    [window.since, cells.since],
    [cells.until, window.until],
  ].flatMap(([from, to]) =>
    from! < to! ? [`(timestamp >= ${instantOf(from!, params)} AND timestamp < ${instantOf(to!, params)})`] : [],
  );
  if (around.length === 0) return `(${rolled})`;
  const points = read(
    'telemetry_samples',
    ['strings', 'seq', 'timestamp AS began', ...rollupReadings.map(([name]) => name)],
    [`(${around.join(' OR ')})`],
  );
  return `(${rolled} UNION ALL ${points})`;
}

/** Computed columns are not part of `*`. */
const allOf = (table: TableName): string =>
  table === 'telemetry_samples' ? `*, ${computedColumns.map(([name]) => name).join(', ')}` : '*';

/** Maps are of one type in every table but that of samples. */
const united = (map: string): string =>
  map === 'strings' ? "CAST(strings, 'Map(LowCardinality(String), String)') AS strings" : map;

function unionColumns(from: TableName[]): (table: TableName) => string {
  const promoted = new Map<string, string>();
  for (const table of from) {
    for (const { name, type } of tables[table].promoted) {
      promoted.set(
        name,
        type === 'string'
          ? "''"
          : type === 'boolean'
            ? "CAST(NULL, 'Nullable(Bool)')"
            : "CAST(NULL, 'Nullable(Float64)')",
      );
    }
  }
  return (table) => {
    const own = new Set(tables[table].promoted.map((column) => column.name));
    return [
      ...frameColumns.map(([name]) => name),
      ...[...promoted].map(([name, absent]) => {
        if (!own.has(name)) return `${absent} AS ${name}`;
        // LowCardinality in one table and plain in another do not unite by themselves.
        return absent === "''" ? `CAST(${name}, 'String') AS ${name}` : name;
      }),
      ...mapColumns.map(([name]) => (from.includes('telemetry_samples') ? united(name) : name)),
    ].join(', ');
  };
}
