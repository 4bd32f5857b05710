import { labelMaps, labelsColumn, labelsFrom } from './labels.ts';
import { bucketColumns, frameColumns, mapColumns, tables } from './tables.ts';

/**
 * How points of metrics lie in the store. Most values people measure have few decimals, and each series changes little from point to
 * point. So a point's values are kept as whole numbers under a power of ten, next to the points of its own series, where the codec
 * keeps differences; a value that is no such number is kept as it came. Nothing is rounded: a point is only
 * kept so when its values come back bit for bit. What is read are columns computed from these (ALIAS), under the names NRQL knows.
 */

/** Bits of `present`: which of the five values a point has. */
export const bits = { count: 0, total: 1, min: 2, max: 3, latest: 4 } as const;
type Figure = keyof typeof bits;
const figures = Object.keys(bits) as Figure[];
/** Bit of `present`: `totalN` is the difference from the last value, as of a gauge, whose values are all the same. */
export const relative = 5;

/** Columns of the store that stand for the five values, in the order of {@link selectSamples}. */
const storedColumns = [
  ['series', 'UInt64 CODEC(ZSTD(1))'],
  // Bit by bit what there is; see `bits` and `relative`.
  ['present', 'UInt8 CODEC(ZSTD(1))'],
  // Decimal places of the whole numbers; -1 when the values are in `raw`.
  ['scale', 'Int8 CODEC(ZSTD(1))'],
  ['countN', 'Int64 CODEC(Delta, ZSTD(1))'],
  // Small differences need few bits each; turned by T64 they lie together for the compressor.
  ['latestN', "Int64 CODEC(Delta, T64('bit'), ZSTD(1))"],
  ['totalN', 'Int64 CODEC(Delta, ZSTD(1))'],
  // Least and greatest, as differences from the total.
  ['minN', 'Int64 CODEC(ZSTD(1))'],
  ['maxN', 'Int64 CODEC(ZSTD(1))'],
  ['raw', 'Array(Float64) CODEC(ZSTD(1))'],
] as const;

const placeOf = (figure: Figure): number => figures.indexOf(figure) + 1;

function readingOf(figure: Figure, whole: string): string {
  return `if(bitTest(present, ${bits[figure]}), if(scale < 0, raw[${placeOf(figure)}], ${whole}), NULL)`;
}

const total = `totalN + if(bitTest(present, ${relative}), latestN, 0)`;
const scaled = (sum: string): string => `(${sum}) / intExp10(scale)`;

/** Columns computed when they are read: the five values, the maps, and a number of arrival, which points do not keep. */
export const computedColumns: readonly (readonly [name: string, ddl: string])[] = [
  ['seq', 'UInt64 ALIAS 0'],
  ['count', `Nullable(Float64) ALIAS ${readingOf('count', 'toFloat64(countN)')}`],
  ['total', `Nullable(Float64) ALIAS ${readingOf('total', scaled(total))}`],
  ['min', `Nullable(Float64) ALIAS ${readingOf('min', scaled(`${total} + minN`))}`],
  ['max', `Nullable(Float64) ALIAS ${readingOf('max', scaled(`${total} + maxN`))}`],
  ['latest', `Nullable(Float64) ALIAS ${readingOf('latest', scaled('latestN'))}`],
  ...labelMaps,
];

/** Decimal places that are tried, fewest first. Few steps, so that the points of a series mostly agree. */
export const places = [0, 2, 4, 6, 9];
/** Whole numbers up to here and their sums are exact as floating point too. */
export const mostExact = 2 ** 51;

/** What points of one series have in common. */
const identity = 'type, metricName, service, environment, release, host, name, metricType, unit, labels';

/** What stays as it came: all but the number of arrival and the five values. */
const asTheyAre = [
  ...frameColumns.filter(([name]) => name !== 'seq' && name !== 'timestamp'),
  ['timestamp', "DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1))"],
  ...tables.telemetry_samples.promoted
    .filter(({ name }) => !(name in bits))
    .map(({ name, ddl }) => [name, ddl] as const),
  ...bucketColumns,
  labelsColumn,
] as const;

/** Every column of the store that is written, in the order of {@link selectSamples}. */
export const samplesColumns: readonly (readonly [name: string, ddl: string])[] = [...asTheyAre, ...storedColumns];

/**
 * SELECT that gives points as the store keeps them, in the order of {@link samplesColumns}. `source` is a table or table function that
 * has points as records are written: with the five values as Nullable(Float64).
 */
