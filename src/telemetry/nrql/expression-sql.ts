import { nearest } from '../../kernel/nearest.ts';
import { compileAggregate, isAggregate } from './aggregates.ts';
import type { Argument, Expression, ExpressionOf } from './ast.ts';
import { type Context, truth, warnOfUnknown } from './context.ts';
import { compileConvert } from './convert.ts';
import type { Value, ValueType, Want } from './fields.ts';
import { compilePattern } from './patterns.ts';
import { printExpression } from './print.ts';
import { NrqlError } from './problems.ts';
import { rowFunctions, unansweredRowFunctions } from './row-functions.ts';
import { aggregateFunctions } from './words.ts';

const unknownValue: Value = { sql: 'NULL', type: 'unknown' };

/** Compiles to SQL of a nullable value. User text becomes parameters only. */
export function compile(expression: Expression, want: Want, context: Context): Value {
  const key = context.level === 'aggregate' ? context.keys.get(printExpression(expression)) : undefined;
  if (key) return key;
  switch (expression.kind) {
    case 'number':
      return { sql: context.params.number(expression.value), type: 'number' };
    case 'string':
    case 'regex':
      return { sql: context.params.text(expression.value), type: 'string' };
    case 'boolean':
      return { sql: String(expression.value), type: 'boolean' };
    case 'null':
      return unknownValue;
    case 'variable':
      throw new NrqlError(expression, `{{${expression.name}}} has no value here`, 'Put a value in its place.');
    case 'star':
      throw new NrqlError(expression, '* cannot stand in an expression', 'Write count(*), or SELECT * by itself.');
    case 'duration':
      throw new NrqlError(expression, 'An amount of time cannot stand here');
    case 'attribute':
      return attribute(expression, want, context);
    case 'call':
      return call(expression, want, context);
    case 'index':
      return field(expression.target, expression.key, context);
    case 'negate': {
      const operand = compile(expression.operand, 'number', context);
      return { sql: `-${numeric(operand)}`, type: 'number' };
    }
    case 'not':
      return { sql: `NOT ${truth(expression.operand, context)}`, type: 'boolean' };
    case 'binary': {
      // A subquery names a column without AS by its expression: FACET a OR b is asked for as a OR b.
      const column = printExpression(expression);
      if (context.level === 'row' && !context.fields.eventType && context.fields.known(column))
        return context.fields.resolve(column, want);
      return binary(expression, want, context);
    }
    case 'is':
      return is(expression, context);
    case 'in':
      return membership(expression, context);
    case 'like':
      return compilePattern(expression, context);
    case 'subquery': {
      const inner = context.subquery(expression.query);
      return { sql: `materialize(${inner.sql})`, type: inner.type };
    }
  }
}

/** All labels of a record, in the order of their names, as JSON. */
const labelsText = `toJSONString(mapSort(mapConcat(CAST(strings, 'Map(String, String)'), mapFilter((name, value) -> value != '', map(${[
  'service',
  'environment',
  'release',
  'host',
]
  .map((name) => `'${name}', CAST(${name}, 'String')`)
  .join(', ')})))))`;

const numeric = (value: Value): string =>
  value.type === 'string' ? `toFloat64OrNull(${value.sql})` : `(${value.sql})`;
const textual = (value: Value): string => (value.type === 'string' ? value.sql : `toString(${value.sql})`);

function attribute(expression: ExpressionOf<'attribute'>, want: Want, context: Context): Value {
  const definition = context.definitions.get(expression.name);
  if (definition) {
    const definitions = new Map(context.definitions);
    // A definition may read the attribute it shadows, and never itself.
    definitions.delete(expression.name);
    const value = compile(definition.value, definition.member === null ? want : 'any', { ...context, definitions });
    if (definition.member === null) return value;
    return { sql: `nullIf(arrayElement(${value.sql}, ${definition.member + 1}), '')`, type: 'string' };
  }
  if (context.level === 'aggregate') {
    const near = nearest(expression.name, Object.keys(aggregateFunctions));
    throw new NrqlError(
      expression,
      `"${expression.name}" stands outside an aggregate`,
      near && near !== expression.name
        ? `Did you mean ${near}(...)?`
        : `Write latest(${expression.name}), or group by it with FACET.`,
    );
  }
  const metric = context.catalogue.isMetric(expression.name) ? context.fields.metric(expression.name) : undefined;
  if (metric) return { sql: `if(${metric}, latest, NULL)`, type: 'number' };
  warnOfUnknown(expression, context);
  return context.fields.resolve(expression.name, want);
}

