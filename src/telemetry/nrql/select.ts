import { filterContext, hasAggregate, histogramShape, pointAggregate } from './aggregates.ts';
import type { Argument, Expression, Named, Query } from './ast.ts';
import { bucketPercentiles } from './bucket-percentile.ts';
import type { BuiltSelect, Output, SelectOptions } from './built.ts';
import { type Context, truth } from './context.ts';
import { compile } from './expression-sql.ts';
import type { Fields, Value, ValueType } from './fields.ts';
import { funnelSteps } from './funnel.ts';
import type { Params } from './params.ts';
import { printExpression } from './print.ts';
import { NrqlError } from './problems.ts';
import { type SourceSql, sourceOf } from './source.ts';
import { constant, percentilePoints } from './subject.ts';
import { emptyValue, unitOf } from './units.ts';
import { type Buckets, resolveBuckets, resolveWindow } from './window.ts';

/** Builds the SELECT of one query (or subquery) over one window. */
export function buildSelect(query: Query, options: SelectOptions): BuiltSelect {
  const serial = options.serial ?? { next: 0 };
  const prefix = `q${serial.next}_`;
  serial.next += 1;
  const innerSerial = serial.next;
  const inside: SelectOptions = { ...options, serial, nested: true, groupsWindow: null };
  const source = sourceOf(query, inside, nestedSelect, (fields) => contextOf(query, inside, fields));
  const context = contextOf(query, inside, source.fields);
  const aggregated =
    query.facet.length > 0 || query.timeseries !== null || query.select.some((item) => hasAggregate(item.value));
  if (!aggregated) return rowSelect(query, options, source, context, prefix);
  return groupSelect(query, { ...options, innerSerial }, source, context, prefix);
}

/** A subquery; its own SINCE and UNTIL count where NRQL allows them, otherwise the outer window is its window. */
function nestedSelect(query: Query, options: SelectOptions): BuiltSelect {
  const window = resolveWindow(query, options.now, options.zone, options.window);
  const buckets = query.timeseries ? resolveBuckets(query.timeseries, window) : null;
  const wanted = query.limit?.count;
  return buildSelect(query, {
    ...options,
    window: buckets ? { since: buckets.begin, until: window.until } : window,
    buckets,
    limit: typeof wanted === 'number' ? Math.min(wanted, 5000) : 5000,
  });
}

function contextOf(query: Query, options: SelectOptions, fields: Fields): Context {
  const { buckets, window, params } = options;
  const definitions = new Map<string, { value: Expression; member: number | null }>();
  for (const { value, names } of query.with) {
    names.forEach((name, index) => {
      definitions.set(name, { value, member: names.length === 1 ? null : index });
    });
  }
  return {
    params,
    fields,
    catalogue: options.catalogue,
    level: 'row',
    condition: null,
    keys: new Map(),
    definitions,
    zone: options.zone,
    window,
    spanMs: buckets?.widthMs ?? window.until - window.since,
    spanEnd: params.bind(Math.round(window.until), 'Int64'),
    warn: options.warn,
    used: { metrics: new Set(), others: false },
    compile,
    subquery(inner) {
      const built = nestedSelect(inner, options);
      const only = built.columns[0];
      if (!only || built.columns.length !== 1) throw new NrqlError(inner, 'This subquery should select one value');
      // Rows bring their time along for whoever encloses them; here only the value counts.
      if (only.type !== 'list')
        return { sql: `(SELECT ${only.sql} FROM (${built.sql}))`, column: only.sql, type: only.type };
      return {
        sql: `(SELECT arrayJoin(${only.sql}) AS ${only.sql}j FROM (${built.sql}))`,
        column: `${only.sql}j`,
        type: 'string',
      };
    },
  };
}

const kindOf = (type: ValueType): Output['kind'] => (type === 'unknown' || type === 'keys' ? 'any' : type);

function labelOf(item: Named): string {
  return item.alias ?? printExpression(item.value);
}

function outputOf(item: Named, role: Output['role'], value: Value, taken: Set<string>, label = labelOf(item)): Output {
  let key = label;
  for (let copy = 2; taken.has(key); copy += 1) key = `${label} (${copy})`;
  taken.add(key);
  const call = item.value.kind === 'call' ? item.value : undefined;
  return {
    key,
    label,
    role,
    kind: kindOf(value.type),
    unit: unitOf(item.value),
    expression: printExpression(item.value),
    empty: emptyValue(item.value),
    histogram: call?.name === 'histogram' ? histogramShape(call) : null,
  };
}

function where(conditions: string[]): string {
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}

