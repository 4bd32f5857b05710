import { z } from 'zod';
import { defineContract } from '../platform/http/contract.ts';
import { settingsOperations } from './settings/operations.ts';

/** How a value is to be read and drawn. `unit` is null when nothing is known of it. */
const column = z.object({
  /** Unique within the answer; stable for the same query text. */
  key: z.string(),
  /** The alias, or the expression as written. */
  label: z.string(),
  /** `facet`: a grouping key; `value`: an aggregate; `attribute`: a field of a row query. */
  role: z.enum(['facet', 'value', 'attribute']),
  /** `histogram` cells are {@link histogramCell}s, `list` cells are arrays, `time` cells are Unix milliseconds. */
  kind: z.enum(['number', 'string', 'boolean', 'time', 'histogram', 'list', 'any']),
  unit: z.enum(['s', 'ms', 'bytes', '%', '/s', '/min', '/h', '/d', 'apdex', 'count']).nullable(),
  /** The NRQL expression behind the column. */
  expression: z.string(),
});

/** Equal-width buckets: `counts[i]` values fell into `[start + i * width, start + (i + 1) * width)`; the last takes all above. */
const histogramCell = z.object({ start: z.number(), width: z.number(), counts: z.array(z.number()) });

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const cell = z.union([scalar, z.array(scalar), histogramCell, z.record(z.string(), scalar)]);

const problem = z.object({
  severity: z.enum(['error', 'warning', 'info']),
  /** Line and column of the query text, from 1. */
  line: z.number().optional(),
  column: z.number().optional(),
  message: z.string(),
  hint: z.string().optional(),
});

const timeWindow = z.object({ since: z.iso.datetime(), until: z.iso.datetime() });

/** Points of one line of a chart. */
const series = z.object({
  /** Values of the facet keys, in the order of the facet columns; empty without FACET. */
  facet: z.array(scalar),
  /** Key of the value column. */
  column: z.string(),
  label: z.string(),
  /** Whether these are the values of the COMPARE WITH window, laid over the buckets of the main one. */
  compare: z.boolean(),
  /** One for each bucket; null is a gap. */
  points: z.array(z.number().nullable()),
});

const queryAnswer = z.object({
  /** The query as understood, printed back in one canonical form. */
  nrql: z.string(),
  /** `rows`: SELECT of attributes; `table`: aggregates, one row for each facet; `timeseries`: see `series`; `names`: SHOW EVENT TYPES. */
  shape: z.enum(['rows', 'table', 'timeseries', 'names']),
  columns: z.array(column),
  /** Cells in the order of `columns`. For `timeseries`: the totals are not computed and this is empty. */
  rows: z.array(z.array(cell)),
  /** The same rows for the COMPARE WITH window, matched to `rows` by index; null where it had no such facet. */
  compareRows: z.array(z.array(cell).nullable()).nullable(),
  /** Begin of each bucket in Unix milliseconds, and its width (SLIDE BY makes the step smaller than the width). */
  buckets: z.object({ begins: z.array(z.number()), widthMs: z.number(), stepMs: z.number() }).nullable(),
  series: z.array(series),
  window: timeWindow,
  compareWindow: timeWindow.nullable(),
  timezone: z.string(),
  eventTypes: z.array(z.string()),
  facets: z.array(z.string()),
  /** Things the asker should know: groups cut off by LIMIT, attributes never seen, a clamped limit. */
  warnings: z.array(problem),
  /** For `SELECT ... < 1`: what was measured and whether it holds (`unknown` when there was no data). */
  comparison: z
    .object({
      operator: z.enum(['<', '<=', '>', '>=', '=', '!=']),
      threshold: z.number(),
      value: z.number().nullable(),
      verdict: z.enum(['holds', 'fails', 'unknown']),
    })
    .nullable(),
  cost: z.object({ rowsRead: z.number(), bytesRead: z.number(), elapsedMs: z.number() }),
});

/** One line of a log. */
const logLine = z.object({
  /** Position in the log, for `before`, `after` and context. Opaque. */
  cursor: z.string(),
  at: z.iso.datetime(),
  message: z.string(),
  level: z.string(),
  projectId: z.string().nullable(),
  service: z.string(),
  environment: z.string(),
  release: z.string(),
  traceId: z.string(),
  spanId: z.string(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

const span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentId: z.string(),
  name: z.string(),
  service: z.string(),
  environment: z.string(),
  release: z.string(),
  /** `server`, `client`, `producer`, `consumer`, `internal`. */
  kind: z.string(),
  startedAt: z.iso.datetime(),
  /** Unix milliseconds with a fraction, for exact placing in a waterfall. */
  startMs: z.number(),
  durationMs: z.number(),
  error: z.boolean(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

const timing = { averageMs: z.number(), p95Ms: z.number() };

const serviceMap = z.object({
  services: z.array(z.object({ service: z.string(), requests: z.number(), errors: z.number(), ...timing })),
  edges: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      /** What is called. */
      kind: z.enum(['service', 'database', 'queue', 'external']),
      calls: z.number(),
      errors: z.number(),
      ...timing,
    }),
  ),
  /** Calls were read from one in so many traces; their numbers are made up for it. */
  share: z.number().int(),
});

const logPattern = z.object({
  /** `user <hex> signed in from <address>` */
  template: z.string(),
  lines: z.number(),
  example: z.string(),
  /** The commonest. */
  level: z.string(),
  /** How many services write it, and one of them. */
  services: z.number(),
  service: z.string(),
  firstAt: z.iso.datetime(),
  lastAt: z.iso.datetime(),
  /** Lines in each of 30 parts of the window. */
  counts: z.array(z.number()),
});

const sqlAnswer = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.unknown())),
  truncated: z.boolean(),
  cost: z.object({ rowsRead: z.number(), bytesRead: z.number(), elapsedMs: z.number() }),
});