const metricFields: Record<string, string> = {
  count: 'count',
  total: 'total',
  sum: 'total',
  min: 'min',
  max: 'max',
  latest: 'latest',
  gauge: 'latest',
};

/** `metric[latest]` and getField(metric, latest). */
function field(target: Expression, key: Expression, context: Context): Value {
  const name = key.kind === 'attribute' ? key.name : key.kind === 'string' ? key.value : undefined;
  if (target.kind === 'attribute' && name !== undefined) {
    const metric = context.fields.metric(target.name);
    const column = metricFields[name.toLowerCase()];
    if (metric && column) return { sql: `if(${metric}, ${column}, NULL)`, type: 'number' };
    // A map attribute is stored flat: headers['host'] is headers.host.
    return context.fields.resolve(`${target.name}.${name}`, 'any');
  }
  if (target.kind === 'call' && target.name === 'jparse' && (name !== undefined || key.kind === 'number')) {
    const path = key.kind === 'number' ? `[${Math.trunc(key.value)}]` : name!;
    return compile(inJson(target, path), 'string', context);
  }
  if (key.kind === 'number') {
    const value = compile(target, 'any', context);
    if (value.type === 'list') {
      return { sql: `nullIf(arrayElement(${value.sql}, ${Math.trunc(key.value) + 1}), '')`, type: 'string' };
    }
  }
  throw new NrqlError(key, 'Only metric[field], map[key] and list[number] can be read', undefined, 'unsupported');
}

/** `jparse(text)[key]` is `jparse(text, 'key')`. */
function inJson(target: ExpressionOf<'call'>, key: string): ExpressionOf<'call'> {
  const [text, path] = target.args;
  const before = path?.value.kind === 'string' ? path.value.value : '';
  const joined = before === '' || key.startsWith('[') ? `${before}${key}` : `${before}.${key}`;
  const value: Expression = { kind: 'string', value: joined, at: target.at, end: target.end };
  return { ...target, args: [text!, { label: null, condition: false, alias: null, value }] };
}

function call(expression: ExpressionOf<'call'>, want: Want, context: Context): Value {
  const { name, args } = expression;
  if (isAggregate(name)) {
    if (context.level === 'row') {
      throw new NrqlError(
        expression,
        `${name}() cannot be used on single records`,
        'Aggregates stand in SELECT; to filter groups, ask FROM (SELECT ... FACET ...).',
      );
    }
    return compileAggregate(expression, context);
  }
  if (name === 'if' || name === 'conditional') return conditional(expression, context, want);
  if (name === 'cases') return cases(expression, context);
  if (name === 'convert') return compileConvert(expression, context);
  // What New Relic makes of `metric[field]`, and sometimes lets out.
  if (name === 'getfield' || name === 'squarebracketfunction') {
    if (args.length !== 2) throw new NrqlError(expression, 'getField(attribute, field) takes two arguments');
    return field(args[0]!.value, args[1]!.value, context);
  }
  if (name === 'eventtype') {
    if (!context.fields.eventType)
      throw new NrqlError(expression, 'Only records have an event type, and this asks a subquery');
    return { sql: context.fields.eventType, type: 'string' };
  }
  if (name === 'dimensions') {
    if (!context.fields.eventType)
      throw new NrqlError(expression, 'Only records have labels, and this asks a subquery');
    return { sql: labelsText, type: 'string' };
  }
  if (name === 'capture' || name === 'aparse') return compilePattern(expression, context);
  if (name === 'aggregationendtime') return { sql: context.spanEnd, type: 'time' };
  const known = rowFunctions[name];
  if (known) return rowCall(expression, known, context);
  if (unansweredRowFunctions.has(name)) {
    throw new NrqlError(expression, `${name}() is not answered yet`, undefined, 'unsupported');
  }
  const near = nearest(name, [
    ...Object.keys(aggregateFunctions),
    ...Object.keys(rowFunctions),
    'if',
    'capture',
    'aparse',
  ]);
  throw new NrqlError(expression, `There is no function ${name}()`, near ? `Did you mean ${near}()?` : undefined);
}

