import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether two secrets are equal, in time that depends on neither (both are hashed first, so lengths do not show). */
export function sameSecret(left: string | Uint8Array, right: string | Uint8Array): boolean {
  return timingSafeEqual(createHash('sha256').update(left).digest(), createHash('sha256').update(right).digest());
}
