import type { Expression } from './ast.ts';

export type Unit = 's' | 'ms' | 'bytes' | '%' | '/s' | '/min' | '/h' | '/d' | 'apdex' | 'count';

const keepsUnit = new Set([
  'average',
  'min',
  'max',
  'latest',
  'earliest',
  'median',
  'percentile',
  'stddev',
  'sum',
  'filter',
  'histogram',
  'round',
  'abs',
  'if',
  'uniques',
]);
/** What the script of pages measures. */
const pageSeconds = /^(?:timeOnPage|timeToFirstByte|interactionToNextPaint|(?:first|largest)ContentfulPaint)$/;
const rates: Record<string, Unit> = { second: '/s', minute: '/min', hour: '/h', day: '/d' };

/** What a value is measured in, as far as its expression tells; null when nothing is known. */
export function unitOf(expression: Expression): Unit | null {
  if (expression.kind === 'attribute') {
    if (/duration$/i.test(expression.name) || /(?:^|[._])seconds$/.test(expression.name)) return 's';
    if (pageSeconds.test(expression.name)) return 's';
    if (/(?:[._]ms|Ms|millis)$/.test(expression.name)) return 'ms';
    if (/bytes$/i.test(expression.name)) return 'bytes';
    return /percent/i.test(expression.name) ? '%' : null;
  }
  if (expression.kind !== 'call') return null;
  const first = expression.args[0]?.value;
  switch (expression.name) {
    case 'count':
    case 'uniquecount':
    case 'cardinality':
    case 'funnel':
      return 'count';
    case 'bytecountestimate':
      return 'bytes';
    case 'percentage':
    case 'cdfpercentage':
      return '%';
    case 'apdex':
      return 'apdex';
    case 'rate': {
      const per = expression.args[1]?.value;
      if (!per) return '/min';
      return per.kind === 'duration' && per.amount === 1 ? (rates[per.unit] ?? null) : null;
    }
    default:
      if (!first || !keepsUnit.has(expression.name)) return null;
      return unitOf(expression.name === 'if' ? (expression.args[1]?.value ?? first) : first);
  }
}

/** What an aggregate says of no records: 0 for what counts, nothing for the rest. */
export function emptyValue(expression: Expression): 0 | null {
  if (expression.kind === 'call') {
    if (['count', 'sum', 'uniquecount', 'cardinality', 'funnel', 'bytecountestimate'].includes(expression.name))
      return 0;
    if ((expression.name === 'rate' || expression.name === 'filter') && expression.args[0])
      return emptyValue(expression.args[0].value);
    return null;
  }
  if (expression.kind === 'binary' && (expression.operator === '+' || expression.operator === '-')) {
    return emptyValue(expression.left) === 0 && emptyValue(expression.right) === 0 ? 0 : null;
  }
  if (expression.kind === 'binary' && (expression.operator === '*' || expression.operator === '/')) {
    const { right } = expression;
    const divides = expression.operator === '/';
    return emptyValue(expression.left) === 0 && right.kind === 'number' && !(divides && right.value === 0) ? 0 : null;
  }
  return null;
}
