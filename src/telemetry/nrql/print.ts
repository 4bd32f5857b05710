import type { Argument, Expression, Moment, Named, Order, Query, Source, Width } from './ast.ts';
import { spelling } from './words.ts';

const binary: Record<string, number> = {
  or: 1,
  and: 2,
  '=': 4,
  '!=': 4,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
};
const atom = 9;

/** Names that need no backticks. Everything that could be read as a word of the language is quoted. */
const plainName = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}\p{N}_]+)*$/u;
const reserved = new Set(
  `select from where facet timeseries since until compare with limit offset order by as and or not in is like rlike null true false
  cases slide extrapolate predict join inner left on show lookup max auto desc asc ago now at r`.split(/\s+/),
);

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const unitSuffix = (amount: number, unit: string): string => `${amount} ${unit}${amount === 1 ? '' : 's'}`;

export function printName(name: string): string {
  return plainName.test(name) && !reserved.has(name.toLowerCase()) ? name : `\`${name.replaceAll('`', '``')}\``;
}

function strength(expression: Expression): number {
  switch (expression.kind) {
    case 'binary':
      return binary[expression.operator]!;
    case 'is':
    case 'in':
    case 'like':
      return 4;
    case 'not':
      return 3;
    case 'negate':
      return 7;
    default:
      return atom;
  }
}

/** Prints an expression, in parentheses when it binds weaker than `least`. */
export function printExpression(expression: Expression, least = 0): string {
  const text = plain(expression);
  return strength(expression) < least ? `(${text})` : text;
}

function plain(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return String(expression.value);
    case 'string':
      return quote(expression.value);
    case 'regex':
      return `r'${expression.value}'`;
    case 'boolean':
      return String(expression.value);
    case 'null':
      return 'NULL';
    case 'duration':
      return unitSuffix(expression.amount, expression.unit);
    case 'variable':
      return `{{${expression.name}}}`;
    case 'attribute':
      return printName(expression.name);
    case 'star':
      return '*';
    case 'call':
      return `${spelling(expression.name)}(${expression.args.map(printArgument).join(', ')})`;
    case 'index':
      return `${printExpression(expression.target, atom)}[${printExpression(expression.key)}]`;
    case 'negate':
      return `-${printExpression(expression.operand, 8)}`;
    case 'not':
      return `NOT ${printExpression(expression.operand, 4)}`;
    case 'binary': {
      const own = binary[expression.operator]!;
      // Comparisons do not chain; the others lean to the left.
      const left = printExpression(expression.left, own === 4 ? 5 : own);
      const right = printExpression(expression.right, own + 1);
      const operator = own <= 2 ? expression.operator.toUpperCase() : expression.operator;
      return `${left} ${operator} ${right}`;
    }
    case 'is':
      return `${printExpression(expression.operand, 5)} IS ${expression.negated ? 'NOT ' : ''}${expression.what.toUpperCase()}`;
    case 'in': {
      const choices = expression.choices.map((choice) =>
        choice.kind === 'subquery' ? print(choice.query) : printExpression(choice),
      );
      return `${printExpression(expression.operand, 5)} ${expression.negated ? 'NOT ' : ''}IN (${choices.join(', ')})`;
    }
    case 'like': {
      const word = expression.regex ? 'RLIKE' : 'LIKE';
      return `${printExpression(expression.operand, 5)} ${expression.negated ? 'NOT ' : ''}${word} ${printExpression(expression.pattern, 5)}`;
    }
    case 'subquery':
      return `(${print(expression.query)})`;
  }
}

function printArgument(argument: Argument): string {
  const label = argument.label ? `${argument.label}: ` : '';
  const alias = argument.alias === null ? '' : ` AS ${quote(argument.alias)}`;
  return `${label}${argument.condition ? 'WHERE ' : ''}${printExpression(argument.value)}${alias}`;
}

function printNamed(item: Named): string {
  return item.alias === null ? printExpression(item.value) : `${printExpression(item.value)} AS ${quote(item.alias)}`;
}

function printSource(source: Source): string {
  if (source.kind === 'subquery') return `(${print(source.query)})`;
  if (source.kind === 'lookup') return `lookup(${printName(source.name)})`;
  return source.kind === 'variable' ? `{{${source.name}}}` : printName(source.name);
}