function rowCall(expression: ExpressionOf<'call'>, known: (typeof rowFunctions)[string], context: Context): Value {
  const { name } = expression;
  const positional = expression.args.filter((arg) => arg.label === null || known.labels?.includes(arg.label));
  const zone = expression.args.find((arg) => arg.label === 'timezone')?.value;
  if (positional.length < known.least || positional.length > known.most) {
    throw new NrqlError(expression, `${known.signature} is given ${positional.length} arguments`);
  }
  const values = positional.map((arg, index) => {
    const want = Array.isArray(known.wants) ? known.wants[index]! : known.wants;
    const value = compile(arg.value, want, context);
    // Text where a number is wanted reads as NULL, like any value of the wrong type.
    return want === 'number' && value.type === 'string' ? { sql: numeric(value), type: 'number' as const } : value;
  });
  const precision = expression.args.find((arg) => arg.label === 'precision')?.value;
  if (precision && name === 'string' && values[0]!.type === 'number') {
    const digits = compile(precision, 'number', context).sql;
    return { sql: `toString(round(${values[0]!.sql}, toInt8(${digits})))`, type: 'string' };
  }
  const zoneSql = zone ? compile(zone, 'string', context).sql : context.params.text(context.zone);
  const type = known.result === 'first' ? values[0]!.type : known.result;
  return { sql: known.sql(values, zoneSql), type };
}

/** Values brought to one type, for branches and lists: equal types stay, others become text. */
function unify(values: Value[]): { sqls: string[]; type: ValueType } {
  const real = values.filter((value) => value.type !== 'unknown');
  const type = real[0]?.type ?? 'unknown';
  const number = (value: Value) => value.type === 'number' || value.type === 'time';
  // Counts and fractions have different types in the engine; as one value they are fractions.
  if (real.every((value) => value.type === type) && type !== 'number')
    return { sqls: values.map(({ sql }) => sql), type };
  if (real.every(number))
    return {
      sqls: values.map((value) => (value.type === 'unknown' ? value.sql : `toFloat64(${value.sql})`)),
      type: 'number',
    };
  return { sqls: values.map((value) => (value.type === 'unknown' ? value.sql : textual(value))), type: 'string' };
}

function conditional(expression: ExpressionOf<'call'>, context: Context, want: Want): Value {
  const [condition, then, otherwise] = expression.args;
  if (!condition || !then || expression.args.length > 3) {
    throw new NrqlError(expression, 'if(condition, then [, else]) takes two or three arguments');
  }
  const branches = [then, ...(otherwise ? [otherwise] : [])].map((arg: Argument) => compile(arg.value, want, context));
  const { sqls, type } = unify(otherwise ? branches : [...branches, unknownValue]);
  return { sql: `if(${truth(condition.value, context)}, ${sqls[0]}, ${sqls[1]})`, type };
}

/** FACET CASES: the label of the first condition that holds; NULL when none does. */
function cases(expression: ExpressionOf<'call'>, context: Context): Value {
  if (expression.args.length === 0) throw new NrqlError(expression, 'CASES needs at least one condition');
  const branches = expression.args.map((arg) => {
    const label = arg.alias ?? printExpression(arg.value);
    return `${truth(arg.value, context)}, ${context.params.text(label)}`;
  });
  return { sql: `multiIf(${branches.join(', ')}, NULL)`, type: 'string' };
}

const arithmetic = new Set(['+', '-', '*', '/']);

function binary(expression: ExpressionOf<'binary'>, want: Want, context: Context): Value {
  const { operator, left, right } = expression;
  if (arithmetic.has(operator)) {
    const a = numeric(compile(left, 'number', context));
    const b = numeric(compile(right, 'number', context));
    // Dividing by zero has no answer rather than an infinite one.
    return { sql: operator === '/' ? `(${a} / nullIf(${b}, 0))` : `(${a} ${operator} ${b})`, type: 'number' };
  }
  if (operator === 'and') return { sql: `(${truth(left, context)} AND ${truth(right, context)})`, type: 'boolean' };
  if (operator === 'or') {
    if (want !== 'boolean') {
      const values = [compile(left, want, context), compile(right, want, context)];
      if (!values.every((value) => value.type === 'boolean')) {
        // Outside conditions OR takes the first value there is.
        const { sqls, type } = unify(values);
        return { sql: `coalesce(${sqls.join(', ')})`, type };
      }
    }
    return { sql: `(${truth(left, context)} OR ${truth(right, context)})`, type: 'boolean' };
  }
  return comparison(expression, context);
}

const wantOf = (value: Value | undefined): Want =>
  value?.type === 'string' || value?.type === 'number' || value?.type === 'boolean'
    ? value.type
    : value?.type === 'time'
      ? 'number'
      : 'any';

