import type { ExpressionOf } from './ast.ts';
import type { Context } from './context.ts';
import type { Value } from './fields.ts';
import { NrqlError } from './problems.ts';
import { aggregate, both, durationMs, subjectOf } from './subject.ts';
import { unitMs } from './window.ts';

function instantOf(call: ExpressionOf<'call'>, context: Context): string {
  const { instant } = context.fields;
  if (instant) return instant;
  throw new NrqlError(call, `${call.name}() needs the time of the records, which this subquery does not give`);
}

/** derivative() and predictLinear(): the line that fits the values best, its slope or where it leads. */
export function regression(call: ExpressionOf<'call'>, context: Context): Value {
  const instant = instantOf(call, context);
  const { value, condition } = subjectOf(call.args[0], call, 'number', context);
  const amount = durationMs(call.args[1], call, unitMs.second);
  const origin = context.params.bind(Math.round(context.window.since), 'Int64');
  const seconds = `(toUnixTimestamp64Milli(${instant}) - ${origin}) / 1000`;
  const line = aggregate(
    'simpleLinearRegression',
    '',
    [seconds, `assumeNotNull(${value.sql})`],
    both(condition, `isNotNull(${value.sql})`),
  );
  if (call.name === 'derivative')
    return { sql: `tupleElement(${line}, 1) * ${context.params.number(amount / 1000)}`, type: 'number' };
  const ahead = `((${context.spanEnd}) - ${origin} + ${context.params.number(amount)}) / 1000`;
  return { sql: `(tupleElement(${line}, 1) * ${ahead} + tupleElement(${line}, 2))`, type: 'number' };
}

/** The last two values by time, each with its time; element 1 is the time below zero in ms, element 2 the value. */
function lastTwoOf(call: ExpressionOf<'call'>, context: Context) {
  const instant = instantOf(call, context);
  const { value, condition, metric } = subjectOf(call.args[0], call, 'number', context);
  // A counter's points hold what it grew by, each from the one before.
  const counter = metric && call.name !== 'latestrate';
  const read = counter ? 'total' : value.sql;
  // Sorted by falling time, the last two records come first.
  const lastTwo = aggregate(
    'groupArraySorted',
    '(2)',
    [`(-toUnixTimestamp64Milli(${instant}), toFloat64(assumeNotNull(${read})))`],
    both(condition, `isNotNull(${read})`),
  );
  const at = (index: number) => (element: number) => `tupleElement(arrayElement(${lastTwo}, ${index}), ${element})`;
  const [last, before] = [at(1), at(2)];
  return {
    apart: `nullIf(${before(1)} - ${last(1)}, 0)`,
    change: counter ? last(2) : `(${last(2)} - ${before(2)})`,
    known: (sql: string): Value => ({ sql: `if(length(${lastTwo}) = 2, ${sql}, NULL)`, type: 'number' }),
  };
}

/** latestrate(): how fast the value changed between its last two records; NULL where there are not two. */
export function latestRate(call: ExpressionOf<'call'>, context: Context): Value {
  const amount = durationMs(call.args[1], call, unitMs.second);
  const { apart, change, known } = lastTwoOf(call, context);
  return known(`${change} / ${apart} * ${context.params.number(amount)}`);
}

/** irate() and idelta(), as Prometheus has them: what a counter grew by up to its last point, for an amount of time or as it is. */
export function lastStep(call: ExpressionOf<'call'>, context: Context): Value {
  if (call.name === 'irate') return latestRate(call, context);
  const { change, known } = lastTwoOf(call, context);
  return known(change);
}
