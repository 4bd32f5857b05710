import { type Json, listOf, numberOf, objectOf, textOf } from '../../kernel/foreign-json.ts';
import type { CumulativeChanges } from '../../platform/observe/cumulative.ts';
import type { IntakeRecord } from '../../telemetry/port.ts';
import { limits } from './limits.ts';
import { type Attributes, addAttributes, millisOf } from './values.ts';

interface At {
  projectId: string;
  now: number;
  changes: CumulativeChanges;
}

type Reject = (count: number, reason: string) => void;

const isCumulative = (value: unknown): boolean =>
  value === 'AGGREGATION_TEMPORALITY_CUMULATIVE' || numberOf(value) === 2;
/** The sender says there is no value (a series that ended). */
const noValue = (point: Json): boolean => ((numberOf(point.flags) ?? 0) & 1) === 1;

/** Adds the points of one metric. */
export function metricRecords(metric: Json, shared: Attributes, at: At, records: IntakeRecord[], reject: Reject): void {
  const name = textOf(metric.name);
  const unit = textOf(metric.unit);
  const forms = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;
  const form = forms.find((candidate) => objectOf(metric[candidate]));
  if (name === '' || !form) {
    reject(1, 'a metric without a name or data');
    return;
  }
  const data = objectOf(metric[form])!;
  const cumulative = isCumulative(data.aggregationTemporality);
  for (const point of listOf(data.dataPoints)) {
    if (noValue(point)) continue;
    const own: Attributes = {};
    addAttributes(own, point.attributes);
    const start = millisOf(point.startTimeUnixNano) ?? 0;
    const key = (): string =>
      JSON.stringify([at.projectId, name, shared, Object.entries(own).sort(([a], [b]) => (a < b ? -1 : 1))]);
    const facts =
      form === 'gauge' || form === 'sum'
        ? numberFacts(point, form === 'sum' && data.isMonotonic === true, form === 'sum', cumulative, (values) =>
            at.changes.added(key(), start, values),
          )
        : form === 'summary'
          ? summaryFacts(point)
          : histogramFacts(
              form === 'histogram' ? explicitBuckets(point) : exponentialBuckets(point),
              point,
              cumulative,
              (values) => at.changes.added(key(), start, values),
            );
    if (!facts) {
      reject(1, `a data point of "${name.slice(0, 100)}" without a usable value`);
      continue;
    }
    const { buckets, ...numbers } = facts;
    records.push({
      type: 'Metric',
      timestamp: millisOf(point.timeUnixNano) ?? at.now,
      projectId: at.projectId,
      attributes: { ...shared, ...own, metricName: name, ...(unit === '' ? {} : { unit }), ...numbers },
      ...(buckets ? { buckets } : {}),
    });
  }
}

interface Facts {
  metricType: string;
  count: number;
  total: number;
  min?: number | undefined;
  max?: number | undefined;
  latest?: number | undefined;
  buckets?: Buckets | undefined;
  [quantile: `quantile.${string}`]: number;
}

interface Buckets {
  bounds: number[];
  counts: number[];
}

type Added = (values: number[]) => number[] | undefined;

function numberFacts(
  point: Json,
  monotonic: boolean,
  isSum: boolean,
  cumulative: boolean,
  added: Added,
): Facts | undefined {
  const value = numberOf(point.asDouble) ?? numberOf(point.asInt);
  if (value === undefined) return undefined;
  // What goes up and down is a level, not a count, when its whole value is told each time.
  if (!isSum || (cumulative && !monotonic)) {
    return { metricType: 'gauge', count: 1, total: value, min: value, max: value, latest: value };
  }
  if (!cumulative) return { metricType: 'count', count: 1, total: value, min: value, max: value, latest: value };
  const delta = added([value])?.[0];
  if (delta === undefined) return { metricType: 'count', count: 0, total: 0, latest: value };
  return { metricType: 'count', count: 1, total: delta, min: delta, max: delta, latest: value };
}

