import type { Expression, ExpressionOf } from './ast.ts';
import type { Context } from './context.ts';
import type { Value } from './fields.ts';
import { NrqlError } from './problems.ts';

const kinds = ['time', 'data', 'temperature'] as const;

/** What one unit is worth in the first unit of its kind, and where its zero lies. */
interface Measure {
  kind: (typeof kinds)[number];
  factor: number;
  zero: number;
}

const measures = new Map<string, Measure>();
const define = (kind: Measure['kind'], factor: number, names: string, zero = 0): void => {
  for (const name of names.split(' ')) measures.set(name, { kind, factor, zero });
};
define('time', 1e-9, 'ns nanosecond nanoseconds');
define('time', 1e-6, 'us microsecond microseconds');
define('time', 1e-3, 'ms millisecond milliseconds');
define('time', 1, 's sec second seconds');
define('time', 60, 'min minute minutes');
define('time', 3600, 'h hr hour hours');
define('time', 86_400, 'd day days');
define('time', 604_800, 'week weeks');
define('data', 0.125, 'bit bits');
define('data', 1, 'b byte bytes');
['k', 'm', 'g', 't', 'p'].forEach((letter, index) => {
  const words = ['kilo', 'mega', 'giga', 'tera', 'peta'][index];
  define('data', 1000 ** (index + 1), `${letter}b ${words}byte ${words}bytes`);
  define('data', 1000 ** (index + 1) / 8, `${letter}bit ${words}bit ${words}bits`);
  define('data', 1024 ** (index + 1), `${letter}ib ${words!.slice(0, 2)}bibyte ${words!.slice(0, 2)}bibytes`);
});
define('temperature', 1, 'c celsius', 0);
define('temperature', 5 / 9, 'f fahrenheit', -160 / 9);
define('temperature', 1, 'k kelvin', -273.15);

function measureOf(expression: Expression): Measure {
  if (expression.kind !== 'string')
    throw new NrqlError(expression, 'convert() takes units in quotes', "Write convert(duration, 's', 'ms').");
  const found = measures.get(expression.value.toLowerCase());
  if (found) return found;
  throw new NrqlError(
    expression,
    `convert() knows no unit "${expression.value}"`,
    'It knows ns to weeks, bits and bytes (KB, KiB, ...), celsius, fahrenheit and kelvin.',
  );
}

/** `convert(value, 'ms', 's')`: the same amount in another unit of the same kind. */
export function compileConvert(call: ExpressionOf<'call'>, context: Context): Value {
  const [value, from, to] = call.args.map((arg) => arg.value);
  if (!value || !from || !to || call.args.length > 3)
    throw new NrqlError(call, 'convert(value, from, to) takes a number and two units');
  const [a, b] = [measureOf(from), measureOf(to)];
  if (a.kind !== b.kind) throw new NrqlError(to, 'convert() cannot turn one kind of measure into another');
  const compiled = context.compile(value, 'number', context);
  const number = compiled.type === 'string' ? `toFloat64OrNull(${compiled.sql})` : compiled.sql;
  const base = `(${number}) * ${context.params.number(a.factor)}`;
  if (a.kind !== 'temperature') return { sql: `(${base} / ${context.params.number(b.factor)})`, type: 'number' };
  const shift = context.params.number(a.zero - b.zero);
  return { sql: `((${base} + ${shift}) / ${context.params.number(b.factor)})`, type: 'number' };
}
