import type { Expression, ExpressionOf } from './ast.ts';
import { bucketPercentiles } from './bucket-percentile.ts';
import { type Context, truth } from './context.ts';
import type { Value } from './fields.ts';
import { NrqlError } from './problems.ts';
import { aggregate, both, constant, percentilePoints, subjectOf } from './subject.ts';
import { lastStep, latestRate, regression } from './trends.ts';
import { unitMs } from './window.ts';
import { aggregateFunctions, spelling } from './words.ts';

export function isAggregate(name: string): boolean {
  return name in aggregateFunctions;
}

/** Whether an expression aggregates (subqueries do so for themselves). */
export function hasAggregate(expression: Expression): boolean {
  switch (expression.kind) {
    case 'call':
      return isAggregate(expression.name) || expression.args.some((arg) => hasAggregate(arg.value));
    case 'binary':
      return hasAggregate(expression.left) || hasAggregate(expression.right);
    case 'negate':
    case 'not':
    case 'is':
    case 'in':
    case 'like':
      return hasAggregate(expression.operand);
    case 'index':
      return hasAggregate(expression.target);
    default:
      return false;
  }
}

/** Compiles an aggregate call to SQL over a group. */
export function compileAggregate(call: ExpressionOf<'call'>, context: Context): Value {
  const { name, args } = call;
  const first = args[0];
  switch (name) {
    case 'count':
      return count(call, context);
    case 'filter':
    case 'percentage':
      return filtered(call, context);
    case 'rate':
      return rate(call, context);
    case 'uniquecount':
      return uniqueCount(call, context);
    case 'keyset':
      context.used.others = true;
      return {
        sql: `arraySort(${aggregate('groupUniqArrayArray', '', ['arrayConcat(mapKeys(strings), mapKeys(numbers), mapKeys(booleans))'], context.condition)})`,
        type: 'list',
      };
    case 'cardinality':
      return cardinality(call, context);
    case 'bytecountestimate': {
      const { bytes } = context.fields;
      if (!bytes) throw new NrqlError(call, 'Only records have a size, and this asks a subquery');
      context.used.others = true;
      return { sql: aggregate('sum', '', [bytes], context.condition), type: 'number' };
    }
    case 'latest':
    case 'earliest':
      return extreme(call, context);
    case 'uniques': {
      const { value, condition } = subjectOf(first, call, 'any', context);
      const limit = constant(args[1]?.value) ?? 1000;
      if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
        throw new NrqlError(args[1]!.value, 'The limit of uniques() is a number from 1 to 10000');
      return { sql: `arraySort(${aggregate('groupUniqArray', `(${limit})`, [value.sql], condition)})`, type: 'list' };
    }
    case 'histogram':
      return histogram(call, context);
    case 'apdex':
      return apdex(call, context);
    case 'derivative':
    case 'predictlinear':
      return regression(call, context);
    case 'latestrate':
      return latestRate(call, context);
    case 'irate':
    case 'idelta':
      return lastStep(call, context);
    case 'bucketpercentile': {
      const points = bucketPercentiles(call, context);
      if (points.length === 1) return points[0]!.value;
      throw severalPoints(call);
    }
    case 'funnel':
      throw new NrqlError(
        call,
        `${call.name}() cannot be part of a larger expression`,
        'Let it stand by itself in SELECT.',
      );
    default:
      return numericAggregate(call, context);
  }
}

function count(call: ExpressionOf<'call'>, context: Context): Value {
  const argument = call.args[0];
  if (!argument || argument.value.kind === 'star') {
    context.used.others = true;
    const { records } = context.fields;
    const sql = records
      ? aggregate('sum', '', [records], context.condition)
      : aggregate('count', '', [], context.condition);
    return { sql, type: 'number' };
  }
  const { value, condition, metric } = subjectOf(argument, call, 'any', context);
  if (metric) return { sql: `ifNull(${aggregate('sum', '', ['count'], condition)}, 0)`, type: 'number' };
  return { sql: aggregate('count', '', [`toNullable(${value.sql})`], condition), type: 'number' };
}

/** Number of series: of a metric, of records with an attribute, of rows where a subquery is asked. */
function cardinality(call: ExpressionOf<'call'>, context: Context): Value {
  const argument = call.args[0];
  const { condition, value, metric } = argument
    ? subjectOf(argument, call, 'any', context)
    : { condition: context.condition, value: undefined, metric: false };
  if (!metric) context.used.others = true;
  const present = value && !metric ? both(condition, `isNotNull(${value.sql})`) : condition;
  const { series } = context.fields;
  return series
    ? { sql: aggregate('uniqCombined64', '', [...series], present), type: 'number' }
    : { sql: aggregate('count', '', [], present), type: 'number' };
}

