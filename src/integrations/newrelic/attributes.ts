import { objectOf } from '../../kernel/foreign-json.ts';
import { limits } from './limits.ts';

export type Attributes = Record<string, string | number | boolean>;

/** What New Relic's senders call the attributes that have a name of their own here, in order of preference. */
const known: [name: string, from: string[]][] = [
  ['service', ['service.name', 'service', 'appName', 'app.name', 'entity.name']],
  ['host', ['host', 'hostname', 'host.name']],
  ['traceId', ['traceId', 'trace.id']],
  ['spanId', ['spanId', 'span.id']],
  ['release', ['release', 'service.version', 'tags.releaseTag']],
  ['environment', ['environment', 'deployment.environment', 'tags.Environment', 'tags.environment']],
];

/** Puts groups of attributes into one, flat and under the names all records share; later groups win. */
export function attributesOf(...groups: unknown[]): Attributes {
  const result: Attributes = {};
  for (const group of groups) add(result, group, '', 0);
  for (const [name, sources] of known) {
    const found = sources.find((source) => result[source] !== undefined && result[source] !== '');
    if (found === undefined) continue;
    const value = String(result[found]);
    for (const source of sources) if (String(result[source]) === value) delete result[source];
    result[name] = value;
  }
  return result;
}

function add(into: Attributes, group: unknown, prefix: string, depth: number): void {
  for (const [key, value] of Object.entries(objectOf(group) ?? {})) {
    const name = prefix + key;
    if (key === '' || name.length > limits.nameLength) continue;
    if (typeof value === 'string' || typeof value === 'boolean') into[name] = value;
    else if (typeof value === 'number') {
      if (Number.isFinite(value)) into[name] = value;
    } else if (Array.isArray(value)) into[name] = JSON.stringify(value);
    else if (objectOf(value)) {
      if (depth < limits.depth) add(into, value, `${name}.`, depth + 1);
      else into[name] = JSON.stringify(value);
    }
  }
}

/**
 * A time as Unix milliseconds, whatever it was counted in: seconds, milliseconds, microseconds or nanoseconds (told apart by
 * their size, as upstream does), or written as ISO 8601. `fallback` when it is none.
 */
export function timeOf(value: unknown, fallback: number): number {
  if (typeof value === 'string' && value !== '') {
    const number = Number(value);
    if (Number.isFinite(number)) return timeOf(number, fallback);
    const parsed = Date.parse(value);
    return Number.isNaN(parsed) ? fallback : parsed;
  }
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return fallback;
  if (value < 1e11) return value * 1000;
  if (value < 1e14) return value;
  return value < 1e17 ? value / 1000 : value / 1e6;
}
