import type { Argument, Expression, ExpressionOf } from './ast.ts';
import { type Context, truth, warnOfUnknown } from './context.ts';
import type { Value } from './fields.ts';
import { NrqlError } from './problems.ts';
import { unitMs } from './window.ts';
import { aggregateFunctions } from './words.ts';

/** A number that stands in the text, arithmetic included; undefined for anything else. */
export function constant(expression: Expression | undefined): number | undefined {
  if (!expression) return undefined;
  if (expression.kind === 'number') return expression.value;
  if (expression.kind === 'negate') {
    const operand = constant(expression.operand);
    return operand === undefined ? undefined : -operand;
  }
  if (expression.kind !== 'binary') return undefined;
  const left = constant(expression.left);
  const right = constant(expression.right);
  if (left === undefined || right === undefined) return undefined;
  switch (expression.operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    default:
      return undefined;
  }
}

/** Milliseconds of an amount of time given as an argument, `fallback` when it is absent. */
export function durationMs(argument: Argument | undefined, call: ExpressionOf<'call'>, fallback: number): number {
  const unit = argument?.value;
  if (unit === undefined) return fallback;
  if (unit.kind === 'duration') return unit.amount * unitMs[unit.unit];
  throw new NrqlError(unit, `The second argument of ${call.name}() is an amount of time, such as 1 minute`);
}

/** What an aggregate runs over: a row expression, or the fields of a metric. */
export interface Subject {
  value: Value;
  /** Condition of the metric, joined with that of filter(). */
  condition: string | null;
  metric: boolean;
}

export const both = (...conditions: (string | null)[]): string | null => {
  const given = conditions.filter((condition): condition is string => condition !== null);
  return given.length === 0 ? null : given.join(' AND ');
};

/** The points of percentile() and cdfPercentage(): what each of their columns is about. */
export function percentilePoints(call: ExpressionOf<'call'>): number[] {
  const points = call.args.slice(1).map((arg) => {
    const point = constant(arg.value);
    if (point === undefined || !Number.isFinite(point))
      throw new NrqlError(arg.value, `A point of ${call.name}() is a number`);
    if (call.name !== 'cdfpercentage' && (point < 0 || point > 100))
      throw new NrqlError(arg.value, 'A percentile lies between 0 and 100');
    return point;
  });
  if (points.length === 0 && call.name !== 'cdfpercentage') return [95];
  if (points.length === 0) throw new NrqlError(call, 'cdfPercentage(attribute, bound) needs a bound');
  return points;
}

/** SQL of an aggregate: `name(args)`, or `nameIf(args, condition)`; parameters stand between, as in `quantiles(0.5)`. */
export function aggregate(name: string, parameters: string, args: string[], condition: string | null): string {
  if (condition === null) return `${name}${parameters}(${args.join(', ')})`;
  return `${name}If${parameters}(${[...args, `ifNull(${condition}, false)`].join(', ')})`;
}

export function subjectOf(
  argument: Argument | undefined,
  call: ExpressionOf<'call'>,
  want: 'number' | 'any',
  context: Context,
): Subject {
  if (!argument) throw new NrqlError(call, `${aggregateFunctions[call.name]!.signature} needs an attribute`);
  const row: Context = { ...context, level: 'row', condition: null };
  const expression = argument.value;
  if (expression.kind === 'call' && expression.name === 'conditional') {
    const [holds, inner] = expression.args;
    if (!holds || !inner)
      throw new NrqlError(expression, 'conditional(WHERE condition, attribute) takes a condition and an attribute');
    const condition = both(context.condition, truth(holds.value, row));
    return subjectOf(inner, call, want, { ...context, condition });
  }
  // What is counted apart is usually a dimension, what is measured usually a metric, as long as neither has been seen.
  const measured = call.name !== 'uniquecount' && call.name !== 'uniques';
  const metric =
    expression.kind === 'attribute' &&
    !context.definitions.has(expression.name) &&
    (measured || context.catalogue.isMetric(expression.name))
      ? context.fields.metric(expression.name)
      : undefined;
  if (metric) {
    if (expression.kind === 'attribute') warnOfUnknown(expression, context);
    context.used.metrics.add(metric);
    return { value: { sql: 'latest', type: 'number' }, condition: both(context.condition, metric), metric: true };
  }
  context.used.others = true;
  const value = context.compile(expression, want, row);
  const usable =
    want === 'number' && value.type === 'string'
      ? { sql: `toFloat64OrNull(${value.sql})`, type: 'number' as const }
      : value;
  return { value: usable, condition: context.condition, metric: false };
}