function rowSelect(
  query: Query,
  options: SelectOptions,
  source: SourceSql,
  context: Context,
  prefix: string,
): BuiltSelect {
  const taken = new Set<string>();
  const outputs: Output[] = [];
  const parts: string[] = [];
  const columns: BuiltSelect['columns'] = [];
  let star: BuiltSelect['star'] = null;
  const add = (item: Named, value: Value) => {
    const output = outputOf(item, 'attribute', value, taken);
    const name = `${prefix}c${outputs.length}`;
    parts.push(`${value.sql} AS ${name}`);
    columns.push({ name: item.alias ?? plainNameOf(item), sql: name, type: value.type });
    outputs.push(output);
  };
  for (const item of query.select) {
    if (item.value.kind !== 'star') add(item, compile(item.value, 'any', context));
    else if (source.star) star = source.star;
    else {
      for (const name of source.columns) {
        const column: Named = {
          value: { kind: 'attribute', name, at: item.value.at, end: item.value.end },
          alias: null,
        };
        add(column, compile(column.value, 'any', context));
      }
    }
  }
  const { instant } = context.fields;
  if (star) {
    parts.push('toUnixTimestamp64Milli(timestamp) AS starTimestamp', 'type AS starType');
    for (const { name } of star) parts.push(`${name} AS star_${name}`);
    parts.push('strings AS starStrings', 'numbers AS starNumbers', 'booleans AS starBooleans');
  } else if (options.nested && instant) parts.push(`${instant} AS ${prefix}t`);
  const aliases = new Map(columns.map((column) => [column.name, column.sql]));
  const order = query.order.map(({ value, direction }) => {
    const alias = value.kind === 'attribute' ? aliases.get(value.name) : undefined;
    return `${alias ?? compile(value, 'any', context).sql} ${direction ?? 'ASC'} NULLS LAST`;
  });
  if (order.length === 0) order.push(...source.order);
  const sql = [
    `SELECT ${parts.join(', ')} FROM ${source.sql}`,
    where(query.where.map((condition) => truth(condition, context))),
    order.length > 0 ? ` ORDER BY ${order.join(', ')}` : '',
    ` LIMIT ${options.nested ? options.limit : options.limit + 1}`,
    query.offset ? ` OFFSET ${query.offset}` : '',
  ].join('');
  return { sql, outputs, columns, facetCount: 0, rows: true, star, instant: instant && `${prefix}t` };
}

/** What an enclosing query calls a column without AS: the attribute's or the function's name. */
function plainNameOf(item: Named): string {
  if (item.value.kind === 'attribute') return item.value.name;
  return item.value.kind === 'call' ? item.value.name : printExpression(item.value);
}

/** `innerSerial`: the number that the first subquery took. */
type GroupOptions = SelectOptions & { innerSerial: number };

