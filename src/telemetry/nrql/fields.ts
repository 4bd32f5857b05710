import { nearest } from '../../kernel/nearest.ts';
import { labelReadings, labelText } from '../labels.ts';
import { type AttributeType, pageNames, synonyms, type TableName, tables } from '../tables.ts';
import type { Params } from './params.ts';

/** What is known of the data, from what came in. Decides which typed map holds an attribute, and feeds suggestions. */
export interface Catalogue {
  /** Set where nothing is known of the data, so that no name is doubted. */
  readonly blind?: boolean | undefined;
  eventTypes(): Iterable<string>;
  /** Types an attribute was seen with in any of these event types; empty when never seen. */
  typesOf(eventTypes: readonly string[], attribute: string): ReadonlySet<AttributeType>;
  isMetric(name: string): boolean;
  attributes(eventTypes: readonly string[]): Iterable<string>;
}

export type ValueType = 'string' | 'number' | 'boolean' | 'time' | 'list' | 'histogram' | 'keys' | 'unknown';

/** A compiled expression. Every value may be NULL. */
export interface Value {
  sql: string;
  type: ValueType;
  /** The column behind `sql` when it is one of plain texts, in which the empty text stands for absent. */
  text?: string | undefined;
}

/** The type an expression is wanted as; `any` takes what the data says. */
export type Want = 'string' | 'number' | 'boolean' | 'any';

/** Where attributes come from: event types, or the columns of a subquery. */
export interface Fields {
  resolve(name: string, want: Want): Value;
  /** The condition that a row belongs to a metric of this name (with `%` as a wildcard); undefined when it is no metric. */
  metric(name: string): string | undefined;
  /** SQL of an order of arrival, for latest and earliest. */
  arrival: string;
  /** SQL of how many records a row stands for; undefined where it is one. */
  records?: string | undefined;
  /** Columns that tell one series from another; undefined in what a subquery gives. */
  series?: readonly string[] | undefined;
  /** SQL of about how many bytes a record has; undefined in what a subquery gives. */
  bytes?: string | undefined;
  /** SQL of the event type of a record; undefined in what a subquery gives. */
  eventType: string | undefined;
  /** SQL of the record's instant (DateTime64), or undefined where a subquery gave none. */
  instant: string | undefined;
  /** Whether an attribute of this name has come in (or is a column). */
  known(name: string): boolean;
  /** The attribute nearest to a misspelt one. */
  suggest(name: string): string | undefined;
}

/** The column of an attribute as a nullable value. */
function promotedValue(name: string, type: AttributeType): Value {
  return type === 'string' ? { sql: `nullIf(${name}, '')`, type, text: name } : { sql: name, type };
}

