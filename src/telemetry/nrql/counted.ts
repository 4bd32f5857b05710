import { synonyms, type TableName, tableOf } from '../tables.ts';
import { bucketMs, countedOf } from '../volume-projection.ts';
import { asksOnly } from './additive.ts';
import type { Query } from './ast.ts';
import type { Catalogue } from './fields.ts';
import type { Cells } from './rollup.ts';
import type { Buckets, Window } from './window.ts';

/** The whole cells of five minutes whose records the store has counted, and which of them a bucket's edge parts. */
export interface CountedCells extends Cells {
  table: TableName;
  eventType: string;
  /** Cells that are read record by record all the same: those that begin at `begin` (Unix ms) and every `stepMs` from there. */
  parted: { begin: number; stepMs: number; count: number } | null;
}

/** Below this, reading the records themselves is as fast. */
const leastMs = 2 * 3_600_000;

/** The cells a query that only counts can be answered from, or null when it must see records. */
export function countedCells(
  query: Query,
  catalogue: Catalogue,
  window: Window,
  buckets: Pick<Buckets, 'begin' | 'stepMs' | 'widthMs' | 'count'> | null,
): CountedCells | null {
  if (window.until - window.since < leastMs) return null;
  const [source] = query.from;
  if (query.from.length !== 1 || source?.kind !== 'type' || !onlyCounts(query, source.name, catalogue)) return null;
  const cells = {
    since: Math.ceil(window.since / bucketMs) * bucketMs,
    until: Math.floor(window.until / bucketMs) * bucketMs,
    cellMs: bucketMs,
    table: tableOf(source.name),
    eventType: source.name,
  };
  if (!buckets || [buckets.begin, buckets.stepMs, buckets.widthMs].every((ms) => ms % bucketMs === 0))
    return { ...cells, parted: null };
  const { begin, stepMs, widthMs, count } = buckets;
  // Edges fall into every so many cells; where they fall into each second one or more, little is left to be gained.
  if (stepMs % bucketMs !== 0 || widthMs % stepMs !== 0 || stepMs < 2 * bucketMs) return null;
  const first = Math.floor(begin / bucketMs) * bucketMs;
  return { ...cells, parted: { begin: first, stepMs, count: count + widthMs / stepMs } };
}

function onlyCounts(query: Query, eventType: string, catalogue: Catalogue): boolean {
  const columns = countedOf(tableOf(eventType));
  return asksOnly(query, {
    label: (name) =>
      columns.includes(name) ||
      (columns.includes(synonyms[name] ?? '') && catalogue.typesOf([eventType], name).size === 0),
    aggregate: ({ name, args }) => name === 'count' && (args.length === 0 || args[0]!.value.kind === 'star'),
  });
}
