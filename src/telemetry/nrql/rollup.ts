import { rollups, seriesLabels } from '../rollups.ts';
import { synonyms, tables } from '../tables.ts';
import { asksOnly } from './additive.ts';
import type { Query } from './ast.ts';
import type { Catalogue } from './fields.ts';
import type { Buckets, Window } from './window.ts';

/** The whole cells inside a window that sums stand for; what is before and after is read record by record. */
export interface Cells {
  /** Unix milliseconds; `until` is exclusive. */
  since: number;
  until: number;
  cellMs: number;
}

const { cellMs } = rollups;
/** From here on a chart up to now ends with the last whole cell: what it leaves out is less than can be seen. */
const longMs = 6 * 3_600_000;

/** Aggregates of a metric whose answer is the same from sums, least, greatest and last values. */
const additive = new Set(['average', 'sum', 'min', 'max', 'latest', 'count']);
/** The cells a query can be answered from, or null when it must see points. */
export function rollupCells(
  query: Query,
  catalogue: Catalogue,
  window: Window,
  buckets: Pick<Buckets, 'begin' | 'stepMs' | 'widthMs'> | null,
): Cells | null {
  if (buckets && [buckets.begin, buckets.stepMs, buckets.widthMs].some((ms) => ms % cellMs !== 0)) return null;
  const since = Math.ceil(window.since / cellMs) * cellMs;
  const until = Math.floor(window.until / cellMs) * cellMs;
  return until > since && isAdditive(query, catalogue) ? { since, until, cellMs } : null;
}

/** The window of a chart, moved back to whole cells when it is long, ends now and can then be answered from cells. */
export function wholeCells(
  query: Query,
  catalogue: Catalogue,
  window: Window,
  buckets: Pick<Buckets, 'stepMs' | 'widthMs'>,
  now: number,
): Window {
  const surplus = window.until % cellMs;
  const fits = buckets.stepMs % cellMs === 0 && buckets.widthMs % cellMs === 0;
  const upToNow = Math.abs(now - window.until) < cellMs;
  if (!fits || !upToNow || surplus === 0 || window.until - window.since < longMs || !isAdditive(query, catalogue))
    return window;
  return { since: window.since - surplus, until: window.until - surplus };
}

/** A metric by its name, where no attribute of every record has that name. */
const isMetric = (name: string, catalogue: Catalogue): boolean =>
  catalogue.isMetric(name) &&
  !(name in synonyms) &&
  !tables.telemetry_samples.promoted.some((one) => one.name === name);

function isAdditive(query: Query, catalogue: Catalogue): boolean {
  const [source] = query.from;
  if (query.from.length !== 1 || source?.kind !== 'type' || source.name !== 'Metric') return false;
  return asksOnly(query, {
    label(name) {
      if (catalogue.isMetric(name)) return false;
      const seen = catalogue.typesOf(['Metric'], name);
      const column = seriesLabels.some((one) => one === name || (seen.size === 0 && one === synonyms[name]));
      return column || (seen.size === 1 && seen.has('string'));
    },
    aggregate({ name, args }) {
      const first = args[0]?.value;
      return additive.has(name) && args.length === 1 && first?.kind === 'attribute' && isMetric(first.name, catalogue);
    },
  });
}