const isLiteral = (expression: Expression): boolean =>
  expression.kind === 'number' ||
  expression.kind === 'string' ||
  expression.kind === 'boolean' ||
  expression.kind === 'negate';

function comparison(expression: ExpressionOf<'binary'>, context: Context): Value {
  const { operator, left, right } = expression;
  if (left.kind === 'null' || right.kind === 'null') {
    throw new NrqlError(expression, 'Nothing is equal to NULL', 'Write IS NULL or IS NOT NULL.');
  }
  // A literal says which type is meant; otherwise the side whose type is known does.
  let a: Value;
  let b: Value;
  if (isLiteral(left)) {
    a = compile(left, 'any', context);
    b = compile(right, wantOf(a), context);
  } else {
    const known = isLiteral(right) ? compile(right, 'any', context) : undefined;
    a = compile(left, wantOf(known), context);
    b = known ?? compile(right, wantOf(a), context);
  }
  if (a.type === 'list' || b.type === 'list') throw new NrqlError(expression, 'A list cannot be compared');
  const number = (value: Value) => value.type === 'number' || value.type === 'time';
  if (a.type === b.type || (number(a) && number(b))) return { sql: `${a.sql} ${operator} ${b.sql}`, type: 'boolean' };
  if ((number(a) || number(b)) && operator !== '=' && operator !== '!=') {
    return { sql: `${numeric(a)} ${operator} ${numeric(b)}`, type: 'boolean' };
  }
  return { sql: `${textual(a)} ${operator} ${textual(b)}`, type: 'boolean' };
}

function is(expression: ExpressionOf<'is'>, context: Context): Value {
  const { operand, what, negated } = expression;
  const not = negated ? 'NOT ' : '';
  if (what === 'null') {
    if (operand.kind === 'attribute' && context.level === 'row' && !context.definitions.has(operand.name)) {
      const metric = context.catalogue.isMetric(operand.name) ? context.fields.metric(operand.name) : undefined;
      if (metric) return { sql: `${negated ? '' : 'NOT '}(${metric})`, type: 'boolean' };
    }
    return { sql: `isNull(${compile(operand, 'any', context).sql}) = ${negated ? 0 : 1}`, type: 'boolean' };
  }
  const value = compile(operand, 'boolean', context);
  const yes =
    value.type === 'boolean' ? value.sql : value.type === 'string' ? `lower(${value.sql}) = '${what}'` : undefined;
  if (yes === undefined) {
    if (value.type === 'number')
      return { sql: `${not}ifNull(${value.sql} ${what === 'true' ? '!=' : '='} 0, false)`, type: 'boolean' };
    throw new NrqlError(operand, `IS ${what.toUpperCase()} asks a true or false value`);
  }
  const holds = value.type === 'boolean' && what === 'false' ? `NOT ${truthy(yes)}` : truthy(yes);
  return { sql: `${not}ifNull(${holds}, false)`, type: 'boolean' };
}

const truthy = (sql: string): string => `(${sql})`;

function membership(expression: ExpressionOf<'in'>, context: Context): Value {
  const { operand, choices, negated } = expression;
  const word = negated ? 'NOT IN' : 'IN';
  const first = choices[0];
  if (!first) return { sql: negated ? 'true' : 'false', type: 'boolean' };
  if (first.kind === 'subquery') {
    const inner = context.subquery(first.query);
    const value = compile(operand, wantOf({ sql: '', type: inner.type }), context);
    const left = value.type === inner.type || inner.type === 'unknown' ? value.sql : textual(value);
    const right =
      value.type === inner.type || inner.type === 'unknown'
        ? inner.sql
        : `(SELECT toString(${inner.column}) FROM ${inner.sql})`;
    return { sql: `${left} ${word} ${right}`, type: 'boolean' };
  }
  const values = choices.map((choice) => {
    if (choice.kind === 'null') throw new NrqlError(choice, 'NULL cannot be one of a list', 'Write OR ... IS NULL.');
    if (!isLiteral(choice) && choice.kind !== 'variable') {
      throw new NrqlError(choice, 'A list after IN holds numbers and quoted texts', undefined, 'unsupported');
    }
    return compile(choice, 'any', context);
  });
  const { sqls, type } = unify(values);
  const value = compile(operand, wantOf({ sql: '', type }), context);
  const same = value.type === type || (value.type === 'time' && type === 'number');
  const list = same ? sqls : values.map(textual);
  return { sql: `${same ? value.sql : textual(value)} ${word} (${list.join(', ')})`, type: 'boolean' };
}
