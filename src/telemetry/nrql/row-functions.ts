import type { Value, ValueType, Want } from './fields.ts';

/** A function of one row's values. `args` come typed as wanted; `zone` is a bound time zone. */
export interface RowFunction {
  signature: string;
  summary: string;
  least: number;
  most: number;
  /** Labels that may stand before an argument, `width: 10`. */
  labels?: readonly string[];
  wants: Want | Want[];
  result: ValueType | 'first';
  sql(args: Value[], zone: string): string;
}

const math = (name: string, summary: string, sql: (x: string) => string): RowFunction => ({
  signature: `${name}(number)`,
  summary,
  least: 1,
  most: 1,
  wants: 'number',
  result: 'number',
  sql: ([x]) => sql(x!.sql),
});

const cohort = (name: string, summary: string, sql: (at: string) => string): RowFunction => ({
  signature: `${name}(timestamp)`,
  summary,
  least: 1,
  most: 1,
  wants: 'number',
  result: 'string',
  sql: ([x], zone) => sql(`fromUnixTimestamp64Milli(toInt64(${x!.sql}), ${zone})`),
});

const text = (value: Value): string => (value.type === 'string' ? value.sql : `toString(${value.sql})`);

/** The engine's least and greatest pass over NULL; here nothing compares with it. */
const ofBoth = (name: 'least' | 'greatest', x: Value, y: Value): string =>
  `if(isNull(${x.sql}) OR isNull(${y.sql}), NULL, ${name}(${x.sql}, ${y.sql}))`;

