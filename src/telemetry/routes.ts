import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/faults.ts';
import type { Handlers, MountedContract } from '../platform/http/contract.ts';
import { mount } from '../platform/http/contract.ts';
import { openEventStream } from '../platform/http/event-stream.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { Spool } from '../platform/spool/spool.ts';
import type { Accounting } from './accounting.ts';
import { readAccounts } from './accounts.ts';
import { telemetryApi } from './api.ts';
import type { SeenCatalogue } from './catalogue.ts';
import { readPatterns } from './log-patterns.ts';
import { parseCursor, readContext, searchLogs } from './logs.ts';
import { compileQuery } from './nrql/compile.ts';
import { parse } from './nrql/parser.ts';
import { printExpression, printName } from './nrql/print.ts';
import { diagnosticOf, NrqlError } from './nrql/problems.ts';
import type { Scope } from './nrql/scope.ts';
import { keywords, listFunctions } from './nrql/words.ts';
import type { ProjectNames } from './port.ts';
import type { Questions } from './query.ts';
import { askSql } from './raw-sql.ts';
import { readServiceMap } from './service-map.ts';
import type { settingsOperations } from './settings/operations.ts';
import type { Store } from './store.ts';
import type { LiveTail } from './tail.ts';
import { followedUntil, linesBetween, storedUntil } from './tail-start.ts';
import { readTrace } from './traces.ts';
import { readCountedValues, readEventTypes } from './volume.ts';
import { isCounted } from './volume-projection.ts';
import type { StoreHealth } from './worker.ts';

const day = 86_400_000;
const daysOfLast = { day: 1, week: 7, month: 30 } as const;