const severalPoints = (call: ExpressionOf<'call'>): NrqlError =>
  new NrqlError(
    call,
    `${spelling(call.name)}() of several points cannot be part of a larger expression`,
    'Write one call for each point.',
  );

/** The context of what stands in filter(): records that its condition holds for. */
export function filterContext(call: ExpressionOf<'call'>, context: Context): Context {
  const condition = call.args[1]!;
  const holds = truth(condition.value, { ...context, level: 'row', condition: null });
  return { ...context, condition: both(context.condition, holds) };
}

function filtered(call: ExpressionOf<'call'>, context: Context): Value {
  const [inner, condition] = call.args;
  if (!inner || !condition || !hasAggregate(inner.value)) {
    throw new NrqlError(
      call,
      `${call.name}() takes an aggregate and a condition`,
      `Write ${call.name}(count(*), WHERE error IS true).`,
    );
  }
  const part = context.compile(inner.value, 'any', filterContext(call, context));
  if (call.name === 'filter') return part;
  const whole = context.compile(inner.value, 'number', context);
  return { sql: `(100 * (${part.sql}) / nullIf(${whole.sql}, 0))`, type: 'number' };
}

function rate(call: ExpressionOf<'call'>, context: Context): Value {
  const [inner, per] = call.args;
  if (!inner || !hasAggregate(inner.value)) {
    throw new NrqlError(call, 'rate() takes an aggregate and an amount of time', 'Write rate(count(*), 1 minute).');
  }
  const unit = per?.value;
  const wanted =
    unit === undefined ? unitMs.minute : unit.kind === 'duration' ? unit.amount * unitMs[unit.unit] : constant(unit);
  if (wanted === undefined)
    throw new NrqlError(unit!, 'The second argument of rate() is an amount of time, such as 1 minute');
  const value = context.compile(inner.value, 'number', context);
  return { sql: `(${value.sql}) * ${context.params.number(wanted / context.spanMs)}`, type: 'number' };
}

function uniqueCount(call: ExpressionOf<'call'>, context: Context): Value {
  const attributes = call.args.filter((arg) => arg.label === null);
  const values = attributes.map((arg) => subjectOf(arg, call, 'any', context));
  if (values.length === 0) throw new NrqlError(call, 'uniqueCount(attribute) needs an attribute');
  const condition = both(
    values[0]!.condition,
    ...(values.length > 1 ? values.map(({ value }) => `isNotNull(${value.sql})`) : []),
  );
  return {
    sql: aggregate(
      'uniqCombined64',
      '',
      values.map(({ value }) => value.sql),
      condition,
    ),
    type: 'number',
  };
}

function extreme(call: ExpressionOf<'call'>, context: Context): Value {
  const { value, condition } = subjectOf(call.args[0], call, 'any', context);
  if (value.type === 'list')
    throw new NrqlError(call, `${call.name}() of a list is not answered yet`, undefined, 'unsupported');
  const fn = call.name === 'latest' ? 'argMax' : 'argMin';
  // Records without the attribute have no say.
  return { sql: aggregate(fn, '', [`toNullable(${value.sql})`, context.fields.arrival], condition), type: value.type };
}

const plainAggregates: Record<string, string> = {
  average: 'avg',
  sum: 'sum',
  min: 'min',
  max: 'max',
  stddev: 'stddevPop',
  stdvar: 'varPop',
  median: 'quantileTDigest',
};

function numericAggregate(call: ExpressionOf<'call'>, context: Context): Value {
  const { name, args } = call;
  const { value, condition, metric } = subjectOf(args[0], call, 'number', context);
  if (value.type === 'list') throw new NrqlError(call, `${name}() takes numbers, and this is a list`);
  const x = `toNullable(${value.sql})`;
  if (metric) {
    const of = (fn: string, column: string) => aggregate(fn, '', [column], condition);
    if (name === 'average')
      return { sql: `(${of('sum', 'total')} / nullIf(${of('sum', 'count')}, 0))`, type: 'number' };
    if (name === 'sum') return { sql: `ifNull(${of('sum', 'total')}, 0)`, type: 'number' };
    if (name === 'min' || name === 'max') return { sql: of(name, name), type: 'number' };
  }
  if (name === 'percentile' || name === 'cdfpercentage') {
    const points = percentilePoints(call);
    if (points.length !== 1) {
      throw severalPoints(call);
    }
    return pointAggregate(call, points[0]!, context);
  }
  if (name === 'sum') return { sql: `ifNull(${aggregate('sum', '', [x], condition)}, 0)`, type: 'number' };
  const fn = plainAggregates[name];
  if (!fn) throw new NrqlError(call, `${name}() is not answered yet`, undefined, 'unsupported');
  const parameters = name === 'median' ? '(0.5)' : '';
  const type = (name === 'min' || name === 'max') && value.type === 'time' ? 'time' : 'number';
  return { sql: aggregate(fn, parameters, metric && name === 'median' ? ['latest'] : [x], condition), type };
}

