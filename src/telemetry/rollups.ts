import { labelMaps } from './labels.ts';
import { tables } from './tables.ts';

/**
 * Points of metrics summed up: one row for each series and five minutes, made by a view as points arrive, so that a question about weeks
 * reads a row where there were twenty. Kept as points are, in whole numbers under a power of ten (`samples.ts`); points that are no such
 * numbers are summed as they came. A row reads like a point: its time is that of its last value, or the begin of its five minutes.
 */
export const rollups = { name: 'telemetry_rollups', cellMs: 300_000, retentionDays: 395 } as const;

/** What a series is known by, as columns; attributes without a column of their own are in `labels`. */
export const seriesLabels = [
  'service',
  'environment',
  'release',
  'host',
  'name',
  'metricName',
  'metricType',
  'unit',
] as const;

const instant = "DateTime64(6, 'UTC')";
const [least, greatest] = ['toInt64(-9223372036854775807)', 'toInt64(9223372036854775807)'];
const [lowest, highest] = ['toFloat64(-inf)', 'toFloat64(inf)'];
/** Above this, sums of whole numbers might not fit. */
const mostWhole = 2 ** 40;

/** A label of a series: the key says it already, and the engine wants to know which of the same values to keep. */
const label = (name: string): string => {
  const { ddl } = tables.telemetry_samples.promoted.find((column) => column.name === name)!;
  return name === 'metricName'
    ? ddl
    : ddl.replace('LowCardinality(String)', 'SimpleAggregateFunction(any, LowCardinality(String))');
};

/** As of points, and the map they are read as. */
export const rollupLabels = ['labels', 'SimpleAggregateFunction(any, LowCardinality(String)) CODEC(ZSTD(3))'] as const;
export const rollupMap = labelMaps[0];

export const createRollups = `CREATE TABLE IF NOT EXISTS ${rollups.name} (
    projectId LowCardinality(String),
    type SimpleAggregateFunction(any, LowCardinality(String)),
    cell DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    series UInt64 CODEC(ZSTD(1)),
    decimals Int8 CODEC(ZSTD(1)),
    ${seriesLabels.map((name) => `${name} ${label(name)}`).join(',\n    ')},
    ${rollupLabels.join(' ')},
    -- Never zero: a row whose sums are all zero would be dropped.
    points UInt64 CODEC(Delta, ZSTD(1)),
    present SimpleAggregateFunction(groupBitOr, UInt8) CODEC(ZSTD(1)),
    countN SimpleAggregateFunction(sum, Int64) CODEC(Delta, T64('bit'), ZSTD(1)),
    totalN SimpleAggregateFunction(sum, Int64) CODEC(Delta, T64('bit'), ZSTD(1)),
    minN SimpleAggregateFunction(min, Int64) CODEC(Delta, T64('bit'), ZSTD(1)),
    maxN SimpleAggregateFunction(max, Int64) CODEC(Delta, T64('bit'), ZSTD(1)),
    latestN SimpleAggregateFunction(max, Tuple(${instant}, Int64)) CODEC(Delta(8), ZSTD(1)),
    countR SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    totalR SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    minR SimpleAggregateFunction(min, Float64) CODEC(ZSTD(1)),
    maxR SimpleAggregateFunction(max, Float64) CODEC(ZSTD(1)),
    latestR SimpleAggregateFunction(max, Tuple(${instant}, Float64)) CODEC(ZSTD(1)),
    ${rollupMap.join(' ')}
  ) ENGINE = SummingMergeTree
  PARTITION BY toYYYYMM(cell)
  ORDER BY (projectId, metricName, toDate(cell), series, cell, decimals)
  TTL cell + INTERVAL ${rollups.retentionDays} DAY
  SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 2000`;