export function selectSamples(source: string): string {
  const fits = (scale: number): string =>
    `arrayAll(v -> abs(v) * ${10 ** scale} < ${mostExact} AND round(v * ${10 ** scale}) / ${10 ** scale} = v, there)`;
  const whole = (figure: Figure): string => `toInt64(round(ifNull(${figure}, 0) * intExp10(greatest(decimals, 0))))`;
  const kept = (value: string): string => `if(decimals < 0, 0, ${value})`;
  const present = figures.map((figure) => `bitShiftLeft(toUInt8(isNotNull(${figure})), ${bits[figure]})`);
  const stored = [
    `cityHash64(${identity})`,
    `toUInt8(${present.join(' + ')} + bitShiftLeft(toUInt8(same), ${relative}))`,
    'decimals',
    kept('toInt64(ifNull(count, 0))'),
    kept(whole('latest')),
    kept(`${whole('total')} - if(same, ${whole('latest')}, 0)`),
    kept(`if(isNull(min), 0, ${whole('min')} - ${whole('total')})`),
    kept(`if(isNull(max), 0, ${whole('max')} - ${whole('total')})`),
    `if(decimals < 0, [${figures.map((figure) => `ifNull(${figure}, 0)`).join(', ')}], [])`,
  ];
  const wholeCount = `ifNull(count, 0) = round(ifNull(count, 0)) AND abs(ifNull(count, 0)) < ${mostExact}`;
  const decimals = `toInt8(multiIf(NOT (${wholeCount}), -1, ${places.map((scale) => `${fits(scale)}, ${scale}`).join(', ')}, -1))`;
  return `SELECT ${[...asTheyAre.map(([name]) => name), ...stored].join(', ')} FROM (SELECT *, ${decimals} AS decimals FROM (
    SELECT *, ifNull(total = latest, false) AS same, ${labelsFrom(['strings', 'numbers', 'booleans'])} AS labels,
      arrayMap(v -> assumeNotNull(v), arrayFilter(v -> isNotNull(v), [total, min, max, latest])) AS there FROM ${source}))`;
}

/** Statement under which rows of points arrive, in the layout of records (RowBinary). */
export function insertSamples(): string {
  const types: Record<string, string> = { string: 'String', number: 'Nullable(Float64)', boolean: 'Nullable(Bool)' };
  const plain = (ddl: string): string => ddl.replace(/ CODEC\(.*\)$/, '');
  const arriving = [
    ...frameColumns.map(([name, ddl]) => `${name} ${plain(ddl)}`),
    ...tables.telemetry_samples.promoted.map(({ name, type }) => `${name} ${types[type]}`),
    ...[...bucketColumns, ...mapColumns].map(([name, ddl]) => `${name} ${plain(ddl)}`),
  ];
  const structure = arriving.join(', ').replaceAll("'", "\\'");
  return `INSERT INTO telemetry_samples (${samplesColumns.map(([name]) => name).join(', ')})
    ${selectSamples(`input('${structure}')`)} FORMAT RowBinary`;
}

/** What stands in the text of a series that points arrive with; `labels` comes last, and may be absent. */
export const seriesText = [
  'projectId',
  'type',
  'service',
  'environment',
  'release',
  'host',
  'name',
  'metricName',
  'metricType',
  'unit',
] as const;

/** Columns in which points of known series arrive, as they are kept; everything else is told by the text of the series. */
export const pointColumns = [
  ['timestamp', "DateTime64(6, 'UTC')"],
  ['series', 'UInt64'],
  ['present', 'UInt8'],
  ['scale', 'Int8'],
  ['countN', 'Int64'],
  ['latestN', 'Int64'],
  ['totalN', 'Int64'],
  ['minN', 'Int64'],
  ['maxN', 'Int64'],
  ['raw', 'Array(Float64)'],
] as const;
export const seriesTextColumn = ['known', 'LowCardinality(String)'] as const;

/** Statement under which points of known series arrive (Native), see `points.ts`. */
export function insertPoints(): string {
  const columns = [...seriesText, 'labels', ...pointColumns.map(([name]) => name)];
  const values = [
    // Worked out once for each text, not for each point.
    ...seriesText.map((name) => `simpleJSONExtractString(known, '${name}')`),
    "simpleJSONExtractRaw(known, 'labels')",
    ...pointColumns.map(([name]) => name),
  ];
  const structure = [seriesTextColumn, ...pointColumns].map((column) => column.join(' ')).join(', ');
  return `INSERT INTO telemetry_samples (${columns.join(', ')})
    SELECT ${values.join(', ')} FROM input('${structure.replaceAll("'", "\\'")}') FORMAT Native`;
}
