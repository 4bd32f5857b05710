import { nearest } from '../../kernel/nearest.ts';
import type { Query } from './ast.ts';
import type { Output } from './built.ts';
import type { Catalogue } from './fields.ts';
import { Params } from './params.ts';
import { print } from './print.ts';
import { NrqlError } from './problems.ts';
import { wholeCells } from './rollup.ts';
import { readRecords, type Scope } from './scope.ts';
import { buildSelect } from './select.ts';
import { type Buckets, resolveBuckets, resolveWindow, unitMs, type Window } from './window.ts';
import { isTimeZone } from './zones.ts';

interface Statement {
  sql: string;
  params: Record<string, string | number>;
}

interface Warning {
  place: { at: number; end: number };
  message: string;
  hint?: string | undefined;
}

/** A query ready to run, with all that is needed to read its answer. */
export interface Compiled {
  nrql: string;
  shape: 'rows' | 'table' | 'timeseries' | 'names';
  main: Statement;
  /** As `main`, of all groups: answers a chart at once when it gives no more groups than `limit`; null where that is no hope. */
  unranked: Statement | null;
  /** The same question about the window of COMPARE WITH. */
  compare: Statement | null;
  /** Columns of the answer in the order of the statement's columns (without the bucket, which follows the facets). */
  outputs: Output[];
  facetCount: number;
  /** `SELECT *`: after the outputs come these columns and the three maps. */
  star: { name: string; kind: 'string' | 'number' | 'boolean' | 'time' }[] | null;
  window: Window;
  compareWindow: Window | null;
  buckets: Buckets | null;
  timezone: string;
  eventTypes: string[];
  facets: string[];
  /** Groups or rows wanted; the statement asks for one more, to know whether there were more. */
  limit: number;
  comparison: { operator: '<' | '<=' | '>' | '>=' | '=' | '!='; threshold: number } | null;
  warnings: Warning[];
}

export interface CompileOptions {
  scope: Scope;
  catalogue: Catalogue;
  /** Unix milliseconds that relative times count from. */
  now: number;
  /** Used when the query says no SINCE and no UNTIL. */
  window?: Window | undefined;
}

/** The most groups or rows an answer holds. */
const maxLimit = 5000;
/** The most points (groups times buckets) a chart holds. */
const maxPoints = 200_000;

/** Compiles a parsed query to ClickHouse SQL with bound parameters. Pure. Throws an NrqlError. */
export function compileQuery(query: Query, options: CompileOptions): Compiled {
  const warnings: Warning[] = [];
  refuseUnanswered(query);
  const timezone = query.timezone?.name ?? 'UTC';
  if (!isTimeZone(timezone)) {
    throw new NrqlError(
      query.timezone ?? query,
      `"${timezone}" is not a time zone`,
      "Write an IANA name, such as 'Europe/Paris'.",
    );
  }
  const wanted = resolveWindow(query, options.now, timezone, options.window);
  const asked = query.timeseries
    ? wholeCells(query, options.catalogue, wanted, resolveBuckets(query.timeseries, wanted), options.now)
    : wanted;
  const buckets = query.timeseries ? resolveBuckets(query.timeseries, asked) : null;
  const window = buckets ? { since: buckets.begin, until: asked.until } : asked;
  const base = {
    nrql: print(query),
    window,
    buckets,
    timezone,
    comparison: query.comparison && { operator: query.comparison.operator, threshold: query.comparison.threshold },
    warnings,
  };
  if (query.kind === 'show-event-types') return { ...base, ...showEventTypes(window, options) };

  const limit = limitOf(query, buckets?.count ?? 1, warnings);
  const eventTypes = typesOf(query);
  warnOfUnknownTypes(query, options.catalogue, warnings);
  const select = (at: Window, groupsOf: Window | null) => {
    const params = new Params();
    const shifted = buckets && { ...buckets, begin: at.since };
    const built = buildSelect(query, {
      ...options,
      params,
      window: at,
      groupsWindow: groupsOf,
      buckets: shifted,
      zone: timezone,
      limit,
      warn: (place, message, hint) => {
        // The compared window is compiled too and would say everything again.
        if (!groupsOf && !warnings.some((known) => known.message === message)) warnings.push({ place, message, hint });
      },
    });
    return { ...built, statement: { sql: built.sql, params: params.values } };
  };
  const main = select(window, null);
  let compareWindow: Window | null = null;
  if (query.compare) {
    const shift = query.compare.amount * unitMs[query.compare.unit];
    compareWindow = { since: window.since - shift, until: window.until - shift };
  }
  return {
    ...base,
    shape: main.rows ? 'rows' : buckets ? 'timeseries' : 'table',
    main: main.statement,
    unranked: main.unranked ? { sql: main.unranked, params: main.statement.params } : null,
    compare: compareWindow && !main.rows ? select(compareWindow, window).statement : null,
    outputs: main.outputs,
    facetCount: main.facetCount,
    star: main.star,
    compareWindow: main.rows ? null : compareWindow,
    eventTypes,
    facets: main.outputs.slice(0, main.facetCount).map((output) => output.label),
    limit,
  };
}

