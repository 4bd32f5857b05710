/**
 * How telemetry is laid out in ClickHouse, as data: the store creates tables from it, the encoder writes rows in its column
 * order, and the NRQL compiler finds attributes in it. Attributes without a column of their own live in three typed maps.
 */
export type AttributeType = 'string' | 'number' | 'boolean' | 'time';

interface PromotedColumn {
  /** Column name, equal to the attribute's name in NRQL. */
  name: string;
  type: AttributeType;
  ddl: string;
  /** Shown in completion. */
  description: string;
}

export const tableNames = ['telemetry_spans', 'telemetry_logs', 'telemetry_samples', 'telemetry_events'] as const;
export type TableName = (typeof tableNames)[number];

export interface Table {
  name: TableName;
  /** Attributes with a column of their own. Absent texts are empty strings, absent numbers and booleans NULL. */
  promoted: PromotedColumn[];
  orderBy: string;
  /** Columns that a single value is often sought in. */
  indexes: string[];
  retentionDays: number;
}

const word = 'LowCardinality(String) CODEC(ZSTD(1))';
const text = 'String CODEC(ZSTD(1))';
const real = 'Nullable(Float64) CODEC(ZSTD(1))';
const flag = 'Nullable(Bool)';

const column = (name: string, type: AttributeType, ddl: string, description: string): PromotedColumn => ({
  name,
  type,
  ddl,
  description,
});

const common: PromotedColumn[] = [
  column('service', 'string', word, 'The service it comes from'),
  column('environment', 'string', word, 'Environment: staging, production...'),
  column('release', 'string', word, 'Version of the release that was running'),
  column('host', 'string', word, 'Host or container'),
  column('traceId', 'string', text, 'Trace, 32 hexadecimal digits'),
  column('spanId', 'string', text, 'Span, 16 hexadecimal digits'),
  column('name', 'string', word, 'Name of the operation, metric or thing'),
];

const run: PromotedColumn[] = [
  column('runId', 'string', text, 'Pipeline run'),
  column('jobId', 'string', text, 'Job of a pipeline run'),
];

const outcome: PromotedColumn[] = [
  column('duration', 'number', real, 'How long it took, in seconds'),
  column('error', 'boolean', flag, 'Whether it failed'),
];

/** Columns of every table that are not attributes of the record, in the order they are written in. */
export const frameColumns = [
  ['projectId', 'LowCardinality(String)'],
  ['type', 'LowCardinality(String)'],
  ['timestamp', "DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))"],
  // Order of arrival; breaks ties of the timestamp and is half of a log cursor.
  ['seq', 'UInt64 CODEC(Delta, ZSTD(1))'],
] as const;

/** The maps, written last. */
export const mapColumns = [
  ['strings', 'Map(LowCardinality(String), String) CODEC(ZSTD(1))'],
  ['numbers', 'Map(LowCardinality(String), Float64) CODEC(ZSTD(1))'],
  ['booleans', 'Map(LowCardinality(String), Bool) CODEC(ZSTD(1))'],
] as const;

/** Buckets of a histogram metric; written between the promoted columns and the maps of telemetry_samples. */
export const bucketColumns = [
  ['bounds', 'Array(Float64) CODEC(ZSTD(1))'],
  ['counts', 'Array(Float64) CODEC(ZSTD(1))'],
] as const;

export const tables: Record<TableName, Table> = {
  telemetry_spans: {
    name: 'telemetry_spans',
    promoted: [
      ...common,
      column('parentId', 'string', text, 'Span that called this one'),
      column('kind', 'string', word, 'server, client, producer, consumer or internal'),
      ...outcome,
    ],
    orderBy: '(projectId, type, toStartOfFiveMinutes(timestamp), service, timestamp)',
    indexes: ['traceId'],
    retentionDays: 14,
  },
  telemetry_logs: {
    name: 'telemetry_logs',
    promoted: [
      ...common,
      ...run,
      column('step', 'string', word, 'Step of a job'),
      column('level', 'string', word, 'trace, debug, info, warn, error or fatal'),
      column('message', 'string', text, 'The line as written'),
    ],
    // A step's lines and a service's lines lie together, since one of the two is always empty.
    orderBy: '(projectId, toStartOfFiveMinutes(timestamp), jobId, service, timestamp, seq)',
    indexes: ['traceId', 'jobId', 'runId'],
    retentionDays: 30,
  },
  telemetry_samples: {
    name: 'telemetry_samples',
    promoted: [
      ...common,
      column('metricName', 'string', word, 'Name of the metric'),
      column('metricType', 'string', word, 'gauge, count, summary or distribution'),
      column('unit', 'string', word, 'Unit the sender gave'),
      column('count', 'number', real, 'Number of values behind this point'),
      column('total', 'number', real, 'Sum of the values'),
      column('min', 'number', real, 'Least value'),
      column('max', 'number', real, 'Greatest value'),
      column('latest', 'number', real, 'Last value'),
    ],
    // A series' points lie together for a quarter of a day, so that they compress and a question about an hour reads little.
    orderBy: '(projectId, metricName, toStartOfInterval(timestamp, INTERVAL 6 HOUR), series, timestamp)',
    indexes: [],
    retentionDays: 30,
  },
  telemetry_events: {
    name: 'telemetry_events',
    promoted: [
      ...common,
      ...run,
      column('deploymentId', 'string', text, 'Deployment'),
      ...outcome,
      column('level', 'string', word, 'info, warn, error...'),
      column('message', 'string', text, 'What happened, in words'),
    ],
    orderBy: '(projectId, type, toStartOfHour(timestamp), service, timestamp)',
    indexes: ['traceId'],
    retentionDays: 90,
  },
};

/** The table that holds an event type; types of the user's own share one. */
export function tableOf(eventType: string): TableName {
  switch (eventType) {
    case 'Span':
    case 'Transaction':
      return 'telemetry_spans';
    case 'Log':
      return 'telemetry_logs';
    case 'Metric':
      return 'telemetry_samples';
    default:
      return 'telemetry_events';
  }
}

/** Names New Relic's browser agent has for what pages tell here. A record's own attribute of that name goes first. */
export const pageNames: Record<string, string> = { session: 'sessionId', browserTransactionName: 'pagePath' };

/** Names other systems use for attributes that have a column here. A record's own attribute of that name goes first. */
export const synonyms: Record<string, string> = {
  'service.name': 'service',
  appName: 'service',
  'entity.name': 'service',
  'service.version': 'release',
  'deployment.environment': 'environment',
  'deployment.environment.name': 'environment',
  'host.name': 'host',
  hostname: 'host',
  'trace.id': 'traceId',
  'span.id': 'spanId',
  guid: 'spanId',
  id: 'spanId',
  'parent.id': 'parentId',
  'span.kind': 'kind',
  severity_text: 'level',
  'log.level': 'level',
  body: 'message',
};
