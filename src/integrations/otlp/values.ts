import { listOf, numberOf, objectOf, textOf } from '../../kernel/foreign-json.ts';
import { limits } from './limits.ts';

/** Unix nanoseconds (big integer, text or number) as milliseconds with three decimals; undefined when absent or 0. */
export function millisOf(value: unknown): number | undefined {
  if (typeof value === 'bigint') return value === 0n ? undefined : Number(value / 1000n) / 1000;
  if (typeof value === 'string' && /^\d{4,20}$/.test(value)) return Number(value.slice(0, -3)) / 1000;
  const number = numberOf(value);
  return number === undefined || number <= 0 ? undefined : Math.round(number / 1000) / 1000;
}

/** Hexadecimal id in small letters; empty when absent or all zeros. */
export function idOf(value: unknown, digits: number): string {
  const text = textOf(value).toLowerCase();
  return text.length === digits && /^[0-9a-f]+$/.test(text) && !/^0+$/.test(text) ? text : '';
}

export type Attributes = Record<string, string | number | boolean>;

/** Adds key-value pairs to flat attributes; nested ones get dotted names, lists become JSON. */
export function addAttributes(into: Attributes, pairs: unknown, prefix = '', depth = 0): void {
  for (const pair of listOf(pairs)) {
    const key = textOf(pair.key);
    if (key !== '') addValue(into, prefix + key, pair.value, depth);
  }
}

function addValue(into: Attributes, name: string, wrapped: unknown, depth: number): void {
  const value = objectOf(wrapped);
  if (!value) return;
  const list = objectOf(value.kvlistValue);
  if (list && depth < 8) addAttributes(into, list.values, `${name}.`, depth + 1);
  else {
    const plain = plainOf(value, depth);
    if (typeof plain === 'string' || typeof plain === 'number' || typeof plain === 'boolean') into[name] = plain;
    else if (plain !== undefined && plain !== null) into[name] = JSON.stringify(plain);
  }
}

/** A value of OTLP as an ordinary one. */
export function plainOf(wrapped: unknown, depth = 0): unknown {
  const value = objectOf(wrapped);
  if (!value || depth > limits.depth) return undefined;
  if (typeof value.stringValue === 'string') return value.stringValue;
  if (typeof value.boolValue === 'boolean') return value.boolValue;
  if (value.intValue !== undefined) return numberOf(value.intValue);
  if (value.doubleValue !== undefined) return numberOf(value.doubleValue);
  if (typeof value.bytesValue === 'string') return value.bytesValue;
  const array = objectOf(value.arrayValue);
  if (array) return (Array.isArray(array.values) ? array.values : []).map((item) => plainOf(item, depth + 1) ?? null);
  const list = objectOf(value.kvlistValue);
  if (list)
    return Object.fromEntries(
      listOf(list.values).map((pair) => [textOf(pair.key), plainOf(pair.value, depth + 1) ?? null]),
    );
  return undefined;
}

/** Resource attributes that have a name of their own here, in order of preference. */
const known: [name: string, from: string[]][] = [
  ['service', ['service.name']],
  ['release', ['service.version']],
  ['environment', ['deployment.environment.name', 'deployment.environment']],
  ['host', ['host.name', 'container.id', 'service.instance.id']],
];

/** The attributes every record of a resource has: Millrace's names for what it knows, the resource's own for the rest. */
export function resourceAttributes(resource: unknown): Attributes {
  const given: Attributes = {};
  addAttributes(given, objectOf(resource)?.attributes);
  const result: Attributes = {};
  for (const [name, from] of known) {
    const found = from.find((source) => typeof given[source] === 'string' && given[source] !== '');
    if (found === undefined) continue;
    result[name] = given[found]!;
    // An instance's id stays readable under its own name too.
    if (name !== 'host' || found === 'host.name')
      for (const source of from) if (given[source] === given[found]) delete given[source];
  }
  for (const [name, value] of Object.entries(given)) if (!name.startsWith('telemetry.sdk.')) result[name] = value;
  if (typeof given['telemetry.sdk.language'] === 'string')
    result['telemetry.sdk.language'] = given['telemetry.sdk.language'];
  return result;
}