/** Attributes of records as stored. */
export function recordFields(
  eventTypes: readonly string[],
  from: readonly TableName[],
  catalogue: Catalogue,
  params: Params,
): Fields {
  const promoted = new Map<string, AttributeType>();
  for (const table of from) for (const column of tables[table].promoted) promoted.set(column.name, column.type);
  const hasMetrics = from.includes('telemetry_samples');

  const onlyMetrics = hasMetrics && from.length === 1;
  /** What holds the attributes without a column. */
  const others = onlyMetrics ? ['labels'] : ['strings', 'numbers', 'booleans'];

  const inMap = (map: 'strings' | 'numbers' | 'booleans', name: string): string => {
    if (onlyMetrics) return labelReadings[map](params.text(labelText(name)));
    const key = params.text(name);
    return `if(mapContains(${map}, ${key}), ${map}[${key}], NULL)`;
  };
  const mapped = (name: string, want: Want): Value => {
    const seen = catalogue.typesOf(eventTypes, name);
    const only = seen.size === 1 ? [...seen][0] : undefined;
    const type = want !== 'any' && (seen.size === 0 || seen.has(want)) ? want : only;
    switch (type) {
      case 'string':
        return { sql: inMap('strings', name), type: 'string' };
      case 'number':
      case 'time':
        return { sql: inMap('numbers', name), type: 'number' };
      case 'boolean':
        return { sql: inMap('booleans', name), type: 'boolean' };
      default:
        // Seen with several types, or never: read as text whatever it is.
        return {
          sql: `coalesce(${inMap('strings', name)}, toString(${inMap('numbers', name)}), toString(${inMap('booleans', name)}))`,
          type: 'string',
        };
    }
  };

  /** The name under which an attribute came in that was asked by another one. */
  const otherName = (name: string): string | undefined => {
    const other = pageNames[name];
    const seen = (one: string) => catalogue.typesOf(eventTypes, one).size > 0;
    return other !== undefined && !seen(name) && seen(other) ? other : undefined;
  };

  return {
    arrival: '(timestamp, seq)',
    instant: 'timestamp',
    series: ['service', 'environment', 'release', 'host', 'name', ...others],
    bytes: `byteSize(${['timestamp', ...others, ...promoted.keys()].join(', ')})`,
    eventType: "toNullable(CAST(type, 'String'))",
    resolve(name, want) {
      if (name === 'timestamp') return { sql: 'toNullable(toUnixTimestamp64Milli(timestamp))', type: 'time' };
      const own = promoted.get(name);
      if (own) return promotedValue(name, own);
      const synonym = synonyms[name];
      const synonymType = synonym === undefined ? undefined : promoted.get(synonym);
      if (synonym !== undefined && synonymType && catalogue.typesOf(eventTypes, name).size === 0) {
        return promotedValue(synonym, synonymType);
      }
      return mapped(otherName(name) ?? name, want);
    },
    metric(name) {
      if (!hasMetrics || promoted.has(name) || name in synonyms) return undefined;
      if (!catalogue.isMetric(name) && !name.includes('%') && catalogue.typesOf(['Metric'], name).size > 0)
        return undefined;
      if (!name.includes('%')) return `metricName = ${params.text(name)}`;
      return `metricName LIKE ${params.text(name.replace(/[\\_]/g, '\\$&'))}`;
    },
    known: (name) =>
      name === 'timestamp' ||
      promoted.has(name) ||
      promoted.has(synonyms[name] ?? '') ||
      otherName(name) !== undefined ||
      catalogue.typesOf(eventTypes, name).size > 0,
    suggest: (name) => nearest(name, [...promoted.keys(), ...catalogue.attributes(eventTypes)]),
  };
}

/** Attributes of a subquery: the names of its columns. Any other is NULL, as an attribute is that no record has. */
export function columnFields(
  columns: readonly { name: string; sql: string; type: ValueType }[],
  params: Params,
  instant?: string,
): Fields {
  const known = new Map(columns.map((column) => [column.name, column]));
  // FACET dimensions() gives all labels in one text.
  const labels = columns.find(({ name, type }) => name === 'dimensions' && type === 'string');
  return {
    arrival: instant ?? 'tuple()',
    instant,
    eventType: undefined,
    resolve(name, want) {
      const found = known.get(name);
      if (found) return { sql: found.sql, type: found.type };
      if (labels) {
        const text = `nullIf(JSONExtractString(assumeNotNull(${labels.sql}), ${params.text(name)}), '')`;
        return want === 'number' ? { sql: `toFloat64OrNull(${text})`, type: 'number' } : { sql: text, type: 'string' };
      }
      return want === 'number'
        ? { sql: "CAST(NULL, 'Nullable(Float64)')", type: 'number' }
        : { sql: "CAST(NULL, 'Nullable(String)')", type: 'string' };
    },
    metric: () => undefined,
    known: (name) => known.has(name) || labels !== undefined,
    suggest: (name) => nearest(name, known.keys()),
  };
}

/** Records with the columns of a joined subquery: its columns hide attributes of the same name, but for the key. */
export function joinedFields(records: Fields, joined: Fields, key: string | undefined): Fields {
  const of = (name: string): Fields => (name !== key && joined.known(name) ? joined : records);
  return {
    ...records,
    resolve: (name, want) => of(name).resolve(name, want),
    metric: (name) => of(name).metric(name),
    known: (name) => of(name).known(name),
    suggest: (name) => records.suggest(name) ?? joined.suggest(name),
  };
}
