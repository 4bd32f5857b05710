import type { Diagnostic } from '../kernel/diagnostics.ts';
import type { HistogramCell, QueryAnswer, QueryCell, QuerySeries } from './api.ts';
import type { Output } from './nrql/built.ts';
import type { Compiled } from './nrql/compile.ts';
import { positionOf } from './nrql/problems.ts';

/** What the store said to the statements of a compiled query. */
export interface RawAnswer {
  main: unknown[][];
  compare: unknown[][] | null;
  rowsRead: number;
  bytesRead: number;
  elapsedMs: number;
}

type Shaped = Pick<QueryAnswer, 'columns' | 'rows' | 'compareRows' | 'buckets' | 'series'>;

/** Brings the rows of the store into the shape of the API. Pure. */
export function shapeAnswer(text: string, compiled: Compiled, raw: RawAnswer): QueryAnswer {
  const warnings: Diagnostic[] = compiled.warnings.map(({ place, message, hint }) => ({
    severity: 'warning',
    ...positionOf(text, place.at),
    message,
    hint,
  }));
  const { shaped, more } =
    compiled.shape === 'timeseries' ? { shaped: shapeSeries(compiled, raw), more: false } : shapeRows(compiled, raw);
  if (more) {
    warnings.push({
      severity: 'info',
      message: `There are more ${compiled.shape === 'rows' ? 'records' : 'groups'} than the ${compiled.limit} shown`,
      hint: 'Write LIMIT MAX for up to 5000.',
    });
  }
  const iso = ({ since, until }: { since: number; until: number }) => ({
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
  });
  return {
    nrql: compiled.nrql,
    shape: compiled.shape,
    ...shaped,
    window: iso(compiled.window),
    compareWindow: compiled.compareWindow && iso(compiled.compareWindow),
    timezone: compiled.timezone,
    eventTypes: compiled.eventTypes,
    facets: compiled.facets,
    warnings: warnings.map(({ file: _, ...rest }) => rest),
    comparison: compiled.comparison && { ...compiled.comparison, ...judge(compiled, shaped, compiled.comparison) },
    cost: { rowsRead: raw.rowsRead, bytesRead: raw.bytesRead, elapsedMs: raw.elapsedMs },
  };
}

/** Whether the measured value of a gate holds; no data is neither yes nor no. */
function judge(
  compiled: Compiled,
  shaped: Shaped,
  { operator, threshold }: NonNullable<Compiled['comparison']>,
): { value: number | null; verdict: 'holds' | 'fails' | 'unknown' } {
  const cell = compiled.shape === 'table' ? shaped.rows[0]?.[compiled.facetCount] : undefined;
  const value = typeof cell === 'number' ? cell : typeof cell === 'boolean' ? Number(cell) : null;
  if (value === null) return { value, verdict: 'unknown' };
  const holds = {
    '<': value < threshold,
    '<=': value <= threshold,
    '>': value > threshold,
    '>=': value >= threshold,
    '=': value === threshold,
    '!=': value !== threshold,
  }[operator];
  return { value, verdict: holds ? 'holds' : 'fails' };
}

const columnOf = ({ key, label, role, kind, unit, expression }: Output): QueryAnswer['columns'][number] => ({
  key,
  label,
  role,
  kind,
  unit,
  expression,
});

function cellOf(value: unknown, output: Output): QueryCell {
  if (value === null || value === undefined) return output.kind === 'number' ? output.empty : null;
  if (output.histogram && typeof value === 'object')
    return histogramOf(value as Record<string, number>, output.histogram);
  if (output.kind === 'boolean') return value === true || value === 1;
  return value as QueryCell;
}

function histogramOf(
  counted: Record<string, number>,
  { start, width, buckets }: NonNullable<Output['histogram']>,
): HistogramCell {
  const counts = new Array<number>(buckets).fill(0);
  for (const [slot, count] of Object.entries(counted)) counts[Number(slot)] = Number(count);
  return { start, width, counts };
}

function shapeRows(compiled: Compiled, raw: RawAnswer): { shaped: Shaped; more: boolean } {
  const more = raw.main.length > compiled.limit && (compiled.facetCount > 0 || compiled.shape === 'rows');
  const kept = more ? raw.main.slice(0, compiled.limit) : raw.main;
  if (compiled.star) return { shaped: shapeStar(compiled, kept), more };
  const cells = (row: unknown[]): QueryCell[] => compiled.outputs.map((output, index) => cellOf(row[index], output));
  const rows = kept.map(cells);
  let compareRows: Shaped['compareRows'] = null;
  if (raw.compare) {
    const byFacet = new Map(raw.compare.map((row) => [JSON.stringify(row.slice(0, compiled.facetCount)), row]));
    compareRows = kept.map((row) => {
      const found = byFacet.get(JSON.stringify(row.slice(0, compiled.facetCount)));
      return found ? cells(found) : null;
    });
  }
  return { shaped: { columns: compiled.outputs.map(columnOf), rows, compareRows, buckets: null, series: [] }, more };
}

