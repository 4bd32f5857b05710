import { bucketColumns, frameColumns, mapColumns, type Table, tableNames, tables } from '../tables.ts';

/** One forward step of the schema in ClickHouse. Ids read `telemetry/0001-what`; a step that ran is never edited. */
export interface StoreMigration {
  id: string;
  statements: string[];
}

function createTable(table: Table): string {
  const columns = [
    ...frameColumns.map(([name, ddl]) => `${name} ${ddl}`),
    ...table.promoted.map(({ name, ddl }) => `${name} ${ddl}`),
    ...(table.name === 'telemetry_metrics' ? bucketColumns.map(([name, ddl]) => `${name} ${ddl}`) : []),
    ...mapColumns.map(([name, ddl]) => `${name} ${ddl}`),
    ...table.indexes.map((name) => `INDEX ${name}_seen ${name} TYPE bloom_filter(0.01) GRANULARITY 1`),
  ];
  // Whole days are dropped at once. A batch that comes again under its token is stored once.
  return `CREATE TABLE IF NOT EXISTS ${table.name} (
    ${columns.join(',\n    ')}
  ) ENGINE = MergeTree
  PARTITION BY toDate(timestamp)
  ORDER BY ${table.orderBy}
  TTL toDateTime(timestamp) + INTERVAL ${table.retentionDays} DAY
  SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 2000`;
}

export const storeMigrations: StoreMigration[] = [
  {
    id: 'telemetry/0001-records',
    statements: [
      ...tableNames.map((name) => createTable(tables[name])),
      `CREATE TABLE IF NOT EXISTS telemetry_attributes (
        projectId String,
        eventType String,
        name String,
        type String,
        seenAt DateTime DEFAULT now()
      ) ENGINE = ReplacingMergeTree(seenAt)
      ORDER BY (projectId, eventType, name, type)
      SETTINGS non_replicated_deduplication_window = 2000`,
    ],
  },
];
