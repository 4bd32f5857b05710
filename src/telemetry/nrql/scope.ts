import { rollupReadings, rollups, seriesLabels } from '../rollups.ts';
import { computedColumns } from '../samples.ts';
import { frameColumns, mapColumns, type TableName, tableNames, tableOf, tables } from '../tables.ts';
import { bucket, countedOf } from '../volume-projection.ts';
import type { CountedCells } from './counted.ts';
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
  const kept = ['projectId', 'type', ...seriesLabels];
  const read = (table: string, readings: readonly string[], conditions: string[]): string =>
    `SELECT ${[...kept, ...readings].join(', ')} FROM ${table} WHERE ${[...whose, ...conditions].join(' AND ')}`;
  const rolled = read(
    rollups.name,
    [
      'labels',
      'toUInt64(0) AS seq',
      "toDateTime64(cell, 6, 'UTC') AS began",
      ...rollupReadings.map(([name, sql]) => `${sql} AS ${name}`),
    ],
    [`cell >= ${secondOf(cells.since, params)}`, `cell < ${secondOf(cells.until, params)}`],
  );
  const around = aroundOf(window, cells, params);
  if (around.length === 0) return `(${rolled})`;
  const points = read(
    'telemetry_samples',
    ['labels', 'seq', 'timestamp AS began', ...rollupReadings.map(([name]) => name)],
    [`(${around.join(' OR ')})`],
  );
  return `(${rolled} UNION ALL ${points})`;
}

const secondOf = (ms: number, params: Params): string => `toDateTime(${params.bind(ms / 1000, 'Int64')}, 'UTC')`;

/** Conditions on what of a window lies before and after its whole cells; `more` is said of each, which lies in one cell (Unix ms). */
function aroundOf(window: Window, cells: Cells, params: Params, more: (cell: number) => string = () => ''): string[] {
  const ends = [
    [window.since, cells.since, cells.since - cells.cellMs],
    [cells.until, window.until, cells.until],
  ] as const;
  return ends.flatMap(([from, to, cell]) =>
    from < to
      ? [`(timestamp >= ${instantOf(from, params)} AND timestamp < ${instantOf(to, params)}${more(cell)})`]
      : [],
  );
}

/**
 * As {@link readRecords} for queries that only count: a row for what the store has counted in a cell, another for each record around the cells and
 * in those that an edge of a bucket parts. `records` is how many it stands for, `began` the time that tells the bucket.
 */
export function readCounted(scope: Scope, window: Window, cells: CountedCells, params: Params): string {
  const { table, parted } = cells;
  const whose = owned(scope, [cells.eventType], params);
  const kept = ['type', ...countedOf(table)];
  const inside = [`${bucket} >= ${secondOf(cells.since, params)}`, `${bucket} < ${secondOf(cells.until, params)}`];
  // Records lie in order of their cell, not of their time.
  const around = aroundOf(window, cells, params, (cell) => ` AND ${bucket} = ${secondOf(cell, params)}`);
  const whole = [...inside];
  if (parted) {
    const [begin, step] = [params.bind(parted.begin / 1000, 'Int64'), params.bind(parted.stepMs / 1000, 'Int64')];
    whole.push(`(toUnixTimestamp(${bucket}) - ${begin}) % ${step} != 0`);
    // As a list, by which the store finds them without a look at the others.
    const edges = `SELECT toDateTime(${begin} + number * ${step}, 'UTC') FROM numbers(${params.bind(parted.count, 'Int64')})`;
    around.push(`(${[...inside, `${bucket} IN (${edges})`].join(' AND ')})`);
  }
  const counted =
    `SELECT ${kept.join(', ')}, toDateTime64(${bucket}, 6, 'UTC') AS began, count() AS records FROM ${table}` +
    ` WHERE ${[...whose, ...whole].join(' AND ')} GROUP BY ${kept.join(', ')}, ${bucket}`;
  if (around.length === 0) return `(${counted})`;
  return (
    `(${counted} UNION ALL SELECT ${kept.join(', ')}, timestamp AS began, toUInt64(1) AS records FROM ${table}` +
    ` WHERE ${whose.join(' AND ')} AND (${around.join(' OR ')}))`
  );
}

/** Computed columns are not part of `*`. */
const allOf = (table: TableName): string =>
  table === 'telemetry_samples' ? `*, ${computedColumns.map(([name]) => name).join(', ')}` : '*';

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
      ...mapColumns.map(([name]) => name),
    ].join(', ');
  };
}