function refuseUnanswered(query: Query): void {
  if (query.predict) throw new NrqlError(query.predict, 'PREDICT is not answered yet', undefined, 'unsupported');
}

function limitOf(query: Query, buckets: number, warnings: Warning[]): number {
  const wanted = query.limit?.count;
  if (typeof wanted === 'object') throw new NrqlError(query.limit!, `{{${wanted.variable}}} has no value here`);
  let limit = wanted === 'max' ? maxLimit : (wanted ?? (query.facet.length > 0 ? 10 : 100));
  if (limit > maxLimit) {
    warnings.push({ place: query.limit!, message: `LIMIT is at most ${maxLimit}; that is what was used` });
    limit = maxLimit;
  }
  if (limit * buckets > maxPoints && query.facet.length > 0) {
    limit = Math.floor(maxPoints / buckets);
    warnings.push({
      place: query.limit ?? query,
      message: `A chart holds at most ${maxPoints} points; the first ${limit} groups are shown`,
    });
  }
  return limit;
}

function typesOf(query: Query): string[] {
  const types = query.from.flatMap((source) =>
    source.kind === 'type' ? [source.name] : source.kind === 'subquery' ? typesOf(source.query) : [],
  );
  return [...new Set([...types, ...(query.join ? typesOf(query.join.query) : [])])];
}

function warnOfUnknownTypes(query: Query, catalogue: Catalogue, warnings: Warning[]): void {
  if (catalogue.blind) return;
  const known = new Set(catalogue.eventTypes());
  for (const source of query.from) {
    if (source.kind !== 'type' || known.has(source.name)) continue;
    const near = nearest(source.name, known);
    warnings.push({
      place: source,
      message: `Nothing of type ${source.name} has come in`,
      hint: near ? `Did you mean ${near}?` : undefined,
    });
  }
}

function showEventTypes(
  window: Window,
  { scope }: CompileOptions,
): Omit<Compiled, 'nrql' | 'window' | 'buckets' | 'timezone' | 'comparison' | 'warnings'> {
  const params = new Params();
  const from = readRecords(null, scope, window, params);
  const output = (key: string, kind: Output['kind']): Output => ({
    key,
    label: key,
    role: kind === 'string' ? 'facet' : 'value',
    kind,
    unit: kind === 'number' ? 'count' : null,
    expression: key,
    empty: 0,
    histogram: null,
  });
  return {
    shape: 'names',
    main: {
      sql: `SELECT type AS c0, count() AS c1 FROM ${from} GROUP BY c0 ORDER BY c1 DESC, c0 LIMIT ${maxLimit}`,
      params: params.values,
    },
    unranked: null,
    compare: null,
    outputs: [output('eventType', 'string'), output('count', 'number')],
    facetCount: 1,
    star: null,
    compareWindow: null,
    eventTypes: [],
    facets: ['eventType'],
    limit: maxLimit,
  };
}