/** One column of percentile() or cdfPercentage(). */
export function pointAggregate(call: ExpressionOf<'call'>, point: number, context: Context): Value {
  const { value, condition, metric } = subjectOf(call.args[0], call, 'number', context);
  const x = `toNullable(${value.sql})`;
  if (call.name === 'cdfpercentage') {
    const below = aggregate('count', '', [], both(condition, `${value.sql} <= ${context.params.number(point)}`));
    const all = aggregate('count', '', [x], condition);
    return { sql: `(100 * ${below} / nullIf(${all}, 0))`, type: 'number' };
  }
  const level = `(${Number((point / 100).toFixed(8))})`;
  if (!metric) return { sql: aggregate('quantileTDigest', level, [x], condition), type: 'number' };
  // A histogram metric brings its buckets: each counts at its middle. Others bring one value.
  const middles =
    'if(empty(bounds), [assumeNotNull(latest)], arrayMap((low, high) -> (low + high) / 2, arrayPushFront(bounds, ifNull(min, bounds[1])), arrayPushBack(bounds, ifNull(max, bounds[-1]))))';
  const weights = 'if(empty(bounds), [toUInt64(1)], arrayMap(weight -> toUInt64(weight), counts))';
  return {
    sql: aggregate('quantileTDigestWeightedArray', level, [middles, weights], both(condition, 'isNotNull(latest)')),
    type: 'number',
  };
}

function named(call: ExpressionOf<'call'>, label: string, index: number, fallback: number): number {
  const argument = call.args.find((arg) => arg.label === label) ?? call.args.filter((arg) => arg.label === null)[index];
  if (!argument) return fallback;
  const value = constant(argument.value);
  if (value === undefined || !Number.isFinite(value))
    throw new NrqlError(argument.value, `${label} of ${call.name}() is a number`);
  return value;
}

/** Bounds of a histogram: `width` is the whole range, cut into `buckets` equal parts from `start`. */
export function histogramShape(call: ExpressionOf<'call'>): { start: number; width: number; buckets: number } {
  const range = named(call, 'width', 1, 10);
  const buckets = named(call, 'buckets', 2, 40);
  if (range <= 0) throw new NrqlError(call, 'The width of a histogram is above 0');
  if (!Number.isInteger(buckets) || buckets < 1 || buckets > 500)
    throw new NrqlError(call, 'A histogram has 1 to 500 buckets');
  return { start: named(call, 'start', 3, 0), width: range / buckets, buckets };
}

function histogram(call: ExpressionOf<'call'>, context: Context): Value {
  const { start, width, buckets } = histogramShape(call);
  const { value, condition } = subjectOf(call.args[0], call, 'number', context);
  const slot = `floor((${value.sql} - ${context.params.number(start)}) / ${context.params.number(width)})`;
  // What lies outside the range is counted at its ends.
  const clamped = `toUInt16(ifNull(greatest(0, least(${slot}, ${buckets - 1})), 0))`;
  const given = both(condition, `isNotNull(${value.sql})`);
  return { sql: aggregate('sumMap', '', [`map(${clamped}, toUInt64(1))`], given), type: 'histogram' };
}

function apdex(call: ExpressionOf<'call'>, context: Context): Value {
  const { value, condition } = subjectOf(call.args[0], call, 'number', context);
  const t = named(call, 't', 1, 0.5);
  const within = (bound: number) =>
    aggregate('count', '', [], both(condition, `${value.sql} <= ${context.params.number(bound)}`));
  const all = aggregate('count', '', [`toNullable(${value.sql})`], condition);
  // Satisfied and tolerating alike are within 4t; the satisfied count a second half.
  return { sql: `((${within(t)} + ${within(4 * t)}) / 2 / nullIf(${all}, 0))`, type: 'number' };
}
