/**
 * Readers of foreign JSON: each takes any value and gives the shape asked for or null. Clients send nulls, lists for maps,
 * numbers as text and NUL characters; a bad field costs that field and never the event.
 */

export type JsonObject = Record<string, unknown>;

export function objectOf(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A list, the `values` of an object, or a single object taken as a list of one: all three shapes are sent. */
export function valuesOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  const object = objectOf(value);
  if (!object) return [];
  if ('values' in object) return listOf(object.values);
  return [object];
}

const unstorable = /[\u0000\ud800-\udfff]/;

/** PostgreSQL stores neither NUL nor half of a surrogate pair. */
function storable(text: string): string {
  if (!unstorable.test(text)) return text;
  return text
    .replaceAll('\u0000', '')
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

/** Text without what cannot be stored, cut to `max`; null for anything that is neither text, number nor boolean, and for nothing. */
export function textOf(value: unknown, max: number): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return null;
  const text = storable(value.length > max ? value.slice(0, max + 1) : value);
  if (text.length <= max) return text === '' ? null : text;
  return storable(`${text.slice(0, max - 1)}`).concat('\u2026');
}

/** Any value as readable text: text as it is, everything else as JSON. */
export function displayOf(value: unknown, max: number): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'object') return textOf(JSON.stringify(value), max) ?? '';
  return textOf(value, max) ?? '';
}

export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string' || value.trim() === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** A line or column: a whole number from 0 to 2^31 - 1. */
export function positionOf(value: unknown): number | null {
  const number = numberOf(value);
  return number === null || number < 0 || number > 2_147_483_647 ? null : Math.trunc(number);
}

export function booleanOf(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 1) return true;
  if (value === 'false' || value === 0) return false;
  return null;
}

/**
 * Unix milliseconds of a time written as seconds, as milliseconds (anything past the year 5000 in seconds), as such a number in
 * text, or as ISO 8601 with or without a zone (UTC then).
 */
export function timeOf(value: unknown): number | null {
  const number = numberOf(value);
  if (number !== null) {
    if (number <= 0) return null;
    return number > 1e11 ? number : number * 1000;
  }
  if (typeof value !== 'string') return null;
  const text = value.trim();
  const zoned = /(z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`;
  const parsed = Date.parse(zoned);
  return Number.isNaN(parsed) ? null : parsed;
}

/** Pairs of a map or of a list of pairs, in order, at most `count`. */
export function pairsOf(value: unknown, count: number): [string, unknown][] {
  const pairs: [string, unknown][] = [];
  if (Array.isArray(value)) {
    for (const item of value) {
      if (pairs.length >= count) break;
      if (Array.isArray(item) && item.length >= 2 && typeof item[0] === 'string') pairs.push([item[0], item[1]]);
      else {
        const object = objectOf(item);
        if (object && typeof object.key === 'string') pairs.push([object.key, object.value]);
      }
    }
    return pairs;
  }
  const object = objectOf(value);
  for (const key in object) {
    if (pairs.length >= count) break;
    pairs.push([key, object[key]]);
  }
  return pairs;
}
