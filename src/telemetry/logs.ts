import { Fault } from '../kernel/faults.ts';
import type { LogLine, TailQuery } from './api.ts';
import { sequenceAt } from './frames.ts';
import { levelsFrom, parseSearch } from './log-filter.ts';
import { Params } from './nrql/params.ts';
import { likePattern } from './nrql/patterns.ts';
import { readRecords, type Scope } from './nrql/scope.ts';
import type { Window } from './nrql/window.ts';
import type { Store } from './store.ts';
import { tables } from './tables.ts';

/** A position in the log: microseconds of the line, then its order of arrival. */
export interface Position {
  micros: number;
  seq: number;
}

export function cursorOf(micros: number, seq: number): string {
  return `${micros}.${seq}`;
}

export function parseCursor(cursor: string): Position {
  const match = /^(\d{1,16})\.(\d{1,16})$/.exec(cursor);
  if (!match) throw new Fault('invalid', 'This is no log cursor', { code: 'telemetry.cursor' });
  return { micros: Number(match[1]), seq: Number(match[2]) };
}

export interface LogSearch {
  scope: Scope;
  filter: Omit<TailQuery, 'projectId'>;
  window: Window;
  /** When lines came in (Unix ms, both inclusive), whatever time they tell. */
  arrived?: Window | undefined;
  before?: Position | undefined;
  after?: Position | undefined;
  from: 'newest' | 'oldest';
  limit: number;
}

const promoted = tables.telemetry_logs.promoted.map(({ name }) => name);
const inLine = new Set(['service', 'environment', 'release', 'traceId', 'spanId', 'level', 'message']);
const columns = [
  'toUnixTimestamp64Micro(timestamp) AS micros',
  'seq',
  'projectId',
  ...promoted,
  'strings',
  'numbers',
  'booleans',
];

/** Conditions of a filter over telemetry_logs. */
export function conditionsOf(filter: LogSearch['filter'], params: Params): string[] {
  const conditions: string[] = [];
  for (const name of ['service', 'environment', 'release', 'runId', 'jobId', 'step', 'traceId'] as const) {
    const value = filter[name];
    if (value !== undefined) conditions.push(`${name} = ${params.text(value)}`);
  }
  if (filter.level) {
    conditions.push(
      `lower(level) IN (${levelsFrom(filter.level)
        .map((level) => params.text(level))
        .join(', ')})`,
    );
  }
  const { words, without, attributes } = parseSearch(filter.text ?? '');
  const contains = (word: string) => `message ILIKE ${params.text(`%${likePattern(word).replaceAll('%', '\\%')}%`)}`;
  for (const word of words) conditions.push(contains(word));
  for (const word of without) conditions.push(`NOT (${contains(word)})`);
  for (const { name, value, negated } of attributes) {
    const key = params.text(name);
    const stored = promoted.includes(name)
      ? name
      : `multiIf(mapContains(strings, ${key}), strings[${key}], mapContains(numbers, ${key}), toString(numbers[${key}]), mapContains(booleans, ${key}), toString(booleans[${key}]), '')`;
    conditions.push(`${stored} ${negated ? '!=' : '='} ${params.text(value)}`);
  }
  return conditions;
}

const later = ({ micros, seq }: Position, params: Params, sign: '<' | '>'): string => {
  const at = `fromUnixTimestamp64Micro(${params.bind(micros, 'Int64')}, 'UTC')`;
  return `(timestamp ${sign} ${at} OR (timestamp = ${at} AND seq ${sign} ${params.bind(seq, 'Int64')}))`;
};

