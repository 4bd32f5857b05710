import { Fault } from '../../kernel/faults.ts';

/** Where a page ended: the values its list is ordered by, the last one unique. */
export const encodeCursor = (values: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(values)).toString('base64url');

/** Reads a cursor of `length` values back; throws an `invalid` Fault for anything that is none. */
export function decodeCursor(cursor: string, length: number): (string | number)[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const isValue = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number';
    if (Array.isArray(parsed) && parsed.length === length && parsed.every(isValue)) return parsed;
  } catch {
    // Not JSON: the same answer as for JSON of another shape.
  }
  throw new Fault('invalid', 'This is not a cursor of this list', {
    code: 'platform.cursor',
    hint: 'Use the `next` of the page before, or leave it out.',
  });
}