/** Filters of log search and live tail. `projectId` takes an id or a slug; absent means every project. */
const logFilter = {
  projectId: z.string().optional(),
  /** Words that must all occur in the message, case-insensitive; `"quoted words"` are one; `-word` must not occur; `name:value` asks an attribute. */
  text: z.string().max(1000).optional(),
  service: z.string().optional(),
  environment: z.string().optional(),
  release: z.string().optional(),
  /** Least severity: trace, debug, info, warn, error, fatal. */
  level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).optional(),
  runId: z.string().optional(),
  jobId: z.string().optional(),
  step: z.string().optional(),
  traceId: z.string().optional(),
};

const source = z.object({
  projectId: z.string().nullable(),
  /** Event type: `Log`, `Span`... */
  type: z.string(),
  accepted: z.number(),
  dropped: z.number(),
  /** Why records were dropped, with counts. */
  reasons: z.record(z.string(), z.number()),
});

/** The API of telemetry: ask (NRQL), complete, read and follow logs, open a trace, and see what came in. */
export const telemetryApi = defineContract('telemetry', {
  query: {
    method: 'POST',
    path: '/query',
    summary: 'Answer an NRQL query',
    role: 'viewer',
    body: z.object({
      nrql: z.string().min(1).max(65_536),
      /** Id or slug; absent asks over every project. */
      projectId: z.string().optional(),
      /** What `now` means, Unix milliseconds; default the server's clock. Charts of one page pass the same. */
      now: z.number().int().positive().optional(),
      /** One time range for a page, used when the query has no SINCE of its own (Unix milliseconds). */
      window: z.object({ since: z.number().int(), until: z.number().int() }).optional(),
      /** The window takes the place of the query's own SINCE and UNTIL; buckets too narrow for it grow. */
      windowWins: z.boolean().default(false),
    }),
    response: queryAnswer,
  },
  compile: {
    method: 'POST',
    path: '/query/compile',
    summary: 'Parse and compile an NRQL query without running it',
    role: 'viewer',
    body: z.object({ nrql: z.string().min(1).max(65_536), projectId: z.string().optional() }),
    response: z.object({
      ok: z.boolean(),
      nrql: z.string().nullable(),
      /** The statements that would run, with their bound parameters. */
      statements: z.array(z.object({ sql: z.string(), params: z.record(z.string(), z.unknown()) })),
      problems: z.array(problem),
    }),
  },
  completion: {
    method: 'GET',
    path: '/query/completion',
    summary: 'List event types and attributes seen, and the words of NRQL',
    role: 'viewer',
    query: z.object({
      projectId: z.string().optional(),
      /** Only attributes of these event types, separated by commas. */
      eventTypes: z.string().optional(),
    }),
    response: z.object({
      eventTypes: z.array(z.object({ name: z.string(), records: z.number(), lastSeenAt: z.iso.datetime() })),
      attributes: z.array(
        z.object({
          name: z.string(),
          eventType: z.string(),
          type: z.enum(['string', 'number', 'boolean', 'time']),
          description: z.string().nullable(),
        }),
      ),
      functions: z.array(
        z.object({ name: z.string(), kind: z.enum(['aggregate', 'row']), signature: z.string(), summary: z.string() }),
      ),
      keywords: z.array(z.string()),
    }),
  },
  values: {
    method: 'GET',
    path: '/query/values',
    summary: 'List the most frequent recent values of an attribute',
    role: 'viewer',
    query: z.object({
      projectId: z.string().optional(),
      eventType: z.string().min(1),
      attribute: z.string().min(1),
      prefix: z.string().max(200).optional(),
      limit: z.coerce.number().int().min(1).max(100).default(20),
    }),
    response: z.object({ values: z.array(z.object({ value: scalar, records: z.number() })) }),
  },
  logs: {
    method: 'GET',
    path: '/logs',
    summary: 'Search logs, newest first by default',
    role: 'viewer',
    query: z.object({
      ...logFilter,
      /** ISO instants; default the last 24 hours. */
      since: z.iso.datetime({ offset: true }).optional(),
      until: z.iso.datetime({ offset: true }).optional(),
      /** Cursor: lines older than it. */
      before: z.string().optional(),
      /** Cursor: lines newer than it, oldest first. Excludes `before`. */
      after: z.string().optional(),
      /** `oldest` reads a step's log from its beginning (then follow with `after`). */
      from: z.enum(['newest', 'oldest']).default('newest'),
      limit: z.coerce.number().int().min(1).max(5000).default(200),
    }),
    response: z.object({
      /** Always oldest to newest, whichever way was asked. */
      items: z.array(logLine),
      /** Cursors for more in either direction; null when that direction is known to be exhausted within the window. */
      before: z.string().nullable(),
      after: z.string().nullable(),
      /** Unix ms: what came in before it was in the store. A tail from there misses nothing. */
      storedUntil: z.number(),
    }),
  },
  /**
   * Server-sent events: `line` (data: a log line as in `logs`), with `since` once `earlier` (data: lines that came in after it and before the
   * tail began, oldest first; some may have come as `line` too, told by their cursor), `dropped` (data: `{ count }`, lines that came faster than the viewer
   * takes them), and comments as keep-alive.
   */
  tail: {
    method: 'GET',
    path: '/logs/tail',
    summary: 'Follow logs live',
    role: 'viewer',
    query: z.object({ ...logFilter, since: z.coerce.number().int().min(0).optional() }),
    response: z.unknown(),
  },
  logContext: {
    method: 'GET',
    path: '/logs/context',
    summary: 'Show the lines around one line, of the same step or service instance',
    role: 'viewer',
    query: z.object({
      cursor: z.string(),
      lines: z.coerce.number().int().min(1).max(500).default(25),
    }),
    response: z.object({ before: z.array(logLine), line: logLine, after: z.array(logLine) }),
  },
  trace: {
    method: 'GET',
    path: '/traces/:traceId',
    summary: 'Show every span of a trace and the logs and errors written in it',
    role: 'viewer',
    params: z.object({ traceId: z.string().min(1).max(64) }),
    query: z.object({ projectId: z.string().optional() }),
    response: z.object({ spans: z.array(span), logs: z.array(logLine), truncated: z.boolean() }),
  },
  serviceMap: {
    method: 'GET',
    path: '/service-map',
    summary: 'Show who calls whom, from spans: services, databases, queues and hosts elsewhere',
    role: 'viewer',
    query: z.object({
      projectId: z.string().optional(),
      environment: z.string().optional(),
      /** Unix milliseconds. */
      since: z.coerce.number().int(),
      until: z.coerce.number().int(),
    }),
    response: serviceMap,
  },
  logPatterns: {
    method: 'GET',
    path: '/logs/patterns',
    summary: 'Group log lines by template: the same words, whatever numbers and names they carry',
    role: 'viewer',
    query: z.object({ ...logFilter, since: z.iso.datetime().optional(), until: z.iso.datetime().optional() }),
    response: z.object({
      patterns: z.array(logPattern),
      /** Lines the patterns were made of, the newest. */
      lines: z.number(),
      truncated: z.boolean(),
      /** Width of one of `counts`. */
      bucketMs: z.number(),
    }),
  },
  sql: {
    method: 'POST',
    path: '/query/sql',
    summary: 'Answer a SELECT of ClickHouse over telemetry of every project, read-only',
    role: 'maintainer',
    body: z.object({ sql: z.string().min(1).max(100_000) }),
    response: sqlAnswer,
    status: 200,
  },
  ingest: {
    method: 'GET',
    path: '/ingest',
    summary: 'Account for what came in: accepted, dropped and why, and how far storage is behind',
    role: 'viewer',
    query: z.object({
      last: z
        .enum(['day', 'week', 'month'])
        .optional()
        .describe('What was written down of these days, by whole hours; without it, since this server started'),
    }),
    response: z.object({
      /** What the counts begin with: the start of the server, or so many days ago. */
      since: z.iso.datetime(),
      sources: z.array(source),
      spool: z.object({
        bytes: z.number(),
        maxBytes: z.number(),
        /** Age of the oldest record that is not yet in the store. */
        lagMs: z.number(),
        /** Why the store refuses, when it does. */
        error: z.string().nullable(),
      }),
      tail: z.object({ viewers: z.number(), delivered: z.number(), dropped: z.number() }),
    }),
  },
  ...settingsOperations,
});

export type ServiceMap = z.infer<typeof serviceMap>;
export type LogPattern = z.infer<typeof logPattern>;
export type SqlAnswer = z.infer<typeof sqlAnswer>;

/** Query of the live tail. */
const tailQuery = z.object(logFilter);

export type QueryAnswer = z.infer<typeof queryAnswer>;
export type QueryColumn = z.infer<typeof column>;
export type QuerySeries = z.infer<typeof series>;
export type QueryCell = z.infer<typeof cell>;
export type HistogramCell = z.infer<typeof histogramCell>;
export type LogLine = z.infer<typeof logLine>;
export type TraceSpan = z.infer<typeof span>;
export type TailQuery = z.infer<typeof tailQuery>;
