import { rollups, seriesLabels } from '../rollups.ts';
import { synonyms, tables } from '../tables.ts';
import type { Expression, Query } from './ast.ts';
import type { Catalogue } from './fields.ts';
import type { Buckets, Window } from './window.ts';

/** The whole cells inside a window that rows of the rollup stand for; what is before and after is read point by point. */
export interface Cells {
  /** Unix milliseconds; `until` is exclusive. */
  since: number;
  until: number;
}

const { cellMs } = rollups;
/** From here on a chart up to now ends with the last whole cell: what it leaves out is less than can be seen. */
const longMs = 6 * 3_600_000;

/** Aggregates of a metric whose answer is the same from sums, least, greatest and last values. */
const additive = new Set(['average', 'sum', 'min', 'max', 'latest', 'count']);
/** Functions of numbers that may stand around aggregates. */
const numeric = new Set(['round', 'abs', 'floor', 'ceil', 'sqrt', 'ln', 'log2', 'log10', 'clamp_min', 'clamp_max']);
/** Functions that read more of a record than their arguments. */
const ofRecord = new Set(['getfield', 'squarebracketfunction', 'aggregationendtime']);

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
  return until > since && isAdditive(query, catalogue) ? { since, until } : null;
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
  if (query.join || query.with.length > 0 || query.order.length > 0) return false;

  const label = (name: string): boolean => {
    if (catalogue.isMetric(name)) return false;
    const seen = catalogue.typesOf(['Metric'], name);
    const column = seriesLabels.some((one) => one === name || (seen.size === 0 && one === synonyms[name]));
    return column || (seen.size === 1 && seen.has('string'));
  };
  /** Of one record: labels and what is made of them. */
  const ofLabels = (expression: Expression): boolean => {
    switch (expression.kind) {
      case 'attribute':
        return label(expression.name);
      case 'call':
        return !ofRecord.has(expression.name) && expression.args.every(({ value }) => ofLabels(value));
      case 'negate':
      case 'not':
      case 'is':
        return ofLabels(expression.operand);
      case 'binary':
        return ofLabels(expression.left) && ofLabels(expression.right);
      case 'in':
        return ofLabels(expression.operand) && expression.choices.every(ofLabels);
      case 'like':
        return ofLabels(expression.operand) && ofLabels(expression.pattern);
      case 'number':
      case 'string':
      case 'regex':
      case 'boolean':
      case 'null':
        return true;
      default:
        return false;
    }
  };
  /** Of a group: numbers made of additive aggregates. */
  const ofGroup = (expression: Expression): boolean => {
    switch (expression.kind) {
      case 'number':
      case 'duration':
        return true;
      case 'negate':
        return ofGroup(expression.operand);
      case 'binary':
        return /^[-+*/]$/.test(expression.operator) && ofGroup(expression.left) && ofGroup(expression.right);
      case 'call': {
        const { name, args } = expression;
        const first = args[0]?.value;
        if (additive.has(name))
          return args.length === 1 && first?.kind === 'attribute' && isMetric(first.name, catalogue);
        if (name === 'uniquecount') return args.length > 0 && args.every(({ value }) => ofLabels(value));
        if (name === 'filter' || name === 'percentage')
          return args.length === 2 && ofGroup(first!) && ofLabels(args[1]!.value);
        return (name === 'rate' || numeric.has(name)) && args.every(({ value }) => ofGroup(value));
      }
      default:
        return false;
    }
  };
  return (
    query.select.every(({ value }) => ofGroup(value)) &&
    query.select.some(({ value }) => value.kind !== 'number') &&
    query.where.every(ofLabels) &&
    query.facet.every(({ value }) => ofLabels(value)) &&
    (query.facetOrder === null || ofGroup(query.facetOrder))
  );
}
