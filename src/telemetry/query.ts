import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/faults.ts';
import { shapeAnswer } from './answer.ts';
import type { QueryAnswer } from './api.ts';
import type { SeenCatalogue } from './catalogue.ts';
import { limits } from './limits.ts';
import type { Query } from './nrql/ast.ts';
import { type Compiled, compileQuery } from './nrql/compile.ts';
import { parse } from './nrql/parser.ts';
import { faultOf, NrqlError } from './nrql/problems.ts';
import type { Scope } from './nrql/scope.ts';
import { overWindow, type Window } from './nrql/window.ts';
import type { QueryResult, Store } from './store.ts';

export interface QueryOptions {
  scope: Scope;
  now?: number | undefined;
  window?: Window | undefined;
  /** The window takes the place of the query's own SINCE and UNTIL. */
  windowWins?: boolean | undefined;
  /** The longest it may take. */
  seconds?: number | undefined;
}

export interface Questions {
  /** Answers an NRQL text. Throws an `invalid` Fault that names line and column for a text that cannot be answered. */
  ask(nrql: string, options: QueryOptions): Promise<QueryAnswer>;
  /** What would run. */
  compile(nrql: string, options: QueryOptions): Compiled;
  /** Runs `work` when it is its turn; so many questions at once as `limits.ts` says. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** Answers questions from the store, a few at a time; the same question asked twice at once is answered once. */
export function createQuestions(store: Store, catalogue: SeenCatalogue, clock: Clock): Questions {
  let running = 0;
  const waiting: (() => void)[] = [];
  const underway = new Map<string, Promise<QueryAnswer>>();

  async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running >= limits.query.atOnce) {
      if (waiting.length >= 200) {
        throw new Fault('too-many', 'Too many questions are waiting', { code: 'telemetry.query-busy', retryAfter: 5 });
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  }

  function compile(nrql: string, options: QueryOptions): Compiled {
    return located(nrql, () =>
      compileQuery(options.window && options.windowWins ? overWindow(parse(nrql), options.window) : parse(nrql), {
        scope: options.scope,
        catalogue,
        now: options.now ?? clock.now(),
        window: options.window,
      }),
    );
  }

  /** The groups of a chart when none need be left out; undefined when there are more, and the largest are to be found first. */
  async function unranked(compiled: Compiled, seconds: number): Promise<QueryResult | undefined> {
    const { facetCount, limit, buckets } = compiled;
    if (!compiled.unranked || !buckets) return undefined;
    const found = await store.select(compiled.unranked, { seconds });
    if (found.rows.length > limit * buckets.count) return undefined;
    const groups = new Map<string, unknown[][]>();
    for (const row of found.rows) {
      const key = JSON.stringify(row.slice(0, facetCount));
      const rows = groups.get(key);
      if (rows) rows.push(row);
      else groups.set(key, [row]);
    }
    if (groups.size > limit) return undefined;
    // A group without any value is none.
    const valued = [...groups.values()].filter((rows) => rows.some((row) => row[facetCount + 1] !== null));
    return { ...found, rows: valued.flat() };
  }

  async function answer(nrql: string, compiled: Compiled, seconds: number): Promise<QueryAnswer> {
    const startedAt = performance.now();
    const main = (await unranked(compiled, seconds)) ?? (await store.select(compiled.main, { seconds }));
    const compare = compiled.compare ? await store.select(compiled.compare, { seconds }) : null;
    return shapeAnswer(nrql, compiled, {
      main: main.rows,
      compare: compare?.rows ?? null,
      rowsRead: main.rowsRead + (compare?.rowsRead ?? 0),
      bytesRead: main.bytesRead + (compare?.bytesRead ?? 0),
      elapsedMs: Math.round((performance.now() - startedAt) * 10) / 10,
    });
  }

  return {
    compile,
    inTurn,
    ask(nrql, options) {
      const compiled = compile(nrql, options);
      const identity = JSON.stringify([compiled.main, compiled.compare]);
      const same = underway.get(identity);
      if (same) return same;
      const asked = inTurn(() => answer(nrql, compiled, options.seconds ?? limits.query.seconds)).finally(() =>
        underway.delete(identity),
      );
      underway.set(identity, asked);
      return asked;
    },
  };
}

/** Parses, with a Fault that knows the place. */
export function parseOrFault(nrql: string): Query {
  return located(nrql, () => parse(nrql));
}

function located<Result>(nrql: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof NrqlError ? faultOf(nrql, error) : error;
  }
}
