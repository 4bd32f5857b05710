import type { Expression, ExpressionOf, Query } from './ast.ts';

/** What sums of many records still tell. */
export interface Told {
  /** An attribute that all records of one sum have in common. */
  label(name: string): boolean;
  /** An aggregate whose answer is the same from sums. */
  aggregate(call: ExpressionOf<'call'>): boolean;
}

/** Functions of numbers that may stand around aggregates. */
const numeric = new Set(['round', 'abs', 'floor', 'ceil', 'sqrt', 'ln', 'log2', 'log10', 'clamp_min', 'clamp_max']);
/** Functions that read more of a record than their arguments. */
const ofRecord = new Set(['getfield', 'squarebracketfunction', 'aggregationendtime', 'dimensions']);

/** Whether a query over event types asks for nothing but what sums tell, so that it can be answered from those. Pure. */
export function asksOnly(query: Query, told: Told): boolean {
  if (query.join || query.with.length > 0 || query.order.length > 0) return false;
  /** Of one record: labels and what is made of them. */
  const ofLabels = (expression: Expression): boolean => {
    switch (expression.kind) {
      case 'attribute':
        return told.label(expression.name);
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
  /** Of a group: numbers made of its aggregates. */
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
        if (told.aggregate(expression)) return true;
        if (name === 'uniquecount') return args.length > 0 && args.every(({ value }) => ofLabels(value));
        if (name === 'filter' || name === 'percentage')
          return args.length === 2 && ofGroup(args[0]!.value) && ofLabels(args[1]!.value);
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
    (query.facetOrder === null || ofGroup(query.facetOrder.value))
  );
}
