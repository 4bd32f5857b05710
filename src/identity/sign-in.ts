import { createHmac, randomBytes } from 'node:crypto';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { hashPassword, verifyNothing, verifyPassword } from '../platform/crypto/passwords.ts';
import { hashToken, newToken } from '../platform/crypto/tokens.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { IdentityDeps } from './deps.ts';
import { identityEvents } from './events.ts';
import { normalEmail, type Person } from './person.ts';
import * as store from './store.ts';
import { accountPolicy, addressPolicy, attempt } from './throttle.ts';

/** A session ends after two weeks without use, and after 90 days in any case. */
const idleMs = 14 * 86_400_000;
const longestMs = 90 * 86_400_000;

/** Where a sign-in comes from. */
export interface Caller {
  address: string;
  userAgent: string;
}

/**
 * The person this password belongs to. Faults: `too-many` while the account or address must wait, `unauthenticated`
 * when address or password is wrong (which of the two is never told, nor does the time it takes).
 */
export async function checkPassword(
  deps: IdentityDeps,
  input: { email: string; password: string },
  address: string,
): Promise<Person> {
  const email = normalEmail(input.email);
  const keys = { account: `account:${email}`, address: `address:${address}` };
  await countAttempt(deps, keys);
  const person = await store.personForSignIn(deps.database, email);
  if (!person) {
    await verifyNothing(input.password);
    throw wrongFault();
  }
  const { matches, outdated } = await verifyPassword(input.password, person.passwordHash);
  if (!matches) throw wrongFault();
  await store.forgiveAttempts(deps.database, keys.account, keys.address);
  if (outdated) await store.setPasswordHash(deps.database, person.id, await hashPassword(input.password));
  const { passwordHash: _, ...known } = person;
  return known;
}

async function countAttempt(deps: IdentityDeps, keys: { account: string; address: string }): Promise<void> {
  const now = deps.clock.now();
  const waitMs = await deps.database.transaction(async (tx) => {
    // Always in this order, so that two attempts never wait for each other.
    const account = attempt(await store.lockAttempts(tx, keys.account), now, accountPolicy);
    const address = attempt(await store.lockAttempts(tx, keys.address), now, addressPolicy);
    if (account.allowed && address.allowed) {
      await store.saveAttempts(tx, keys.account, account.next);
      await store.saveAttempts(tx, keys.address, address.next);
      return 0;
    }
    return Math.max(account.allowed ? 0 : account.retryAfterMs, address.allowed ? 0 : address.retryAfterMs);
  });
  if (waitMs === 0) return;
  throw new Fault('too-many', 'Too many attempts to sign in', {
    code: 'identity.too-many-attempts',
    hint: 'Wait a moment and try again.',
    retryAfter: Math.ceil(waitMs / 1000),
  });
}

const wrongFault = (): Fault =>
  new Fault('unauthenticated', 'The address or the password is wrong', { code: 'identity.wrong-password' });

/** Opens a session. The token goes into the cookie; only its hash is kept. */
export async function openSession(
  deps: IdentityDeps,
  person: Person,
  caller: Caller,
): Promise<{ token: string; maxAgeSeconds: number }> {
  const token = newToken('');
  const now = deps.clock.now();
  await deps.database.transaction(async (tx) => {
    await store.insertSession(tx, {
      id: newId(now),
      tokenHash: hashToken(token),
      personId: person.id,
      userAgent: caller.userAgent.slice(0, 300),
      address: caller.address,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: now + idleMs,
    });
    await appendEvent(tx, identityEvents, 'person.signed-in', {
      subject: `person:${person.id}`,
      projectId: null,
      actor: { kind: 'person', id: person.id, name: person.name },
      data: { personId: person.id, address: caller.address },
    });
  });
  return { token, maxAgeSeconds: longestMs / 1000 };
}

/** When a session that is used now ends. */
export function sessionEnd(createdAt: number, now: number): number {
  return Math.min(now + idleMs, createdAt + longestMs);
}

/** What costs a fifth of a second is not done thrice for one `git push`: a right password is remembered for a minute. */
export interface PasswordMemory {
  check(email: string, password: string, address: string): Promise<Person>;
}

const rememberedMs = 60_000;
const mostRemembered = 1000;

/** Remembers keyed hashes of right answers in this process only; wrong ones are checked (and counted) each time. */
export function rememberPasswords(deps: IdentityDeps): PasswordMemory {
  const key = randomBytes(32);
  const known = new Map<string, { email: string; passwordHash: string; until: number }>();
  return {
    async check(email, password, address) {
      const digest = createHmac('sha256', key)
        .update(JSON.stringify([normalEmail(email), password]))
        .digest('hex');
      const hit = known.get(digest);
      if (hit && hit.until > deps.clock.now()) {
        // The stored hash is compared, so that a changed password is wrong at once.
        const person = await store.personForSignIn(deps.database, hit.email);
        if (person?.passwordHash === hit.passwordHash) return person;
      }
      const person = await checkPassword(deps, { email, password }, address);
      const stored = await store.personForSignIn(deps.database, person.email);
      if (known.size >= mostRemembered) known.delete(known.keys().next().value!);
      if (stored) {
        const { passwordHash } = stored;
        known.set(digest, { email: person.email, passwordHash, until: deps.clock.now() + rememberedMs });
      }
      return person;
    },
  };
}