function summaryFacts(point: Json): Facts | undefined {
  const count = numberOf(point.count);
  if (count === undefined) return undefined;
  const total = numberOf(point.sum) ?? 0;
  const facts: Facts = { metricType: 'summary', count, total, latest: count > 0 ? total / count : undefined };
  for (const entry of listOf(point.quantileValues).slice(0, 50)) {
    const quantile = numberOf(entry.quantile);
    const value = numberOf(entry.value);
    if (quantile === undefined || value === undefined) continue;
    if (quantile === 0) facts.min = value;
    else if (quantile === 1) facts.max = value;
    else facts[`quantile.${quantile}`] = value;
  }
  return facts;
}

function histogramFacts(
  buckets: Buckets | undefined,
  point: Json,
  cumulative: boolean,
  added: Added,
): Facts | undefined {
  const count = numberOf(point.count);
  if (count === undefined || !buckets) return undefined;
  const total = numberOf(point.sum) ?? 0;
  const whole = cumulative ? added([count, total, ...buckets.counts]) : [count, total, ...buckets.counts];
  if (!whole) return { metricType: 'distribution', count: 0, total: 0 };
  const [newCount, newTotal, ...counts] = whole as [number, number, ...number[]];
  // Extremes of a cumulative histogram are those since its start, which says nothing of this point.
  const extremes = cumulative ? {} : { min: numberOf(point.min), max: numberOf(point.max) };
  return {
    metricType: 'distribution',
    count: newCount,
    total: newTotal,
    ...extremes,
    latest: newCount > 0 ? newTotal / newCount : undefined,
    ...(buckets.bounds.length > 0 && newCount > 0 ? { buckets: { bounds: buckets.bounds, counts } } : {}),
  };
}

const numbersOf = (value: unknown): number[] => (Array.isArray(value) ? value.map((item) => numberOf(item) ?? 0) : []);

function explicitBuckets(point: Json): Buckets | undefined {
  const bounds = numbersOf(point.explicitBounds);
  const counts = numbersOf(point.bucketCounts);
  if (bounds.length > limits.buckets) return undefined;
  if (counts.length === 0) return { bounds: [], counts: [] };
  return counts.length === bounds.length + 1 ? { bounds, counts } : undefined;
}

/**
 * An exponential histogram as one with explicit bounds: bucket `i` holds values in (base^i, base^(i+1)] with
 * base = 2^(2^-scale), mirrored for negative ones, with the zero bucket between.
 */
function exponentialBuckets(point: Json): Buckets | undefined {
  const scale = numberOf(point.scale) ?? 0;
  if (scale < -20 || scale > 30) return undefined;
  const bound = (index: number) => 2 ** (index * 2 ** -scale);
  const side = (value: unknown) => {
    const object = objectOf(value);
    return { offset: numberOf(object?.offset) ?? 0, counts: numbersOf(object?.bucketCounts) };
  };
  const positive = side(point.positive);
  const negative = side(point.negative);
  if (positive.counts.length + negative.counts.length > limits.buckets) return undefined;
  const zero = numberOf(point.zeroCount) ?? 0;
  const bounds: number[] = [];
  const counts: number[] = [];
  const close = (count: number, upper: number) => {
    if (!Number.isFinite(upper)) return;
    counts.push(count);
    bounds.push(upper);
  };
  // From the most negative up; before the first bound lies nothing.
  if (negative.counts.length > 0) {
    close(0, -bound(negative.offset + negative.counts.length));
    for (let index = negative.counts.length - 1; index >= 0; index -= 1)
      close(negative.counts[index]!, -bound(negative.offset + index));
  }
  if (positive.counts.length > 0) {
    close(zero, bound(positive.offset));
    positive.counts.forEach((count, index) => {
      close(count, bound(positive.offset + index + 1));
    });
    counts.push(0);
  } else counts.push(zero);
  return { bounds, counts };
}
