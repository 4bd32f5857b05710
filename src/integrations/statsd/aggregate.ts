import type { IntakeRecord } from '../../telemetry/port.ts';
import { limits } from './limits.ts';

type Kind = 'c' | 'g' | 'ms' | 'h' | 'd' | 's';

interface Series {
  kind: Kind;
  name: string;
  tags: Record<string, string>;
  count: number;
  total: number;
  min: number;
  max: number;
  latest: number;
  members: Set<string>;
  touched: boolean;
}

/** Upper bounds of the buckets timers and histograms are counted in, each a tenth above the last: percentiles are as exact as that. */
const bounds = Array.from({ length: 160 }, (_, index) => Number((0.05 * 1.1 ** index).toPrecision(3)));

/** How DogStatsD's tags are called here. */
const names: Record<string, string> = { env: 'environment', version: 'release' };

/**
 * Adds up what StatsD clients send: counters, gauges (also relative), timers, histograms, distributions and sets, with DogStatsD's tags.
 * What cannot be used is told by the reason it is counted under. Gauges keep their value between intervals, so that `+1` has a meaning.
 */
export class StatsdAggregate {
  readonly #series = new Map<string, Series & { buckets: Map<number, number> }>();

  /** Takes one line: `name:value[:value...]|type[|@rate][|#tag:value,...]`. Answers why it could not be used, if so. */
  add(line: string): string | undefined {
    if (/^_(?:e\{|sc\|)/.test(line)) return 'statsd: events and service checks of DogStatsD are not taken';
    const [head = '', type = '', ...options] = line.split('|');
    const colon = head.indexOf(':');
    const name = colon > 0 ? head.slice(0, colon) : '';
    if (name === '' || name.length > limits.nameCharacters) return 'statsd: no line of StatsD';
    if (!/^(?:c|g|ms|h|d|s)$/.test(type)) return 'statsd: unknown type of metric';
    const kind = type as Kind;
    const tags = tagsOf(options.find((option) => option.startsWith('#'))?.slice(1) ?? '');
    const rate = Number(options.find((option) => option.startsWith('@'))?.slice(1) ?? 1);
    if (!(rate > 0 && rate <= 1)) return 'statsd: a sample rate that is none';
    const key = JSON.stringify([kind, name, Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1))]);
    let series = this.#series.get(key);
    if (!series) {
      if (this.#series.size >= limits.series) return `statsd: too many series; ${name} was one too many`;
      series = { kind, name, tags, ...nothing(), latest: 0, members: new Set(), buckets: new Map(), touched: false };
      this.#series.set(key, series);
    }
    let problem: string | undefined;
    for (const text of head.slice(colon + 1).split(':')) problem = one(series, text, rate) ?? problem;
    return problem;
  }

  /** The points of the interval that ends now; gauges that were not heard of make none, and what counts begins anew. */
  take(now: number, projectId: string): IntakeRecord[] {
    const records: IntakeRecord[] = [];
    for (const [key, series] of this.#series) {
      if (!series.touched) {
        this.#series.delete(key);
        continue;
      }
      records.push(recordOf(series, now, projectId));
      Object.assign(series, nothing(), { touched: false });
      series.members.clear();
      series.buckets.clear();
      // A gauge stays for one interval more, for what is added to it.
    }
    return records;
  }
}

const nothing = () => ({ count: 0, total: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY });

function one(series: Series & { buckets: Map<number, number> }, text: string, rate: number): string | undefined {
  if (series.kind === 's') {
    if (series.members.size >= limits.setValues) return `statsd: too many values in the set ${series.name}`;
    series.members.add(text);
    series.touched = true;
    return undefined;
  }
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) return 'statsd: a value that is no number';
  series.touched = true;
  if (series.kind === 'g') {
    series.latest = /^[+-]/.test(text) ? series.latest + value : value;
    return undefined;
  }
  const weight = 1 / rate;
  series.count += weight;
  series.total += value * weight;
  series.latest = value;
  series.min = Math.min(series.min, value);
  series.max = Math.max(series.max, value);
  if (series.kind === 'c') return undefined;
  const at = bounds.findIndex((bound) => value <= bound);
  const bucket = at < 0 ? bounds.length : at;
  series.buckets.set(bucket, (series.buckets.get(bucket) ?? 0) + weight);
  return undefined;
}

function recordOf(
  series: Series & { buckets: Map<number, number> },
  timestamp: number,
  projectId: string,
): IntakeRecord {
  const attributes = { ...series.tags, metricName: series.name };
  const { count, total, min, max, latest } = series;
  if (series.kind === 'g' || series.kind === 's') {
    const value = series.kind === 'g' ? latest : series.members.size;
    const facts = { metricType: 'gauge', count: 1, total: value, min: value, max: value, latest: value };
    return { type: 'Metric', timestamp, projectId, attributes: { ...attributes, ...facts } };
  }
  if (series.kind === 'c') {
    const facts = { metricType: 'count', count: 1, total, min: total, max: total, latest: total };
    return { type: 'Metric', timestamp, projectId, attributes: { ...attributes, ...facts } };
  }
  const used = [...series.buckets.keys()].sort((a, b) => a - b);
  const [first, last] = [used[0]!, used.at(-1)!];
  // The bound below the first bucket in use closes it off; what is above all bounds is in the last count.
  const from = Math.max(0, first - 1);
  const some = bounds.slice(from, Math.min(last + 1, bounds.length));
  const counts = Array.from({ length: some.length + 1 }, (_, index) => series.buckets.get(from + index) ?? 0);
  return {
    type: 'Metric',
    timestamp,
    projectId,
    attributes: {
      ...attributes,
      metricType: 'distribution',
      ...(series.kind === 'ms' ? { unit: 'ms' } : {}),
      count,
      total,
      min,
      max,
      latest,
    },
    buckets: { bounds: some, counts },
  };
}

function tagsOf(text: string): Record<string, string> {
  if (text === '') return {};
  const tags: [string, string][] = text
    .split(',')
    .slice(0, limits.tags)
    .filter((tag) => tag !== '')
    .map((tag) => {
      const colon = tag.indexOf(':');
      const name = colon < 0 ? tag : tag.slice(0, colon);
      return [names[name] ?? name, colon < 0 ? 'true' : tag.slice(colon + 1)];
    });
  return Object.fromEntries(tags);
}