function groupSelect(
  query: Query,
  options: GroupOptions,
  source: SourceSql,
  row: Context,
  prefix: string,
): BuiltSelect {
  const { buckets, params } = options;
  const taken = new Set<string>();
  const outputs: Output[] = [];
  const columns: BuiltSelect['columns'] = [];
  const keys = new Map<string, Value>();
  const keySqls: string[] = [];
  const present: string[] = [];
  for (const item of query.facet) {
    if (hasAggregate(item.value)) throw new NrqlError(item.value, 'FACET takes attributes, not aggregates');
    const value = compile(item.value, 'any', row);
    if (value.type === 'list') throw new NrqlError(item.value, 'FACET cannot group by a list');
    const name = `${prefix}f${keySqls.length}`;
    keys.set(printExpression(item.value), { sql: name, type: value.type });
    if (item.alias !== null)
      keys.set(printExpression({ kind: 'attribute', name: item.alias, at: 0, end: 0 }), {
        sql: name,
        type: value.type,
      });
    // Groups without a value are left out, so a column of texts stands for itself: a nullable of it groups half as fast.
    keySqls.push(value.text ?? value.sql);
    present.push(value.text ? `${value.text} != ''` : `isNotNull(${value.sql})`);
    outputs.push(outputOf(item, 'facet', value, taken));
    columns.push({ name: item.alias ?? plainNameOf(item), sql: name, type: value.type });
  }
  const bucketSql = buckets ? bucketOf(buckets, row, params) : null;
  const group: Context = {
    ...row,
    level: 'aggregate',
    keys,
    spanEnd: buckets
      ? `${params.bind(buckets.begin + buckets.widthMs, 'Int64')} + ${prefix}b * ${params.bind(buckets.stepMs, 'Int64')}`
      : row.spanEnd,
  };
  const values: { sql: string; name: string }[] = [];
  for (const item of query.select) {
    if (item.value.kind === 'star')
      throw new NrqlError(item.value, '* cannot stand beside aggregates', 'Did you mean count(*)?');
    for (const { value, label } of valuesOf(item, group)) {
      const name = `${prefix}v${values.length}`;
      values.push({ sql: value.sql, name });
      outputs.push(outputOf(item, 'value', value, taken, label));
      columns.push({
        name: label === labelOf(item) ? (item.alias ?? plainNameOf(item)) : label,
        sql: name,
        type: value.type,
      });
    }
  }
  const conditions = [...query.where.map((condition) => truth(condition, row)), ...present];
  // Where only metrics are asked, records of other metrics make no groups and need not be read.
  if (!row.used.others && row.used.metrics.size > 0) conditions.push(`(${[...row.used.metrics].join(' OR ')})`);

  const rank = rankOf(query, outputs, values, group);
  const keyList = keySqls.map((sql, index) => `${sql} AS ${prefix}f${index}`);
  const keyNames = keySqls.map((_, index) => `${prefix}f${index}`);
  const having =
    keySqls.length > 0 && outputs[keySqls.length]?.empty === null ? ` HAVING isNotNull(${values[0]!.sql})` : '';
  const ranked = (from: string, surplus: number, names: string[]) =>
    `SELECT ${names.join(', ')} FROM ${from}${where(conditions)} GROUP BY ${keyNames.join(', ')}${having}` +
    ` ORDER BY ${rank} ${query.facetOrder?.direction ?? 'DESC'} NULLS LAST, ${keyNames.join(', ')} LIMIT ${options.limit + surplus}${query.offset ? ` OFFSET ${query.offset}` : ''}`;
  const valueList = values.map(({ sql, name }) => `${sql} AS ${name}`);

  const facets = keySqls.length;
  let unranked: string | null = null;
  let sql: string;
  if (!bucketSql) {
    if (facets === 0) sql = `SELECT ${valueList.join(', ')} FROM ${source.sql}${where(conditions)}`;
    else if (!options.groupsWindow) sql = ranked(source.sql, options.nested ? 0 : 1, [...keyList, ...valueList]);
    else {
      const chosen = chosenGroups(query, options, keySqls, ranked, keyList);
      sql = `SELECT ${[...keyList, ...valueList].join(', ')} FROM ${source.sql}${where([...conditions, chosen])} GROUP BY ${keyNames.join(', ')}`;
    }
  } else {
    const chosen = facets > 0 ? [chosenGroups(query, options, keySqls, ranked, keyList)] : [];
    const bucket = `${prefix}b`;
    const grouped = (all: string[]) =>
      `SELECT ${[...keyList, `${bucketSql} AS ${bucket}`, ...valueList].join(', ')} FROM ${source.sql}` +
      `${where(all)} GROUP BY ${[...keyNames, bucket].join(', ')} ORDER BY ${[...keyNames, bucket].join(', ')}`;
    sql = grouped([...conditions, ...chosen]);
    if (source.few && facets > 0 && !query.offset && !options.nested)
      unranked = `${grouped(conditions)} LIMIT ${options.limit * buckets!.count + 1}`;
  }
  return {
    sql,
    unranked,
    outputs,
    columns,
    facetCount: facets,
    rows: false,
    star: null,
    instant: buckets
      ? `fromUnixTimestamp64Milli(${params.bind(buckets.begin, 'Int64')} + ${prefix}b * ${params.bind(buckets.stepMs, 'Int64')}, 'UTC')`
      : undefined,
  };
}

/** The groups that survive LIMIT, ranked over the whole (main) window, as a condition on records. */
function chosenGroups(
  query: Query,
  options: GroupOptions,
  keySqls: string[],
  ranked: (from: string, surplus: number, names: string[]) => string,
  keyList: string[],
): string {
  const window = options.groupsWindow ?? options.window;
  // A subquery is read once more under the same names, which the keys are made of.
  const inside: SelectOptions = { ...options, window, nested: true, serial: { next: options.innerSerial } };
  const { sql } = sourceOf(query, inside, nestedSelect, (fields) => contextOf(query, inside, fields));
  return `(${keySqls.join(', ')}) IN (${ranked(sql, 0, keyList)})`;
}

