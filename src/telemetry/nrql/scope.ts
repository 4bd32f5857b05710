import { computedColumns } from '../samples.ts';
import { frameColumns, mapColumns, type TableName, tableNames, tableOf, tables } from '../tables.ts';
import type { Params } from './params.ts';
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
      ...(scope.projectId === null ? [] : [`projectId = ${params.text(scope.projectId)}`]),
      ...(eventTypes ? [`type IN (${types.map((type) => params.text(type)).join(', ')})`] : []),
      `timestamp >= fromUnixTimestamp64Micro(${params.bind(micros(window.since), 'Int64')}, 'UTC')`,
      `timestamp < fromUnixTimestamp64Micro(${params.bind(micros(window.until), 'Int64')}, 'UTC')`,
      ...(scope.environment === undefined ? [] : [`environment = ${params.text(scope.environment)}`]),
      ...(scope.release === undefined ? [] : [`release = ${params.text(scope.release)}`]),
    ];
    return `SELECT ${columns ? columns(table) : allOf(table)} FROM ${table} WHERE ${conditions.join(' AND ')}`;
  });
  return `(${parts.join(' UNION ALL ')})`;
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