/** The handlers of the telemetry API. */
export function telemetryRoutes(deps: {
  store: Store;
  questions: Questions;
  catalogue: SeenCatalogue;
  database: Database;
  accounting: Accounting;
  tail: LiveTail;
  spool: Spool;
  spoolMaxBytes: number;
  health: StoreHealth;
  projects: ProjectNames;
  clock: Clock;
  startedAt: number;
  ready: () => Promise<void>;
  settings: Handlers<typeof settingsOperations>;
  /** How many days a type of record is kept. */
  daysKept: (type: string) => Promise<number>;
}): MountedContract {
  const { store, questions, catalogue, accounting, tail, spool, health, clock } = deps;

  async function scopeOf(projectId: string | undefined): Promise<Scope> {
    if (projectId === undefined) return { projectId: null };
    const id = await deps.projects.idOf(projectId);
    if (id === undefined) {
      throw new Fault('missing', `There is no project "${projectId}"`, { code: 'telemetry.no-project' });
    }
    return { projectId: id };
  }

  return mount(telemetryApi, {
    async query({ body }) {
      const scope = await scopeOf(body.projectId);
      if (body.window && body.window.since >= body.window.until) {
        throw new Fault('invalid', 'The window ends before it begins', { code: 'telemetry.window' });
      }
      await deps.ready();
      return questions.ask(body.nrql, { scope, now: body.now, window: body.window, windowWins: body.windowWins });
    },

    async compile({ body }) {
      const scope = await scopeOf(body.projectId);
      try {
        const compiled = compileQuery(parse(body.nrql), { scope, catalogue, now: clock.now() });
        const problems = compiled.warnings.map(({ place, message, hint }) => {
          const { file: _, ...rest } = diagnosticOf(body.nrql, new NrqlError(place, message, hint), 'warning');
          return rest;
        });
        const statements = [compiled.main, ...(compiled.compare ? [compiled.compare] : [])];
        return { ok: true, nrql: compiled.nrql, statements, problems };
      } catch (error) {
        if (!(error instanceof NrqlError)) throw error;
        const { file: _, ...rest } = diagnosticOf(body.nrql, error);
        return { ok: false, nrql: null, statements: [], problems: [rest] };
      }
    },

    async completion({ query }) {
      const scope = await scopeOf(query.projectId);
      await deps.ready();
      const wanted =
        query.eventTypes === undefined ? undefined : new Set(query.eventTypes.split(',').map((name) => name.trim()));
      const seen = await questions.inTurn(() => readEventTypes(store, scope, clock.now() - 7 * day));
      const attributes = [...catalogue.describe(scope.projectId)]
        .filter(({ eventType }) => !wanted || wanted.has(eventType))
        .slice(0, 10_000);
      return {
        eventTypes: seen.map(({ name, records, lastAt }) => ({
          name,
          records,
          lastSeenAt: new Date(lastAt).toISOString(),
        })),
        attributes,
        functions: listFunctions(),
        keywords,
      };
    },

    async values({ query }) {
      const scope = await scopeOf(query.projectId);
      await deps.ready();
      if (isCounted(query.eventType, query.attribute)) {
        return {
          values: await questions.inTurn(() =>
            readCountedValues(store, scope, { ...query, sinceMs: clock.now() - day }),
          ),
        };
      }
      const attribute = printName(query.attribute);
      const place = { at: 0, end: 0 };
      const prefix = query.prefix
        ? ` WHERE ${attribute} LIKE ${printExpression({ kind: 'string', value: `${query.prefix}%`, ...place })}`
        : '';
      const nrql = `SELECT count(*) FROM ${printName(query.eventType)}${prefix} FACET ${attribute} SINCE 1 day ago LIMIT ${query.limit}`;
      const { rows } = await questions.ask(nrql, { scope });
      return {
        values: rows.map(([value, records]) => ({
          value: value as string | number | boolean | null,
          records: Number(records),
        })),
      };
    },

    async logs({ query }) {
      const { projectId, since, until, before, after, from, limit, ...filter } = query;
      const scope = await scopeOf(projectId);
      await deps.ready();
      const now = clock.now();
      const inStoreUntil = storedUntil(spool, now);
      // One step's or one trace's log is wanted whole, however old; anything else is asked about the last day.
      const back = filter.jobId || filter.runId || filter.traceId ? (await deps.daysKept('Log')) * day : day;
      const end = until ? Date.parse(until) : now + 60_000;
      const window = { since: since ? Date.parse(since) : end - back, until: end };
      const { lines, more } = await questions.inTurn(() =>
        searchLogs(store, {
          scope,
          filter,
          window,
          before: before === undefined ? undefined : parseCursor(before),
          after: after === undefined ? undefined : parseCursor(after),
          from,
          limit,
        }),
      );
      const backwards = after === undefined && (before !== undefined || from === 'newest');
      return {
        items: lines,
        before: backwards && !more ? null : (lines[0]?.cursor ?? before ?? null),
        // Towards the newest there may always be more.
        after: lines.at(-1)?.cursor ?? after ?? null,
        storedUntil: inStoreUntil,
      };
    },

    async logContext({ query }) {
      await deps.ready();
      return questions.inTurn(() => readContext(store, { projectId: null }, parseCursor(query.cursor), query.lines));
    },

    async tail({ query: { since, ...query }, request, reply }) {
      const scope = await scopeOf(query.projectId);
      const projectId = scope.projectId ?? undefined;
      let send: ((event: string, data: unknown, id?: string) => void) | undefined;
      const stop = tail.follow(
        { ...query, projectId },
        {
          line: (line) => send?.('line', line, line.cursor),
          dropped: (count) => send?.('dropped', { count }),
        },
      );
      if (!stop) {
        throw new Fault('too-many', 'Too many people follow logs at the moment', {
          code: 'telemetry.tail-full',
          retryAfter: 30,
        });
      }
      const stream = openEventStream(request, reply);
      let missed = 0;
      send = (event, data, id) => {
        if (missed > 0 && stream.send({ event: 'dropped', data: { count: missed } })) missed = 0;
        if (!stream.send({ event, data, ...(id === undefined ? {} : { id }) }) && event === 'line') missed += 1;
      };
      stream.signal.addEventListener('abort', stop, { once: true });
      const from = followedUntil(since, request.headers['last-event-id']);
      if (from !== undefined) {
        const { projectId: _, ...filter } = query;
        const { signal } = stream;
        void linesBetween({ store, spool, clock }, { scope, filter, since: from, signal }).then(
          (lines) => send?.('earlier', lines),
          // The tail goes on without them; the search says what is wrong with the store.
          () => {},
        );
      }
      return reply;
    },

    async trace({ params, query }) {
      const scope = await scopeOf(query.projectId);
      await deps.ready();
      const traceId = params.traceId.toLowerCase();
      const days = await deps.daysKept('Span');
      const since = clock.now() - days * day;
      const found = await questions.inTurn(() => readTrace(store, scope, traceId, { since, until: clock.now() + day }));
      if (found.spans.length === 0) {
        throw new Fault('missing', `There is no trace ${traceId}`, {
          code: 'telemetry.no-trace',
          hint: `Spans appear a few seconds after they end and are kept for ${days} days.`,
        });
      }
      return found;
    },

    async serviceMap({ query }) {
      const scope = { ...(await scopeOf(query.projectId)), environment: query.environment };
      if (query.since >= query.until) {
        throw new Fault('invalid', 'The window ends before it begins', { code: 'telemetry.window' });
      }
      await deps.ready();
      return questions.inTurn(() => readServiceMap(store, scope, query));
    },

    async logPatterns({ query }) {
      const { projectId, since, until, ...filter } = query;
      const scope = await scopeOf(projectId);
      await deps.ready();
      const end = until ? Date.parse(until) : clock.now();
      const window = { since: since ? Date.parse(since) : end - 3_600_000, until: end };
      return questions.inTurn(() => readPatterns(store, { scope, filter, window }));
    },

    async sql({ body }) {
      await deps.ready();
      return questions.inTurn(() => askSql(store, body.sql));
    },

    async ingest({ query }) {
      const { bytes, oldestAt } = spool.stats();
      const since = query.last ? clock.now() - daysOfLast[query.last] * day : deps.startedAt;
      return {
        since: new Date(since).toISOString(),
        sources: query.last ? await readAccounts(deps.database, since) : accounting.list(),
        spool: {
          bytes,
          maxBytes: deps.spoolMaxBytes,
          lagMs: oldestAt === null ? 0 : Math.max(0, Math.round(clock.now() - oldestAt)),
          error: health.error,
        },
        tail: tail.stats(),
      };
    },
    ...deps.settings,
  });
}