/** Every row function that can be answered, by its lower-case name. `if`, `capture`, `aparse`... are compiled apart. */
export const rowFunctions: Record<string, RowFunction> = {
  abs: math('abs', 'Distance from zero', (x) => `abs(${x})`),
  floor: math('floor', 'Next whole number below', (x) => `floor(${x})`),
  ceil: math('ceil', 'Next whole number above', (x) => `ceil(${x})`),
  sqrt: math('sqrt', 'Square root', (x) => `sqrt(${x})`),
  exp: math('exp', 'e to this power', (x) => `exp(${x})`),
  ln: math('ln', 'Natural logarithm', (x) => `log(${x})`),
  log2: math('log2', 'Logarithm to base 2', (x) => `log2(${x})`),
  log10: math('log10', 'Logarithm to base 10', (x) => `log10(${x})`),
  log: {
    signature: 'log(number [, base])',
    summary: 'Logarithm, natural unless a base is given',
    least: 1,
    most: 2,
    wants: 'number',
    result: 'number',
    sql: ([x, base]) => (base ? `log(${x!.sql}) / log(${base.sql})` : `log(${x!.sql})`),
  },
  pow: {
    signature: 'pow(number, exponent)',
    summary: 'A number to a power',
    least: 2,
    most: 2,
    wants: 'number',
    result: 'number',
    sql: ([x, y]) => `pow(${x!.sql}, ${y!.sql})`,
  },
  mod: {
    signature: 'mod(number, divisor)',
    summary: 'Remainder of a division',
    least: 2,
    most: 2,
    wants: 'number',
    result: 'number',
    sql: ([x, y]) => `if(${y!.sql} = 0, NULL, ${x!.sql} - ${y!.sql} * floor(${x!.sql} / ${y!.sql}))`,
  },
  round: {
    signature: 'round(number [, to])',
    summary: 'Nearest multiple of `to` (1 when absent)',
    least: 1,
    most: 2,
    wants: 'number',
    result: 'number',
    sql: ([x, to]) => (to ? `round(${x!.sql} / ${to.sql}) * ${to.sql}` : `round(${x!.sql})`),
  },
  clamp_min: {
    signature: 'clamp_min(number, least)',
    summary: 'The number, but not below a bound',
    least: 2,
    most: 2,
    wants: 'number',
    result: 'number',
    sql: ([x, bound]) => ofBoth('greatest', x!, bound!),
  },
  clamp_max: {
    signature: 'clamp_max(number, greatest)',
    summary: 'The number, but not above a bound',
    least: 2,
    most: 2,
    wants: 'number',
    result: 'number',
    sql: ([x, bound]) => ofBoth('least', x!, bound!),
  },
  concat: {
    signature: 'concat(value, value, ...)',
    summary: 'Values written one after the other',
    least: 1,
    most: 20,
    wants: 'any',
    result: 'string',
    sql: (args) => `concat('', ${args.map((arg) => `ifNull(${text(arg)}, '')`).join(', ')})`,
  },
  lower: {
    signature: 'lower(text)',
    summary: 'In small letters',
    least: 1,
    most: 1,
    wants: 'string',
    result: 'string',
    sql: ([x]) => `lowerUTF8(${text(x!)})`,
  },
  upper: {
    signature: 'upper(text)',
    summary: 'In capital letters',
    least: 1,
    most: 1,
    wants: 'string',
    result: 'string',
    sql: ([x]) => `upperUTF8(${text(x!)})`,
  },
  length: {
    signature: 'length(text)',
    summary: 'Number of characters',
    least: 1,
    most: 1,
    wants: 'string',
    result: 'number',
    sql: ([x]) => `lengthUTF8(${text(x!)})`,
  },
  substring: {
    signature: 'substring(text, start [, length])',
    summary: 'Part of a text; counts from 0, or from the end when negative',
    least: 2,
    most: 3,
    wants: ['string', 'number', 'number'],
    result: 'string',
    sql: ([x, start, size]) => {
      const from = `toInt64(if(${start!.sql} < 0, ${start!.sql}, ${start!.sql} + 1))`;
      return `substringUTF8(${text(x!)}, ${from}${size ? `, toInt64(${size.sql})` : ''})`;
    },
  },
  position: {
    signature: 'position(text, part)',
    summary: 'Where a part begins, from 0; NULL when absent',
    least: 2,
    most: 2,
    wants: 'string',
    result: 'number',
    sql: ([x, part]) => `nullIf(positionUTF8(${text(x!)}, ${text(part!)}), 0) - 1`,
  },
  contains: {
    signature: 'contains(text, part)',
    summary: 'Whether a part occurs',
    least: 2,
    most: 2,
    wants: 'string',
    result: 'boolean',
    sql: ([x, part]) => `positionUTF8(${text(x!)}, ${text(part!)}) > 0`,
  },
  string: {
    signature: 'string(value [, precision: digits])',
    summary: 'The value as text',
    least: 1,
    most: 1,
    wants: 'any',
    result: 'string',
    sql: ([x]) => text(x!),
  },
  numeric: {
    signature: 'numeric(value)',
    summary: 'The value as a number; NULL when it is none',
    least: 1,
    most: 1,
    wants: 'any',
    result: 'number',
    sql: ([x]) => (x!.type === 'string' ? `toFloat64OrNull(${x!.sql})` : `toFloat64(${x!.sql})`),
  },
  boolean: {
    signature: 'boolean(value)',
    summary: "The value as true or false ('true', 'false')",
    least: 1,
    most: 1,
    wants: 'any',
    result: 'boolean',
    sql: ([x]) =>
      x!.type === 'boolean'
        ? x!.sql
        : `multiIf(lower(${text(x!)}) = 'true', true, lower(${text(x!)}) = 'false', false, NULL)`,
  },
  cidraddress: {
    signature: 'cidrAddress(ip, bits)',
    summary: 'The network an IPv4 address lies in',
    least: 2,
    most: 2,
    wants: ['string', 'number'],
    result: 'string',
    sql: ([x, bits]) =>
      `toString(tupleElement(IPv4CIDRToRange(toIPv4OrDefault(${text(x!)}), toUInt8(assumeNotNull(${bits!.sql}))), 1))`,
  },
  encode: {
    signature: "encode(text, 'base64')",
    summary: 'The text in base64',
    least: 2,
    most: 2,
    wants: 'string',
    result: 'string',
    sql: ([x]) => `base64Encode(${text(x!)})`,
  },
  decode: {
    signature: "decode(text, 'base64')",
    summary: 'The text behind base64',
    least: 2,
    most: 2,
    wants: 'string',
    result: 'string',
    sql: ([x]) => `tryBase64Decode(${text(x!)})`,
  },
  hourof: cohort('hourOf', 'Hour of the day, `14:00`', (at) => `formatDateTime(${at}, '%H:00')`),
  minuteof: cohort('minuteOf', 'Minute of the hour', (at) => `formatDateTime(${at}, '%i')`),
  dateof: cohort('dateOf', 'Day, `2026-01-31`', (at) => `formatDateTime(${at}, '%F')`),
  weekdayof: cohort('weekdayOf', 'Day of the week, `Monday`', (at) => `formatDateTime(${at}, '%W')`),
  weekof: cohort('weekOf', 'Monday of the week, `2026-01-26`', (at) => `toString(toMonday(${at}))`),
  monthof: cohort('monthOf', 'Month, `2026-01`', (at) => `formatDateTime(${at}, '%Y-%m')`),
  yearof: cohort('yearOf', 'Year', (at) => `formatDateTime(${at}, '%Y')`),
  dayofmonthof: cohort('dayOfMonthOf', 'Day of the month', (at) => `toString(toDayOfMonth(${at}))`),
  todatetime: {
    signature: "toDatetime(timestamp [, 'yyyy-MM-dd HH:mm'])",
    summary: 'An instant written out',
    least: 1,
    most: 2,
    wants: ['number', 'string'],
    result: 'string',
    sql: ([x, format], zone) =>
      `formatDateTimeInJodaSyntax(fromUnixTimestamp64Milli(toInt64(${x!.sql}), ${zone}), ${format ? format.sql : "'yyyy-MM-dd HH:mm:ss'"})`,
  },
  totimestamp: {
    signature: 'toTimestamp(text)',
    summary: 'Unix milliseconds of a written date',
    least: 1,
    most: 2,
    wants: 'string',
    result: 'time',
    sql: ([x], zone) => `toUnixTimestamp64Milli(parseDateTime64BestEffortOrNull(${text(x!)}, 3, ${zone}))`,
  },
  jparse: {
    signature: "jparse(json [, 'key.key'])",
    summary: 'The value at a path of a JSON text',
    least: 1,
    most: 2,
    wants: 'string',
    result: 'string',
    sql: ([x, path]) =>
      path ? `JSON_VALUE(ifNull(${text(x!)}, ''), concat('$.', ifNull(${path.sql}, '')))` : text(x!),
  },
  tuple: {
    signature: 'tuple(value, value, ...)',
    summary: 'Several values as one key',
    least: 1,
    most: 10,
    wants: 'any',
    result: 'string',
    sql: (args) => `concat('', ${args.map((arg, index) => `${index ? "', ', " : ''}${text(arg)}`).join(', ')})`,
  },
  buckets: {
    signature: 'buckets(number, ceiling, count)',
    summary: 'The range a number falls into',
    labels: ['width', 'buckets'],
    least: 3,
    most: 3,
    wants: 'number',
    result: 'string',
    sql: ([x, top, count]) => {
      const width = `(${top!.sql} / ${count!.sql})`;
      const slot = `least(floor(${x!.sql} / ${width}), ${count!.sql} - 1)`;
      const label = `concat(toString(${slot} * ${width}), ' - ', toString((${slot} + 1) * ${width}))`;
      return `if(isNull(${x!.sql}), NULL, ${label})`;
    },
  },
};
rowFunctions.indexof = rowFunctions.position!;

/** Right NRQL that is not answered yet. */
export const unansweredRowFunctions = new Set(['lookup', 'accountid', 'mapkeys', 'mapvalues', 'getcdfcount', 'blob']);
