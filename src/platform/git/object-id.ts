import { z } from 'zod';

/** Name of an object: SHA-1 or SHA-256 in lower-case hex. */
export const objectId = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/);

/** Git writes zeros where there is no object: before a branch was made, after it was removed. */
export const orNone = (object: string): string | null => (/^0+$/.test(object) ? null : object);