/** `SELECT *`: every attribute that any of the records has becomes a column. */
function shapeStar(compiled: Compiled, kept: unknown[][]): Shaped {
  const star = compiled.star!;
  const fixed = compiled.outputs.length;
  const columns = compiled.outputs.map(columnOf);
  const add = (key: string, kind: 'string' | 'number' | 'boolean' | 'time') =>
    columns.push({ key, label: key, role: 'attribute', kind, unit: null, expression: key });
  add('timestamp', 'time');
  add('eventType', 'string');
  const present = star.filter((_, index) => kept.some((row) => isPresent(row[fixed + 2 + index])));
  for (const { name, kind } of present) add(name, kind);
  const names = new Map<string, 'string' | 'number' | 'boolean'>();
  const mapsAt = fixed + 2 + star.length;
  const kinds = ['string', 'number', 'boolean'] as const;
  for (const row of kept) {
    kinds.forEach((kind, index) => {
      for (const name of Object.keys((row[mapsAt + index] ?? {}) as object))
        if (!names.has(name)) names.set(name, kind);
    });
  }
  for (const [name, kind] of names) add(name, kind);
  const rows = kept.map((row) => {
    const maps = kinds.map((_, index) => (row[mapsAt + index] ?? {}) as Record<string, QueryCell>);
    return [
      ...compiled.outputs.map((output, index) => cellOf(row[index], output)),
      row[fixed] as number,
      row[fixed + 1] as string,
      ...present.map(({ name }) => {
        const value = row[fixed + 2 + star.findIndex((one) => one.name === name)];
        return isPresent(value) ? (value as QueryCell) : null;
      }),
      ...[...names.keys()].map((name) => maps[0]![name] ?? maps[1]![name] ?? maps[2]![name] ?? null),
    ];
  });
  return { columns, rows, compareRows: null, buckets: null, series: [] };
}

const isPresent = (value: unknown): boolean => value !== '' && value !== null && value !== undefined;

function shapeSeries(compiled: Compiled, raw: RawAnswer): Shaped {
  const buckets = compiled.buckets!;
  const facets = compiled.facetCount;
  const values = compiled.outputs.slice(facets);
  const series = new Map<string, QuerySeries>();
  const begins = Array.from({ length: buckets.count }, (_, index) => buckets.begin + index * buckets.stepMs);
  const take = (rows: unknown[][], compare: boolean) => {
    for (const row of rows) {
      const facet = row
        .slice(0, facets)
        .map((value, index) => cellOf(value, compiled.outputs[index]!) as string | number | boolean);
      const bucket = Number(row[facets]);
      if (bucket < 0 || bucket >= buckets.count) continue;
      values.forEach((output, index) => {
        const line = lineOf(series, facet, output, compare, buckets.count, facets);
        const value = cellOf(row[facets + 1 + index], output);
        line.points[bucket] = typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : null;
      });
    }
  };
  // Without groups a line is drawn even when nothing came in at all.
  if (facets === 0) {
    for (const output of values) {
      lineOf(series, [], output, false, buckets.count, facets);
      if (raw.compare) lineOf(series, [], output, true, buckets.count, facets);
    }
  }
  take(raw.main, false);
  if (raw.compare) take(raw.compare, true);
  return {
    columns: compiled.outputs.map(columnOf),
    rows: [],
    compareRows: null,
    buckets: { begins, widthMs: buckets.widthMs, stepMs: buckets.stepMs },
    // Column by column as selected, the largest group first.
    series: values.flatMap(({ key }) =>
      [...series.values()].filter((line) => line.column === key).sort((a, b) => sumOf(b) - sumOf(a)),
    ),
  };
}

const sumOf = ({ points }: QuerySeries): number => points.reduce<number>((sum, point) => sum + (point ?? 0), 0);

function lineOf(
  series: Map<string, QuerySeries>,
  facet: QuerySeries['facet'],
  output: Output,
  compare: boolean,
  count: number,
  facets: number,
): QuerySeries {
  const identity = JSON.stringify([facet, output.key, compare]);
  let line = series.get(identity);
  if (!line) {
    line = {
      facet,
      column: output.key,
      label: facets > 0 ? facet.join(', ') : output.label,
      compare,
      points: new Array<number | null>(count).fill(output.empty),
    };
    series.set(identity, line);
  }
  return line;
}