/** Searches the log; lines come oldest first. `more` tells whether the search stopped at its limit. */
export async function searchLogs(store: Store, search: LogSearch): Promise<{ lines: LogLine[]; more: boolean }> {
  const newest = search.after ? false : search.before ? true : search.from === 'newest';
  const window = { ...search.window };
  if (search.before) window.until = Math.min(window.until, search.before.micros / 1000 + 0.001);
  if (search.after) window.since = Math.max(window.since, search.after.micros / 1000);
  if (window.since >= window.until) return { lines: [], more: false };
  const { filter } = search;
  const narrow = filter.jobId !== undefined || filter.runId !== undefined || filter.traceId !== undefined;
  const lines: LogLine[] = [];
  const wanted = search.limit + 1;
  // Near times first: most searches are answered by the last quarter of an hour, whatever the window.
  for (const part of narrow ? [window] : parts(window, newest)) {
    const params = new Params();
    const conditions = conditionsOf(filter, params);
    if (search.arrived) {
      const [first, last] = [sequenceAt(search.arrived.since), sequenceAt(search.arrived.until + 1)];
      conditions.push(`seq >= ${params.bind(first, 'Int64')} AND seq < ${params.bind(last, 'Int64')}`);
    }
    if (search.before) conditions.push(later(search.before, params, '<'));
    if (search.after) conditions.push(later(search.after, params, '>'));
    const from = readRecords(['Log'], search.scope, part, params);
    const direction = newest ? 'DESC' : 'ASC';
    const { rows } = await store.select({
      sql:
        `SELECT ${columns.join(', ')} FROM ${from}${conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : ''}` +
        ` ORDER BY timestamp ${direction}, seq ${direction} LIMIT ${wanted - lines.length}`,
      params: params.values,
    });
    lines.push(...rows.map(lineOf));
    if (lines.length >= wanted) break;
  }
  const more = lines.length > search.limit;
  const kept = more ? lines.slice(0, search.limit) : lines;
  return { lines: newest ? kept.reverse() : kept, more };
}

/** A window cut into growing parts, nearest to its newest (or oldest) end first. */
function parts(window: Window, newest: boolean): Window[] {
  const minute = 60_000;
  const result: Window[] = [];
  let done = 0;
  for (const width of [15 * minute, 60 * minute, 6 * 60 * minute, 24 * 60 * minute, Number.POSITIVE_INFINITY]) {
    const part = newest
      ? { since: Math.max(window.since, window.until - done - width), until: window.until - done }
      : { since: window.since + done, until: Math.min(window.until, window.since + done + width) };
    if (part.since < part.until) result.push(part);
    done += width;
  }
  return result;
}

function lineOf(row: unknown[]): LogLine {
  const [micros, seq, projectId, ...rest] = row as [number, number, string, ...unknown[]];
  const values = Object.fromEntries(promoted.map((name, index) => [name, rest[index] as string]));
  const maps = rest.slice(promoted.length) as Record<string, string | number | boolean>[];
  const attributes: LogLine['attributes'] = {};
  for (const name of promoted) if (!inLine.has(name) && values[name]) attributes[name] = values[name]!;
  for (const map of maps) Object.assign(attributes, map);
  return {
    cursor: cursorOf(Number(micros), Number(seq)),
    at: new Date(Number(micros) / 1000).toISOString(),
    message: values.message!,
    level: values.level!,
    projectId: projectId === '' ? null : projectId,
    service: values.service!,
    environment: values.environment!,
    release: values.release!,
    traceId: values.traceId!,
    spanId: values.spanId!,
    attributes,
  };
}

/** The lines around one: of the same job's step, or of the same service and host. */
export async function readContext(
  store: Store,
  scope: Scope,
  at: Position,
  count: number,
): Promise<{ before: LogLine[]; line: LogLine; after: LogLine[] }> {
  const ms = at.micros / 1000;
  const exact = new Params();
  const from = readRecords(['Log'], scope, { since: ms, until: ms + 0.001 }, exact);
  const { rows } = await store.select({
    sql: `SELECT ${columns.join(', ')} FROM ${from} WHERE seq = ${exact.bind(at.seq, 'Int64')} LIMIT 1`,
    params: exact.values,
  });
  if (!rows[0]) throw new Fault('missing', 'This log line is not there (any more)', { code: 'telemetry.no-line' });
  const line = lineOf(rows[0]);
  const { jobId, step, host } = line.attributes;
  const filter =
    typeof jobId === 'string'
      ? { jobId, ...(typeof step === 'string' ? { step } : {}) }
      : {
          service: line.service,
          environment: line.environment,
          text: typeof host === 'string' ? `host:"${host.replace(/["\\]/g, '\\$&')}"` : undefined,
        };
  const day = 86_400_000;
  const common = {
    scope: { ...scope, projectId: line.projectId ?? scope.projectId },
    filter,
    limit: count,
    from: 'newest' as const,
  };
  const before = await searchLogs(store, { ...common, window: { since: ms - day, until: ms + 0.001 }, before: at });
  const after = await searchLogs(store, { ...common, window: { since: ms, until: ms + day }, after: at });
  return { before: before.lines, line, after: after.lines };
}
