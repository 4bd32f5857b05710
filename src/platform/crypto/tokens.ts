import { createHash, randomBytes } from 'node:crypto';

/** A new unguessable token: `prefix` and 256 random bits in base64url. Only its hash is ever stored. */
export function newToken(prefix: string): string {
  return prefix + randomBytes(32).toString('base64url');
}

/** SHA-256 of a token, for storage and look-up. A plain hash is enough: tokens are random, unlike passwords. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
