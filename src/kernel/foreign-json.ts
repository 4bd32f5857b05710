/**
 * Careful reading of JSON that somebody else wrote: every field is looked at before it is used, and what is not of its type
 * reads as absent.
 */
export type Json = Record<string, unknown>;

export const objectOf = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

/** The objects of a list; anything else in it is left out. */
export const listOf = (value: unknown): Json[] =>
  Array.isArray(value) ? value.filter((item): item is Json => objectOf(item) !== undefined) : [];

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A number, also when written as a text or a big integer (64-bit integers are texts in JSON). */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
