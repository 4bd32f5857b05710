import type { ExpressionOf } from './ast.ts';
import { type Context, truth } from './context.ts';
import type { Value } from './fields.ts';
import { printExpression } from './print.ts';
import { NrqlError } from './problems.ts';
import { aggregate, both, subjectOf } from './subject.ts';

const mostSteps = 20;

/**
 * `funnel(key, WHERE a AS 'one', WHERE b AS 'two')`: one column a step, the number of different keys that came so far. A key
 * reaches a step by a record that matches it, later than the one that brought it to the step before; one record is one step.
 */
export function funnelSteps(call: ExpressionOf<'call'>, context: Context): { value: Value; label: string }[] {
  const [key, ...steps] = call.args;
  const wrong = steps.find((step) => !step.condition);
  if (!key || steps.length === 0 || steps.length > mostSteps || wrong) {
    throw new NrqlError(
      wrong?.value ?? call,
      `funnel() takes an attribute and 1 to ${mostSteps} steps, each with WHERE`,
      "Write funnel(session, WHERE page = '/cart' AS 'Cart', WHERE page = '/paid' AS 'Paid').",
    );
  }
  const { value, condition } = subjectOf(key, call, 'any', context);
  if (value.type === 'list') throw new NrqlError(key.value, 'The key of funnel() is one value, and this is a list');
  const row: Context = { ...context, level: 'row', condition: null };
  const holds = steps.map((step) => `ifNull(${truth(step.value, row)}, false)`);
  const mask = holds.map((one, index) => `bitShiftLeft(toUInt32(${one}), ${index})`).join(' + ');
  const visits = aggregate(
    'groupArrayMap',
    '',
    [`map(assumeNotNull(toString(${value.sql})), (${context.fields.arrival}, ${mask}))`],
    both(condition, `isNotNull(${value.sql})`, `(${holds.join(' OR ')})`),
  );
  const reached = `arrayMap(visits -> arrayFold((level, visit) -> if(bitTest(tupleElement(visit, 2), level), toUInt8(level + 1), level), arraySort(visits), toUInt8(0)), mapValues(${visits}))`;
  return steps.map((step, index) => ({
    value: { sql: `arrayCount(level -> level > ${index}, ${reached})`, type: 'number' },
    label: step.alias ?? printExpression(step.value),
  }));
}