/** Rows for the table from stored points; `source` has the stored columns of `telemetry_samples`. */
export function selectRollups(source: string): string {
  // Named apart from the columns they become, since a name means the outcome wherever it stands.
  const taken = ['present', 'scale', 'countN', 'latestN', 'raw', 'labels', 'service', 'environment', 'release'];
  const points = [...taken, 'host', 'name', 'metricType', 'unit', 'type'].map((name) => `${name} AS of_${name}`);
  const total = 'totalN + if(bitTest(present, 5), latestN, 0)';
  const wholes = [`${total} AS whole_total`, `${total} + minN AS whole_min`, `${total} + maxN AS whole_max`];
  const fits = ['of_countN', 'of_latestN', 'whole_total', 'whole_min', 'whole_max']
    .map((value) => `abs(${value}) < ${mostWhole}`)
    .join(' AND ');
  // Of few kinds, so that a series makes one row: two decimal places take in none.
  const places = `toInt8(if(of_scale < 0 OR of_scale > 6 OR NOT (${fits}), -1, greatest(of_scale, 2)))`;
  const has = (bit: number): string => `bitTest(of_present, ${bit})`;
  const inWhole = (bit: number, value: string, otherwise: string): string =>
    `if(${has(bit)} AND places >= 0, ${value}, ${otherwise})`;
  const scaled = (value: string): string => `toInt64(${value} * intExp10(greatest(places - of_scale, 0)))`;
  const real = (place: number, value: string): string =>
    `if(of_scale < 0, of_raw[${place}], ${value} / intExp10(greatest(of_scale, 0)))`;
  const inReal = (bit: number, place: number, value: string, otherwise: string): string =>
    `if(${has(bit)} AND places < 0, ${real(place, value)}, ${otherwise})`;
  const never = "toDateTime64(0, 6, 'UTC')";
  return `SELECT projectId, any(of_type) AS type, toDateTime(toStartOfFiveMinutes(at), 'UTC') AS cell, series, places AS decimals,
      ${seriesLabels.map((name) => (name === 'metricName' ? name : `any(of_${name}) AS ${name}`)).join(', ')},
      any(of_labels) AS labels,
      count() AS points,
      groupBitOr(of_present) AS present,
      sum(${inWhole(0, 'of_countN', 'toInt64(0)')}) AS countN,
      sum(${inWhole(1, scaled('whole_total'), 'toInt64(0)')}) AS totalN,
      min(${inWhole(2, scaled('whole_min'), greatest)}) AS minN,
      max(${inWhole(3, scaled('whole_max'), least)}) AS maxN,
      max(if(${has(4)} AND places >= 0, (at, ${scaled('of_latestN')}), (${never}, toInt64(0)))) AS latestN,
      sum(if(${has(0)} AND places < 0, if(of_scale < 0, of_raw[1], toFloat64(of_countN)), toFloat64(0))) AS countR,
      sum(${inReal(1, 2, 'whole_total', 'toFloat64(0)')}) AS totalR,
      min(${inReal(2, 3, 'whole_min', highest)}) AS minR,
      max(${inReal(3, 4, 'whole_max', lowest)}) AS maxR,
      max(if(${has(4)} AND places < 0, (at, ${real(5, 'of_latestN')}), (${never}, toFloat64(0)))) AS latestR
    FROM (SELECT *, ${places} AS places FROM (
      SELECT projectId, metricName, series, timestamp AS at, ${[...points, ...wholes].join(', ')} FROM ${source}))
    GROUP BY projectId, metricName, series, cell, places`;
}

const reading = (bit: number, whole: string, real: string): string =>
  `if(bitTest(present, ${bit}), if(decimals < 0, ${real}, ${whole}), NULL)`;
const decimal = (column: string): string => `${column} / intExp10(decimals)`;

/** What stands for the columns of a point, in a SELECT from the table. */
export const rollupReadings: readonly (readonly [name: string, sql: string])[] = [
  ['timestamp', "if(bitTest(present, 4), if(decimals < 0, latestR.1, latestN.1), toDateTime64(cell, 6, 'UTC'))"],
  ['count', reading(0, 'toFloat64(countN)', 'countR')],
  ['total', reading(1, decimal('totalN'), 'totalR')],
  ['min', reading(2, decimal('minN'), 'minR')],
  ['max', reading(3, decimal('maxN'), 'maxR')],
  ['latest', reading(4, decimal('latestN.2'), 'latestR.2')],
];
