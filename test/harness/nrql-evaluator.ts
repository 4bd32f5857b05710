import type { Expression, Query } from '../../src/telemetry/nrql/ast.ts';

/** A record as the evaluator sees it: attributes by name, absent ones missing. */
export type PlainRecord = Record<string, string | number | boolean | undefined>;
type Plain = string | number | boolean | null;

/** Answers simple NRQL by the book, one record at a time: the second opinion that compiled SQL is compared with. */
export function evaluate(query: Query, records: readonly PlainRecord[], spanMs: number): Map<string, Plain[]> {
  const kept = records.filter((record) => query.where.every((condition) => rowValue(condition, record) === true));
  const groups = new Map<string, PlainRecord[]>();
  if (query.facet.length === 0) groups.set('[]', kept);
  for (const record of query.facet.length > 0 ? kept : []) {
    const key = query.facet.map(({ value }) => rowValue(value, record));
    if (key.some((part) => part === null)) continue;
    const text = JSON.stringify(key);
    groups.set(text, [...(groups.get(text) ?? []), record]);
  }
  return new Map(
    [...groups].map(([key, group]) => [key, query.select.map(({ value }) => groupValue(value, group, spanMs))]),
  );
}

/** A value of one record; null where SQL has NULL. */
function rowValue(expression: Expression, record: PlainRecord): Plain {
  switch (expression.kind) {
    case 'number':
    case 'string':
    case 'regex':
    case 'boolean':
      return expression.value;
    case 'attribute':
      return record[expression.name] ?? null;
    case 'negate':
      return arithmetic('-', 0, rowValue(expression.operand, record));
    case 'not':
      return not(rowValue(expression.operand, record));
    case 'is': {
      const value = rowValue(expression.operand, record);
      const holds = expression.what === 'null' ? value === null : value === (expression.what === 'true');
      return holds !== expression.negated;
    }
    case 'in': {
      const value = rowValue(expression.operand, record);
      if (value === null) return null;
      return expression.choices.some((choice) => rowValue(choice, record) === value) !== expression.negated;
    }
    case 'like': {
      const value = rowValue(expression.operand, record);
      const pattern = rowValue(expression.pattern, record);
      if (typeof value !== 'string' || typeof pattern !== 'string') return null;
      const regex = expression.regex
        ? new RegExp(`^(?:${pattern})$`, 's')
        : new RegExp(
            `^${pattern
              .split('%')
              .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
              .join('.*')}$`,
            'is',
          );
      return regex.test(value) !== expression.negated;
    }
    case 'binary':
      return binary(expression.operator, rowValue(expression.left, record), rowValue(expression.right, record));
    default:
      throw new Error(`the evaluator does not know ${expression.kind}`);
  }
}

const not = (value: Plain): Plain => (value === null ? null : !value);

function binary(operator: string, left: Plain, right: Plain): Plain {
  if (operator === 'and')
    return left === false || right === false ? false : left === null || right === null ? null : true;
  if (operator === 'or') return left === true || right === true ? true : left === null || right === null ? null : false;
  if (['+', '-', '*', '/'].includes(operator)) return arithmetic(operator, left, right);
  if (left === null || right === null) return null;
  switch (operator) {
    case '=':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    default:
      return left >= right;
  }
}

function arithmetic(operator: string, left: Plain, right: Plain): Plain {
  if (typeof left !== 'number' || typeof right !== 'number') return null;
  if (operator === '+') return left + right;
  if (operator === '-') return left - right;
  if (operator === '*') return left * right;
  return right === 0 ? null : left / right;
}

function groupValue(expression: Expression, group: readonly PlainRecord[], spanMs: number): Plain {
  if (expression.kind === 'number') return expression.value;
  if (expression.kind === 'binary') {
    return binary(
      expression.operator,
      groupValue(expression.left, group, spanMs),
      groupValue(expression.right, group, spanMs),
    );
  }
  if (expression.kind !== 'call') throw new Error(`the evaluator does not aggregate ${expression.kind}`);
  const [first, second] = expression.args;
  const values = () =>
    group
      .map((record) => rowValue(first!.value, record))
      .filter((value): value is NonNullable<Plain> => value !== null);
  const numbers = () => values().filter((value): value is number => typeof value === 'number');
  const where = () => group.filter((record) => rowValue(second!.value, record) === true);
  const sum = (list: number[]) => list.reduce((total, value) => total + value, 0);
  switch (expression.name) {
    case 'count':
      return !first || first.value.kind === 'star' ? group.length : values().length;
    case 'sum':
      return sum(numbers());
    case 'average':
      return numbers().length === 0 ? null : sum(numbers()) / numbers().length;
    case 'min':
      return numbers().length === 0 ? null : Math.min(...numbers());
    case 'max':
      return numbers().length === 0 ? null : Math.max(...numbers());
    case 'stddev': {
      const list = numbers();
      if (list.length === 0) return null;
      const mean = sum(list) / list.length;
      return Math.sqrt(sum(list.map((value) => (value - mean) ** 2)) / list.length);
    }
    case 'uniquecount':
      return new Set(values()).size;
    case 'latest':
      return values().at(-1) ?? null;
    case 'earliest':
      return values()[0] ?? null;
    case 'filter':
      return groupValue(first!.value, where(), spanMs);
    case 'percentage': {
      const whole = groupValue(first!.value, group, spanMs);
      const part = groupValue(first!.value, where(), spanMs);
      return whole === 0 || whole === null || part === null ? null : (100 * Number(part)) / Number(whole);
    }
    case 'rate': {
      const value = groupValue(first!.value, group, spanMs);
      const per = second!.value;
      return value === null || per.kind !== 'duration' ? null : (Number(value) * per.amount * 60_000) / spanMs;
    }
    default:
      throw new Error(`the evaluator does not know ${expression.name}()`);
  }
}