function printMoment(moment: Moment): string {
  switch (moment.kind) {
    case 'now':
      return 'now';
    case 'epoch':
      return String(moment.ms);
    case 'ago':
      return `${unitSuffix(moment.amount, moment.unit)} AGO`;
    case 'day':
      return moment.clock === null ? moment.day : `${moment.day} AT '${moment.clock}'`;
    case 'period':
      return `${moment.which} ${moment.unit}`;
    case 'written':
      return quote(moment.text);
    case 'variable':
      return `{{${moment.name}}}`;
  }
}

function printWidth(width: Width): string {
  if (width.kind === 'fixed') return unitSuffix(width.amount, width.unit);
  return width.kind === 'variable' ? `{{${width.name}}}` : width.kind.toUpperCase();
}

function printLimit(limit: NonNullable<Query['limit']>): string {
  if (limit.count === 'max') return 'MAX';
  return typeof limit.count === 'number' ? String(limit.count) : `{{${limit.count.variable}}}`;
}

function printSources(query: Query): string[] {
  const parts: string[] = [];
  if (query.from.length > 0) parts.push(`FROM ${query.from.map(printSource).join(', ')}`);
  if (query.join) {
    const { left, right } = query.join;
    const on = left === right ? printExpression(left) : `${printExpression(left, 5)} = ${printExpression(right, 5)}`;
    parts.push(`${query.join.kind.toUpperCase()} JOIN (${print(query.join.query)}) ON ${on}`);
  }
  return parts;
}

const printOrder = ({ value, direction }: Order): string =>
  direction ? `${printExpression(value)} ${direction}` : printExpression(value);

/** One canonical text of a query; parsing it gives the same tree. */
export function print(query: Query): string {
  const parts: string[] = [];
  if (query.with.length > 0) {
    const definitions = query.with.map(({ value, names }) => {
      const name = names.length === 1 ? printName(names[0]!) : `(${names.map(printName).join(', ')})`;
      return `${printExpression(value)} AS ${name}`;
    });
    parts.push(`WITH ${definitions.join(', ')}`);
  }
  if (query.kind === 'show-event-types') parts.push('SHOW EVENT TYPES');
  if (query.select.length > 0) parts.push(`SELECT ${query.select.map(printNamed).join(', ')}`);
  // Before the comparison of a gate stands FROM, since WHERE or FACET would take the comparison for their own.
  if (!query.comparison) parts.push(...printSources(query));
  for (const condition of query.where) parts.push(`WHERE ${printExpression(condition)}`);
  if (query.facet.length > 0) parts.push(`FACET ${query.facet.map(printNamed).join(', ')}`);
  if (query.facetOrder) parts.push(`ORDER BY ${printOrder(query.facetOrder)}`);
  if (query.since) parts.push(`SINCE ${printMoment(query.since)}`);
  if (query.until) parts.push(`UNTIL ${printMoment(query.until)}`);
  if (query.timezone !== null) parts.push(`WITH TIMEZONE ${quote(query.timezone.name)}`);
  if (query.metricFormat !== null) parts.push(`WITH METRIC_FORMAT ${quote(query.metricFormat)}`);
  if (query.timeseries) {
    const slide = query.timeseries.slide ? ` SLIDE BY ${printWidth(query.timeseries.slide)}` : '';
    parts.push(`TIMESERIES ${printWidth(query.timeseries.width)}${slide}`);
  }
  if (query.extrapolate) parts.push('EXTRAPOLATE');
  if (query.predict) parts.push('PREDICT');
  if (query.compare) parts.push(`COMPARE WITH ${unitSuffix(query.compare.amount, query.compare.unit)} AGO`);
  if (query.order.length > 0) {
    parts.push(`ORDER BY ${query.order.map(printOrder).join(', ')}`);
  }
  if (query.limit) parts.push(`LIMIT ${printLimit(query.limit)}`);
  if (query.offset !== null) parts.push(`OFFSET ${query.offset}`);
  if (query.comparison)
    parts.push(...printSources(query), `${query.comparison.operator} ${query.comparison.threshold}`);
  return parts.join(' ');
}
