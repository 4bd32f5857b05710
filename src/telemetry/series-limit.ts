import { limits } from './limits.ts';
import type { IntakeRecord } from './port.ts';

/** What a point says of its metric; everything else sets its series apart. */
const facts = new Set(['metricName', 'metricType', 'unit', 'count', 'total', 'min', 'max', 'latest']);

interface Metric {
  series: Set<number>;
  /** Different values of each label among the series, counted to a bound: who varies most is the offender. */
  labels: Map<string, Set<string>>;
  /** Why more are refused, once they are. */
  refusal?: string | undefined;
}

/** Values of one label that are told apart. */
const mostValues = 1000;
const mostLabels = 64;

/**
 * Bounds the series of each metric and of each project within an hour: a label that takes a new value with every request would
 * otherwise fill the store with series of one point each. Series known in that hour go on. In memory, by server.
 */
export class SeriesLimit {
  #hour = 0;
  /** Labels that stand for a whole series and were taken in this hour, and of which project. */
  #taken = new WeakMap<object, string | null>();
  readonly #projects = new Map<string, { count: number; metrics: Map<string, Metric> }>();

  /** Why a point of a metric is refused, naming the metric and its label with most values; undefined when it is taken. */
  refusal({ projectId, attributes, point }: IntakeRecord, nowMs: number): string | undefined {
    const hour = Math.floor(nowMs / 3_600_000);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#projects.clear();
      this.#taken = new WeakMap();
    }
    if (point && this.#taken.get(attributes) === projectId) return undefined;
    const name = String(attributes.metricName ?? '');
    const project = this.#projects.get(projectId ?? '') ?? { count: 0, metrics: new Map<string, Metric>() };
    this.#projects.set(projectId ?? '', project);
    const metric: Metric = project.metrics.get(name) ?? { series: new Set(), labels: new Map() };
    const series = seriesOf(attributes);
    if (metric.series.has(series)) {
      if (point) this.#taken.set(attributes, projectId);
      return undefined;
    }
    if (metric.series.size >= limits.series.ofMetric) {
      metric.refusal ??= refusalOf(name, metric, `${limits.series.ofMetric} an hour`);
      return metric.refusal;
    }
    if (project.count >= limits.series.ofProject) {
      const [largest, most] = [...project.metrics].reduce((one, other) =>
        other[1].series.size > one[1].series.size ? other : one,
      );
      return refusalOf(largest, most, `${limits.series.ofProject} an hour in the project, most of them of this metric`);
    }
    project.metrics.set(name, metric);
    project.count += 1;
    metric.series.add(series);
    for (const label in attributes) {
      if (facts.has(label)) continue;
      const values = metric.labels.get(label) ?? new Set();
      if (values.size < mostValues) values.add(String(attributes[label]).slice(0, 100));
      if (metric.labels.size < mostLabels) metric.labels.set(label, values);
    }
    return undefined;
  }
}

function refusalOf(name: string, { labels }: Metric, bound: string): string {
  const [label, values] = [...labels].sort(([, one], [, other]) => other.size - one.size)[0] ?? ['', new Set()];
  const offender =
    label === ''
      ? ''
      : `; its label ${label} has ${values.size >= mostValues ? `${mostValues} values and more` : `${values.size} values`}`;
  return `too many series of the metric ${name.slice(0, 100)} (${bound})${offender}`;
}

/** A number for a set of labels, the same in whatever order they stand: 53 bits, so that two of 200,000 rarely meet. */
function seriesOf(attributes: IntakeRecord['attributes']): number {
  let high = 0;
  let low = 0;
  for (const label in attributes) {
    const value = attributes[label];
    if (value === undefined || value === null || facts.has(label)) continue;
    const text = `${label}\0${value}`;
    let one = 0x811c9dc5;
    let two = 0x9747b28c;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      one = Math.imul(one ^ code, 0x01000193);
      two = Math.imul(two ^ code, 0x5bd1e995);
      two ^= two >>> 15;
    }
    high = (high + (one >>> 0)) % 0x20_0000;
    low = (low + (two >>> 0)) % 0x1_0000_0000;
  }
  return high * 0x1_0000_0000 + low;
}
