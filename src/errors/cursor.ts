import { Fault } from '../kernel/faults.ts';

/** Where a page ended: the value it was ordered by, and an id for ties. */
export const encodeCursor = (value: string, id: string): string =>
  Buffer.from(JSON.stringify([value, id])).toString('base64url');

/** Reads a cursor back; throws an `invalid` Fault for anything that is none. */
export function decodeCursor(cursor: string): [value: string, id: string] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parsed) && typeof parsed[0] === 'string' && typeof parsed[1] === 'string') {
      return [parsed[0], parsed[1]];
    }
  } catch {
    // Not JSON: the same answer as for JSON of another shape.
  }
  throw new Fault('invalid', 'This is not a cursor of this list', {
    code: 'errors.cursor',
    hint: 'Use the `next` of the page before, or leave it out.',
  });
}