/** What decides which groups survive: ORDER BY of FACET, else the first number selected, else the number of records. */
function rankOf(query: Query, outputs: Output[], values: { sql: string }[], group: Context): string {
  if (query.facetOrder) {
    const { value } = query.facetOrder;
    const wanted = printExpression(value);
    const name = value.kind === 'attribute' ? value.name : undefined;
    // ORDER BY duration means what is asked of the duration.
    const of = query.select.find(
      (item) => item.value.kind === 'call' && name !== undefined && isOf(item.value.args[0], wanted),
    );
    const asked = of && printExpression(of.value);
    const column = (expression: string | undefined) =>
      outputs.findIndex(
        (output) => output.role === 'value' && (output.expression === expression || output.label === name),
      );
    const index = column(wanted) >= 0 ? column(wanted) : group.keys.has(wanted) ? -1 : column(asked);
    if (index >= 0) return values[index - query.facet.length]!.sql;
    if (name === undefined || group.keys.has(wanted)) return compile(value, 'number', group).sql;
    group.warn(value, `The groups are ranked by their greatest ${name}`, `Write ORDER BY max(${name}).`);
    const { at, end } = value;
    const greatest = {
      kind: 'call',
      name: 'max',
      args: [{ label: null, condition: false, value, alias: null }],
      at,
      end,
    } as const;
    return compile({ ...greatest, args: [...greatest.args] }, 'number', group).sql;
  }
  return outputs[query.facet.length]?.kind === 'number' ? values[0]!.sql : 'count()';
}

/** Whether an aggregate makes a column for each of its points. */
const isPoints = (expression: Expression | undefined): boolean =>
  expression?.kind === 'call' &&
  ['percentile', 'cdfpercentage', 'bucketpercentile'].includes(expression.name) &&
  percentilePoints(expression).length > 1;

const isOf = (argument: Argument | undefined, printed: string): boolean =>
  argument !== undefined && printExpression(argument.value) === printed;

function* valuesOf(item: Named, group: Context): Generator<{ value: Value; label: string }> {
  const call = item.value;
  if (call.kind === 'call' && call.name === 'funnel') {
    const steps = funnelSteps(call, group);
    yield* steps.map(({ value, label }) => ({ value, label: item.alias === null ? label : `${item.alias}: ${label}` }));
    return;
  }
  if (call.kind === 'call' && call.name === 'bucketpercentile') {
    const points = bucketPercentiles(call, group);
    yield* points.map(({ value, label }) => ({
      value,
      label: item.alias === null ? label : points.length > 1 ? `${item.alias} ${label.split(' ').at(-1)}` : item.alias,
    }));
    return;
  }
  if (call.kind === 'call' && call.name === 'filter' && isPoints(call.args[0]?.value)) {
    const name = item.alias ?? printExpression(call);
    const inner = filterContext(call, group);
    for (const one of valuesOf({ value: call.args[0]!.value, alias: name }, inner)) yield one;
    return;
  }
  if (call.kind === 'call' && (call.name === 'percentile' || call.name === 'cdfpercentage')) {
    const points = percentilePoints(call);
    if (points.length > 1) {
      for (const point of points) {
        const name = item.alias ?? `${call.name}(${call.args[0] ? printExpression(call.args[0].value) : ''})`;
        yield {
          value: pointAggregate(call, point, group),
          label: `${name} ${point}${call.name === 'percentile' ? '%' : ''}`,
        };
      }
      return;
    }
  }
  if (constant(item.value) === undefined && item.value.kind === 'subquery') {
    throw new NrqlError(item.value, 'A subquery in SELECT is not answered yet', undefined, 'unsupported');
  }
  yield { value: compile(item.value, 'any', group), label: labelOf(item) };
}

/** Number of the bucket a record falls into; with SLIDE BY of each that it falls into. */
function bucketOf(buckets: Buckets, context: Context, params: Params): string {
  const { instant } = context.fields;
  if (!instant)
    throw new NrqlError(
      { at: 0, end: 0 },
      'TIMESERIES needs the time of the records, which this subquery does not give',
      'Put TIMESERIES into the subquery too.',
    );
  const micros = (ms: number) => params.bind(Math.round(ms * 1000), 'Int64');
  const since = `(toUnixTimestamp64Micro(toDateTime64(${instant}, 6, 'UTC')) - ${micros(buckets.begin)})`;
  if (buckets.stepMs === buckets.widthMs) return `intDiv(${since}, ${micros(buckets.widthMs)})`;
  const first = `greatest(0, toInt64(floor((${since} - ${micros(buckets.widthMs)}) / ${micros(buckets.stepMs)})) + 1)`;
  const last = `least(${buckets.count - 1}, intDiv(${since}, ${micros(buckets.stepMs)}))`;
  return `arrayJoin(range(${first}, ${last} + 1))`;
}
