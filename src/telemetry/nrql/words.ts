import { rowFunctions } from './row-functions.ts';

/** Aggregates that are answered: signature and one line for people. */
export const aggregateFunctions: Record<string, { signature: string; summary: string }> = {
  count: { signature: 'count(*)', summary: 'Number of records, or of records that have an attribute' },
  average: { signature: 'average(attribute)', summary: 'Mean' },
  sum: { signature: 'sum(attribute)', summary: 'Sum' },
  min: { signature: 'min(attribute)', summary: 'Least value' },
  max: { signature: 'max(attribute)', summary: 'Greatest value' },
  latest: { signature: 'latest(attribute)', summary: 'The value that came last' },
  earliest: { signature: 'earliest(attribute)', summary: 'The value that came first' },
  median: { signature: 'median(attribute)', summary: 'Middle value' },
  percentile: {
    signature: 'percentile(attribute, 95, 99)',
    summary: 'Values below which so many per cent lie (estimated)',
  },
  stddev: { signature: 'stddev(attribute)', summary: 'Standard deviation of the population' },
  stdvar: { signature: 'stdvar(attribute)', summary: 'Variance of the population' },
  uniquecount: {
    signature: 'uniqueCount(attribute, ...)',
    summary: 'Number of different values (estimated when many)',
  },
  uniques: { signature: 'uniques(attribute [, limit])', summary: 'The different values' },
  rate: { signature: 'rate(aggregate, 1 minute)', summary: 'An aggregate for each amount of time' },
  filter: {
    signature: 'filter(aggregate, WHERE condition)',
    summary: 'An aggregate of the records a condition holds for',
  },
  percentage: {
    signature: 'percentage(aggregate, WHERE condition)',
    summary: 'Share of an aggregate a condition holds for',
  },
  histogram: {
    signature: 'histogram(attribute, width: 10, buckets: 40)',
    summary: 'How values are spread over a range',
  },
  apdex: { signature: 'apdex(attribute, t: 0.5)', summary: 'Satisfaction from 0 to 1: under t, under 4t, slower' },
  cdfpercentage: {
    signature: 'cdfPercentage(attribute, 0.5, 1)',
    summary: 'Per cent of values at or below each bound',
  },
  derivative: { signature: 'derivative(attribute, 1 minute)', summary: 'Rate of change, by linear regression' },
  predictlinear: {
    signature: 'predictLinear(attribute, 1 hour)',
    summary: 'Expected value after an amount of time, by linear regression',
  },
  latestrate: { signature: 'latestrate(attribute, 1 minute)', summary: 'Rate of change between the last two values' },
  funnel: {
    signature: "funnel(key, WHERE a AS 'one', WHERE b AS 'two')",
    summary: 'Number of different keys that came so far, one step after the other',
  },
  bucketpercentile: {
    signature: 'bucketPercentile(metric_bucket, 50, 95)',
    summary: 'Percentiles of a histogram that came as one counter a bucket (Prometheus)',
  },
  irate: {
    signature: 'irate(attribute, 1 second)',
    summary: 'Rate of a counter between its last two points',
  },
  idelta: { signature: 'idelta(attribute)', summary: 'What a counter grew by from the last but one point to the last' },
  bytecountestimate: {
    signature: 'bytecountestimate()',
    summary: 'Bytes of the records before compression (estimated)',
  },
  keyset: { signature: 'keyset()', summary: 'Names of all attributes' },
  cardinality: {
    signature: 'cardinality([attribute])',
    summary: 'Number of different combinations of attributes, of records that have one (estimated)',
  },
};

/** Functions known by two names: the other one, and what it is read as. */
export const otherNames: Record<string, string> = {
  histogrampercentile: 'bucketpercentile',
  deriv: 'derivative',
  datapointcount: 'count',
  ifthen: 'if',
  ceiling: 'ceil',
};

/** The clauses and operators, for completion. */
export const keywords = [
  'SELECT',
  'FROM',
  'WHERE',
  'FACET',
  'CASES',
  'TIMESERIES',
  'AUTO',
  'MAX',
  'SLIDE BY',
  'SINCE',
  'UNTIL',
  'AGO',
  'COMPARE WITH',
  'WITH TIMEZONE',
  'LIMIT',
  'OFFSET',
  'ORDER BY',
  'ASC',
  'DESC',
  'AS',
  'AND',
  'OR',
  'NOT',
  'IN',
  'LIKE',
  'RLIKE',
  'IS NULL',
  'IS NOT NULL',
  'IS TRUE',
  'IS FALSE',
  'SHOW EVENT TYPES',
];

const special = [
  {
    name: 'convert',
    kind: 'row' as const,
    signature: "convert(number, 'ms', 's')",
    summary: 'The same amount in another unit of time, data or temperature',
  },
  { name: 'if', kind: 'row' as const, signature: 'if(condition, then, else)', summary: 'One of two values' },
  {
    name: 'capture',
    kind: 'row' as const,
    signature: "capture(text, r'(?P<name>...)')",
    summary: 'The part of a text a group of a pattern matches',
  },
  {
    name: 'aparse',
    kind: 'row' as const,
    signature: "aparse(text, '% took * ms')",
    summary: 'The part of a text at the * of a pattern',
  },
  {
    name: 'getField',
    kind: 'row' as const,
    signature: 'getField(metric, latest)',
    summary: 'A field of a metric: count, total, min, max, latest',
  },
  {
    name: 'conditional',
    kind: 'row' as const,
    signature: 'conditional(WHERE condition, attribute)',
    summary: 'An attribute or metric of the records a condition holds for, inside an aggregate',
  },
  {
    name: 'dimensions',
    kind: 'row' as const,
    signature: 'dimensions()',
    summary: 'All labels of a point as one text; FACET dimensions() makes a group of each series',
  },
  { name: 'eventType', kind: 'row' as const, signature: 'eventType()', summary: 'The type of the record' },
  {
    name: 'aggregationEndTime',
    kind: 'row' as const,
    signature: 'aggregationEndTime()',
    summary: 'End of the aggregated span',
  },
];

const nameOf = (signature: string): string => signature.slice(0, signature.indexOf('('));

/** Every function that is answered, for completion. */
export function listFunctions(): { name: string; kind: 'aggregate' | 'row'; signature: string; summary: string }[] {
  const aggregates = Object.values(aggregateFunctions).map(({ signature, summary }) => ({
    name: nameOf(signature),
    kind: 'aggregate' as const,
    signature,
    summary,
  }));
  const rows = Object.entries(rowFunctions)
    .filter(([name]) => name !== 'indexof')
    .map(([, { signature, summary }]) => ({ name: nameOf(signature), kind: 'row' as const, signature, summary }));
  return [...aggregates, ...rows, ...special];
}

const spellings = new Map(listFunctions().map(({ name }) => [name.toLowerCase(), name]));

/** A function's name as it is usually written. */
export function spelling(name: string): string {
  return spellings.get(name) ?? name;
}
