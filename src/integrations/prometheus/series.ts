import { type Json, listOf, numberOf, objectOf, textOf } from '../../kernel/foreign-json.ts';
import type { CumulativeChanges } from '../../platform/observe/cumulative.ts';
import type { IntakeRecord, PointFigures } from '../../telemetry/port.ts';
import { type KnownSeries, Series, withSource } from './known-series.ts';
import { limits } from './limits.ts';

/** Both versions number their metric types alike. */
const types = ['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset'] as const;
export type MetricType = (typeof types)[number];

/** The type that a page of metrics names (`untyped` in the old format, `unknown` in the new). */
export const metricTypeOf = (text: string): MetricType => types.find((type) => type === text) ?? 'unknown';

/** Types of metrics by project and name, as senders told them; they come now and then, apart from the samples. */
export class MetricTypes {
  readonly #types = new Map<string, MetricType>();

  learn(projectId: string, name: string, type: MetricType): void {
    if (name === '' || type === 'unknown') return;
    const key = `${projectId} ${name}`;
    this.#types.delete(key);
    this.#types.set(key, type);
    if (this.#types.size > limits.metrics) this.#types.delete(this.#types.keys().next().value!);
  }

  /**
   * Whether a series only grows. By its type where that is known (a histogram's and a summary's `_count`, `_sum` and `_bucket` do);
   * else by its name, as upstream's own conventions have it.
   */
  grows(projectId: string, name: string): boolean {
    const part = /^(.*)_(?:bucket|count|sum|total)$/.exec(name);
    const own = this.#types.get(`${projectId} ${name}`);
    if (own) return own === 'counter';
    const family = part ? this.#types.get(`${projectId} ${part[1]}`) : undefined;
    if (family) return family !== 'gauge' && family !== 'gaugehistogram';
    return part !== null;
  }
}

export interface Written {
  records: IntakeRecord[];
  /** Samples that could not be used. */
  refused: number;
}

interface At {
  projectId: string;
  types: MetricTypes;
  changes: CumulativeChanges;
  /** The name a sender gave itself. */
  source?: string | undefined;
}

/** Version 1. */
export function readWriteRequest(request: Json, at: At & { known: KnownSeries }): Written {
  for (const entry of listOf(request.metadata))
    at.types.learn(at.projectId, textOf(entry.metricFamilyName), types[numberOf(entry.type) ?? 0] ?? 'unknown');
  const written: Written = { records: [], refused: 0 };
  for (const series of listOf(request.timeseries)) {
    const labels = Array.isArray(series.labels) ? (series.labels as string[]) : [];
    addPoints(at.known.of(at.projectId, labels, at.source), listOf(series.samples), at, written);
  }
  return written;
}

/** Version 2. */
export function readWriteRequestV2(request: Json, at: At): Written {
  const symbols = Array.isArray(request.symbols) ? request.symbols.map(textOf) : [];
  const written: Written = { records: [], refused: 0 };
  for (const series of listOf(request.timeseries)) {
    const references = Array.isArray(series.labelsRefs) ? series.labelsRefs.map((one) => numberOf(one) ?? 0) : [];
    const labels = new Map<string, string>();
    for (let index = 0; index + 1 < references.length; index += 2)
      labels.set(symbols[references[index]!] ?? '', symbols[references[index + 1]!] ?? '');
    const type = types[numberOf(objectOf(series.metadata)?.type) ?? 0] ?? 'unknown';
    at.types.learn(at.projectId, (labels.get('__name__') ?? '').replace(/_(?:bucket|count|sum)$/, ''), type);
    addSamples(withSource(labels, at.source ?? ''), listOf(series.samples), at, written);
  }
  return written;
}

/** Adds what the samples of the series with these labels (values with Unix milliseconds) become. */
export function addSamples(labels: Map<string, string>, samples: Json[], at: At, written: Written): void {
  const { records } = written;
  const from = records.length;
  addPoints(new Series(at.projectId, labels), samples, at, written);
  // What is kept of a series that nobody will name again would cost more than it saves.
  for (let index = from; index < records.length; index += 1) {
    const { point, ...record } = records[index]!;
    records[index] = { ...record, attributes: { ...record.attributes, ...point } };
  }
}

function addPoints(series: Series, samples: Json[], at: At, written: Written): void {
  const { name } = series;
  const grows = at.types.grows(at.projectId, name);
  const attributes = series.attributes(grows ? 'count' : 'gauge');
  for (const sample of samples) {
    // Prometheus marks the end of a series by a value that is no number.
    const value = sample.value === undefined ? 0 : sample.value;
    const timestamp = numberOf(sample.timestamp) ?? 0;
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    if (name === '' || timestamp <= 0 || written.records.length >= limits.samples) {
      written.refused += 1;
      continue;
    }
    const point = grows ? counted(value, at.changes.added(series.key, 0, [value])?.[0]) : gauge(value);
    written.records.push({ type: 'Metric', timestamp, projectId: at.projectId, attributes, point });
  }
}

const gauge = (value: number): PointFigures => ({ count: 1, total: value, min: value, max: value, latest: value });

/** What a counter grew by; of the first value ever heard nothing can be said but the value itself. */
const counted = (value: number, added: number | undefined): PointFigures =>
  added === undefined
    ? { count: 0, total: 0, latest: value }
    : { count: 1, total: added, min: added, max: added, latest: value };
