import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** Cost of new hashes: 2^15 blocks of 1 KiB (32 MiB), three passes, as OWASP's cheat sheet names it for scrypt. */
const current = { log2N: 15, r: 8, p: 3 };
/** A stored hash may not ask for more than this; a damaged row must not take the server's memory. */
const memoryLimit = 256 * 1024 * 1024;
const hashLength = 32;

/** Hashes a password for storage: `scrypt$15$8$3$<salt>$<hash>`, so that the cost can be raised later. About 200 ms. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, current);
  const { log2N, r, p } = current;
  return ['scrypt', log2N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/** Checks a password against a stored hash in constant time. `outdated`: hash it anew with today's cost. */
export async function verifyPassword(
  password: string,
  stored: string,
): Promise<{ matches: boolean; outdated: boolean }> {
  const [name, log2N, r, p, salt, hash] = stored.split('$');
  if (name !== 'scrypt' || !salt || !hash) return { matches: false, outdated: false };
  const cost = { log2N: Number(log2N), r: Number(r), p: Number(p) };
  const expected = Buffer.from(hash, 'base64url');
  const actual = await derive(password, Buffer.from(salt, 'base64url'), cost);
  const matches = expected.length === actual.length && timingSafeEqual(expected, actual);
  return { matches, outdated: cost.log2N !== current.log2N || cost.r !== current.r || cost.p !== current.p };
}

/** Costs as much as a real check. For sign-ins to accounts that do not exist, so that time does not tell which do. */
export async function verifyNothing(password: string): Promise<void> {
  await derive(password, Buffer.alloc(16), current);
}

function derive(password: string, salt: Buffer, cost: typeof current): Promise<Buffer> {
  // Composed and decomposed accents are the same password, whichever keyboard typed them.
  const text = password.normalize('NFKC');
  const options = { N: 2 ** cost.log2N, r: cost.r, p: cost.p, maxmem: memoryLimit };
  return new Promise((resolve, reject) => {
    scrypt(text, salt, hashLength, options, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}
