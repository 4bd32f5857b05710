import { labelMaps, labelsColumn, labelsFrom } from '../labels.ts';
import { createRollups, rollupLabels, rollupMap, rollups, selectRollups } from '../rollups.ts';
import { computedColumns, samplesColumns, selectSamples } from '../samples.ts';
import { bucketColumns, frameColumns, mapColumns, type Table, tableNames, tables } from '../tables.ts';
import { projectionOf } from '../volume-projection.ts';

/** One forward step of the schema in ClickHouse. Ids read `telemetry/0001-what`; a step that ran is never edited. */
export interface StoreMigration {
  id: string;
  statements: string[];
}

const ddlOf = (columns: readonly (readonly [name: string, ddl: string])[]): string[] =>
  columns.map(([name, ddl]) => `${name} ${ddl}`);

/** Whole days are dropped at once. A batch that comes again under its token is stored once. */
const settings = 'index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 2000';

function createTable(name: string, table: Pick<Table, 'orderBy' | 'retentionDays'>, parts: string[]): string {
  return `CREATE TABLE IF NOT EXISTS ${name} (
    ${parts.join(',\n    ')}
  ) ENGINE = MergeTree
  PARTITION BY toDate(timestamp)
  ORDER BY ${table.orderBy}
  TTL toDateTime(timestamp) + INTERVAL ${table.retentionDays} DAY
  SETTINGS ${settings}`;
}

function createRecords(table: Table): string {
  return createTable(table.name, table, [
    ...ddlOf(frameColumns),
    ...table.promoted.map(({ name, ddl }) => `${name} ${ddl}`),
    ...ddlOf(mapColumns),
    ...table.indexes.map((name) => `INDEX ${name}_seen ${name} TYPE bloom_filter(0.01) GRANULARITY 1`),
  ]);
}

const samples = tables.telemetry_samples;

/** Points of metrics as the first version kept them: a row of plain numbers each. */
const createMetrics = createTable(
  'telemetry_metrics',
  { ...samples, orderBy: '(projectId, metricName, toStartOfHour(timestamp), service, timestamp)' },
  [
    ...ddlOf(frameColumns),
    ...samples.promoted.map(({ name, ddl }) => `${name} ${ddl}`),
    ...ddlOf(bucketColumns),
    ...ddlOf(mapColumns),
  ],
);

const createSamples = createTable(samples.name, samples, [
  ...samplesColumns.map(([name, ddl]) => `${name} ${ddl}`),
  ...ddlOf(computedColumns),
]);

export const storeMigrations: StoreMigration[] = [
  {
    id: 'telemetry/0001-records',
    statements: [
      ...tableNames.filter((name) => name !== 'telemetry_samples').map((name) => createRecords(tables[name])),
      createMetrics,
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
  {
    id: 'telemetry/0002-samples',
    statements: [
      createSamples,
      // Emptied first, as a crash may have left half of it.
      'TRUNCATE TABLE telemetry_samples',
      `INSERT INTO telemetry_samples (${samplesColumns.map(([name]) => name).join(', ')})
        ${selectSamples('telemetry_metrics')}`,
    ],
  },
  { id: 'telemetry/0003-metrics-are-samples', statements: ['DROP TABLE IF EXISTS telemetry_metrics'] },
  {
    // Records that are there already are counted in the background.
    id: 'telemetry/0004-volume',
    statements: tableNames.flatMap((name) => [
      `ALTER TABLE ${name} ADD ${projectionOf(name)}`,
      `ALTER TABLE ${name} MATERIALIZE PROJECTION volume`,
    ]),
  },
  {
    id: 'telemetry/0006-rollups',
    statements: [
      `DROP VIEW IF EXISTS ${rollups.name}_made`,
      `DROP TABLE IF EXISTS ${rollups.name}`,
      createRollups,
      `INSERT INTO ${rollups.name} SELECT * FROM (${selectRollups('telemetry_samples')})`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS ${rollups.name}_made TO ${rollups.name} AS ${selectRollups('telemetry_samples')}`,
    ],
  },
  {
    // Days are a setting, carried out by `settings/retention.ts`. Given first, so that the step can run again.
    id: 'telemetry/0007-days-are-a-setting',
    statements: [...tableNames, rollups.name].flatMap((name) => [
      `ALTER TABLE ${name} MODIFY TTL ${name === rollups.name ? 'cell' : 'toDateTime(timestamp)'} + INTERVAL 395 DAY SETTINGS materialize_ttl_after_modify = 0`,
      `ALTER TABLE ${name} REMOVE TTL`,
    ]),
  },
  {
    // Attributes of points lay in maps, which cost more to write than everything else of a point. Written over at once: of each part one column.
    id: 'telemetry/0008-labels',
    statements: [
      `DROP VIEW IF EXISTS ${rollups.name}_made`,
      `ALTER TABLE telemetry_samples ADD COLUMN IF NOT EXISTS ${labelsColumn.join(' ')}`,
      `ALTER TABLE ${rollups.name} ADD COLUMN IF NOT EXISTS ${rollupLabels.join(' ')}`,
      `ALTER TABLE telemetry_samples UPDATE labels = ${labelsFrom(['strings', 'numbers', 'booleans'])} WHERE labels = '' SETTINGS mutations_sync = 1`,
      `ALTER TABLE ${rollups.name} UPDATE labels = ${labelsFrom(['strings'])} WHERE labels = '' SETTINGS mutations_sync = 1`,
    ],
  },
  {
    id: 'telemetry/0009-maps-are-labels',
    statements: [
      ...labelMaps.flatMap(([name, ddl]) => [
        `ALTER TABLE telemetry_samples DROP COLUMN IF EXISTS ${name}`,
        `ALTER TABLE telemetry_samples ADD COLUMN IF NOT EXISTS ${name} ${ddl}`,
      ]),
      `ALTER TABLE ${rollups.name} DROP COLUMN IF EXISTS ${rollupMap[0]}`,
      `ALTER TABLE ${rollups.name} ADD COLUMN IF NOT EXISTS ${rollupMap.join(' ')}`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS ${rollups.name}_made TO ${rollups.name} AS ${selectRollups('telemetry_samples')}`,
    ],
  },
];
