import type { FastifyRequest } from 'fastify';
import { Fault } from '../kernel/faults.ts';
import { hashToken } from '../platform/crypto/tokens.ts';
import { atLeast, type Principal, type Role } from '../platform/http/principal.ts';
import { credentialsOf, csrfHeader, isOwnPage, tokenPrefix } from './credentials.ts';
import type { IdentityDeps } from './deps.ts';
import type { Person } from './person.ts';
import { type PasswordMemory, sessionEnd } from './sign-in.ts';
import * as store from './store.ts';

/** "Last seen" and "last used" are kept to the minute: one write a minute, not one a request. */
const seenEveryMs = 60_000;

const lower = (a: Role, b: Role): Role => (atLeast(a, b) ? b : a);

const principalOf = (person: Person): Principal => ({
  kind: 'person',
  id: person.id,
  personId: person.id,
  name: person.name,
  email: person.email,
  role: person.role,
  scopes: null,
});

/**
 * Who asks; null for nobody (also when a session ended: the page then shows the sign-in form). Throws `unauthenticated`
 * for a token that is unknown or expired, and `forbidden` for a write that another site's page sent with our cookie.
 */
export async function authenticate(deps: IdentityDeps, request: FastifyRequest): Promise<Principal | null> {
  const credentials = credentialsOf(request.headers);
  // Passwords travel only to git, which checks them itself.
  if (!credentials || credentials.kind === 'basic') return null;
  if (credentials.kind === 'token') return byToken(deps, credentials.token);
  const found = await sessionOf(deps, credentials.token);
  if (!found) return null;
  if (!isOwnPage(request.method, request.headers)) {
    // Beside the API, a page's cookie means nothing: intakes have their own credentials.
    if (!request.url.startsWith('/api/v1/')) return null;
    throw new Fault('forbidden', 'This request did not come from a page of Millrace', {
      code: 'identity.cross-site',
      hint: `Send the header "${csrfHeader}: 1", or use an API token.`,
    });
  }
  const now = deps.clock.now();
  if (now - found.session.lastSeenAt > seenEveryMs) {
    await store.touchSession(deps.database, found.session, now, sessionEnd(found.session.createdAt, now));
  }
  return principalOf(found.person);
}

/** The session of a cookie's token, if it still runs. */
export function sessionOf(
  deps: IdentityDeps,
  token: string,
): Promise<{ session: store.Session; person: Person } | undefined> {
  return store.sessionByHash(deps.database, hashToken(token), deps.clock.now());
}

/** Who an API token acts for. Throws `unauthenticated` when it is unknown or expired. */
async function byToken(deps: IdentityDeps, text: string): Promise<Principal> {
  const found = await store.tokenByHash(deps.database, hashToken(text));
  const now = deps.clock.now();
  if (!found || (found.token.expiresAt !== null && found.token.expiresAt <= now)) {
    throw new Fault('unauthenticated', found ? 'This API token has expired' : 'This API token is unknown or revoked', {
      code: 'identity.token',
      hint: 'Make a new one under Settings, Tokens.',
    });
  }
  const { token, person } = found;
  if (token.lastUsedAt === null || now - token.lastUsedAt > seenEveryMs) {
    await store.touchToken(deps.database, token.id, now);
  }
  return {
    ...principalOf(person),
    kind: 'token',
    id: token.id,
    name: `${person.name} (${token.name})`,
    // A person who lost rights takes them from their tokens too.
    role: lower(token.role, person.role),
    scopes: token.scopes,
  };
}

/**
 * Who a program signs in as by Basic authentication (git): the password is an API token (any user name) or, with the
 * mail address as user name, the account's password. Null when nothing was sent; faults as `byToken` and `checkPassword`.
 */
export async function byBasic(
  deps: IdentityDeps,
  memory: PasswordMemory,
  request: { headers: { authorization?: string | undefined }; ip: string },
): Promise<Principal | null> {
  const credentials = credentialsOf({ authorization: request.headers.authorization });
  if (!credentials) return null;
  if (credentials.kind !== 'basic') return byToken(deps, credentials.token);
  // Some clients put the token where the user name goes and leave the password empty.
  const token = [credentials.password, credentials.user].find((text) => text.startsWith(tokenPrefix));
  if (token) return byToken(deps, token);
  if (credentials.password === '') return null;
  return principalOf(await memory.check(credentials.user, credentials.password, request.ip));
}
