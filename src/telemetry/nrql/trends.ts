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

/** latestrate(): how fast the value changed between its last two records; NULL where there are not two. */
export function latestRate(call: ExpressionOf<'call'>, context: Context): Value {
  const instant = instantOf(call, context);
  const { value, condition } = subjectOf(call.args[0], call, 'number', context);
  const amount = durationMs(call.args[1], call, unitMs.second);
  // Sorted by falling time, the last two records come first.
  const lastTwo = aggregate(
    'groupArraySorted',
    '(2)',
    [`(-toUnixTimestamp64Milli(${instant}), toFloat64(assumeNotNull(${value.sql})))`],
    both(condition, `isNotNull(${value.sql})`),
  );
  const [last, before] = [1, 2].map(
    (index) => (element: number) => `tupleElement(arrayElement(${lastTwo}, ${index}), ${element})`,
  );
  const apart = `nullIf(${before!(1)} - ${last!(1)}, 0)`;
  const change = `(${last!(2)} - ${before!(2)}) / ${apart} * ${context.params.number(amount)}`;
  return { sql: `if(length(${lastTwo}) = 2, ${change}, NULL)`, type: 'number' };
}
