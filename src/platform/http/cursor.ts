import { Fault } from '../../kernel/faults.ts';
import { isId } from '../../kernel/ids.ts';

/** What a value of a cursor is: `time` as PostgreSQL prints a timestamptz, `number` and `digits` (its text) whole and not negative, `id` a UUID. */
type CursorPart = 'text' | 'number' | 'digits' | 'time' | 'id';
type Values<Parts extends readonly CursorPart[]> = {
  [Index in keyof Parts]: Parts[Index] extends 'number' ? number : string;
};

/** Where a page ended: the values its list is ordered by, the last one unique. */
export const encodeCursor = (values: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(values)).toString('base64url');

/** Reads a cursor of these values back; throws an `invalid` Fault for anything that is none, so that no store meets it. */
export function decodeCursor<const Parts extends readonly CursorPart[]>(cursor: string, parts: Parts): Values<Parts> {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (
      Array.isArray(parsed) &&
      parsed.length === parts.length &&
      parts.every((part, index) => fits(part, parsed[index]))
    )
      return parsed as Values<Parts>;
  } catch {
    // Not JSON: the same answer as for JSON of another shape.
  }
  throw noCursor();
}

/** Reads a cursor that is one whole number, as text; undefined stays undefined. */
export function numberCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw noCursor();
}

/** Reads a cursor that is the id of the last item; undefined stays undefined. */
export function idCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined || isId(cursor)) return cursor;
  throw noCursor();
}

function fits(part: CursorPart, value: unknown): boolean {
  if (part === 'number') return Number.isSafeInteger(value) && (value as number) >= 0;
  if (typeof value !== 'string' || value.includes('\0')) return false;
  if (part === 'id') return isId(value);
  if (part === 'digits') return /^\d{1,15}$/.test(value);
  if (part === 'time')
    return /^\d{4}-\d\d-\d\d[ T][\d:.]{5,15}[\d:+-]*Z?$/.test(value) && !Number.isNaN(Date.parse(value));
  return true;
}

const noCursor = (): Fault =>
  new Fault('invalid', 'This is not a cursor of this list', {
    code: 'http.cursor',
    hint: 'Use the `next` of the page before, or leave it out.',
  });
