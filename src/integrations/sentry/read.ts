import type { Json } from './envelope.ts';
import { intakeLimits as limits } from './limits.ts';

export type Attributes = Record<string, string | number | boolean | null>;

export const objectOf = (value: unknown): Json | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;

export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Non-empty text, bounded; numbers as text. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string' || value === '') return null;
  return value.slice(0, limits.attributeLength).replaceAll('\u0000', '');
}

export const numberOf = (value: unknown): number | null => {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
};

/** Unix ms with its fraction, of seconds (the protocol's number) or ISO 8601; null for anything else. */
export function timeOf(value: unknown): number | null {
  const number = numberOf(value);
  if (number !== null) return number > 1e11 ? number : number * 1000;
  if (typeof value !== 'string') return null;
  const parsed = Date.parse(/(z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`);
  if (Number.isNaN(parsed)) return null;
  // The platform's clock has whole milliseconds, spans have more.
  const beyond = /\.\d{3}(\d{1,6})/.exec(value)?.[1];
  return beyond === undefined ? parsed : parsed + Number(`0.${beyond}`);
}

/** Lower-case hexadecimal text of this length that is not all zeros. */
export function hexOf(value: unknown, digits: number): string | null {
  if (typeof value !== 'string') return null;
  const text = value.replaceAll('-', '').toLowerCase();
  return text.length === digits && /^[0-9a-f]+$/.test(text) && !/^0+$/.test(text) ? text : null;
}

/** Headers of requests are many, vary without end, and may hold what nobody should read. */
const leftOut =
  /^http\.(request|response)\.header\.|^sentry\.(sdk|sample|replay|trace_lifecycle|timestamp\.sequence)|^process\.argv|^thread\./;

/** A plain value as an attribute: lists joined, objects left out. */
function plain(value: unknown): string | number | boolean | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'boolean') return value;
  if (Array.isArray(value)) return textOf(value.filter((one) => typeof one !== 'object').join(', '));
  return textOf(value);
}

/** Attributes of a map of plain values, or of `{ value, type }` as spans, logs and metrics carry them. */
export function attributesOf(value: unknown): Attributes {
  const attributes: Attributes = {};
  let count = 0;
  for (const [name, raw] of Object.entries(objectOf(value) ?? {})) {
    if (leftOut.test(name)) continue;
    if (count >= limits.attributes) break;
    const wrapped = objectOf(raw);
    const item = plain(wrapped && 'value' in wrapped ? wrapped.value : raw);
    if (item === null) continue;
    attributes[name.slice(0, 200)] = item;
    count += 1;
  }
  return attributes;
}
