import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { hashToken, newToken } from '../platform/crypto/tokens.ts';
import { appendEvent } from '../platform/events/log.ts';
import { atLeast, type Principal, type Role } from '../platform/http/principal.ts';
import { mayGrantScopes } from './authorize.ts';
import { tokenPrefix } from './credentials.ts';
import type { IdentityDeps } from './deps.ts';
import { identityEvents } from './events.ts';
import * as store from './store.ts';

export interface NewApiToken {
  personId: string;
  name: string;
  role: Role;
  scopes: string[] | null;
  /** Unix milliseconds; null never. */
  expiresAt: number | null;
}

/** Makes a token for a person. What it may do is not checked here: see `createOwnToken`. The text is shown once. */
export async function createToken(
  deps: IdentityDeps,
  input: NewApiToken,
  actor: Actor,
): Promise<{ token: store.ApiToken; text: string }> {
  const text = newToken(tokenPrefix);
  const now = deps.clock.now();
  const token: store.ApiToken = {
    ...input,
    id: newId(now),
    prefix: text.slice(0, tokenPrefix.length + 4),
    createdAt: now,
    lastUsedAt: null,
  };
  await deps.database.transaction(async (tx) => {
    await store.insertToken(tx, { ...token, tokenHash: hashToken(text) });
    const { personId, name, role, scopes } = token;
    await appendEvent(tx, identityEvents, 'token.made', {
      subject: `token:${token.id}`,
      projectId: null,
      actor,
      data: { tokenId: token.id, personId, name, role, scopes },
    });
  });
  return { token, text };
}

/** Makes a token for whoever asks, with no more rights than they have themselves. */
export async function createOwnToken(
  deps: IdentityDeps,
  principal: Principal,
  input: { name: string; role?: Role | undefined; scopes: string[] | null; expiresInDays: number | null },
  actor: Actor,
): Promise<{ token: store.ApiToken; text: string }> {
  const role = input.role ?? principal.role;
  if (!atLeast(principal.role, role) || !mayGrantScopes(principal.scopes, input.scopes)) {
    throw new Fault('forbidden', 'A token cannot have more rights than the one who makes it', {
      code: 'identity.token-rights',
      hint: `Choose the role ${principal.role} or below${principal.scopes ? ' and scopes of the present token' : ''}.`,
    });
  }
  const expiresAt = input.expiresInDays === null ? null : deps.clock.now() + input.expiresInDays * 86_400_000;
  const { personId } = principal;
  return createToken(deps, { personId, name: input.name, role, scopes: input.scopes, expiresAt }, actor);
}

/** Revokes one's own token; owners may revoke anybody's. */
export async function revokeToken(deps: IdentityDeps, principal: Principal, id: string, actor: Actor): Promise<void> {
  await deps.database.transaction(async (tx) => {
    const token = await store.tokenById(tx, id);
    const mine = token && (token.personId === principal.personId || principal.role === 'owner');
    if (!mine || !(await store.deleteToken(tx, id))) {
      throw new Fault('missing', 'There is no such token', { code: 'identity.token-not-found' });
    }
    await appendEvent(tx, identityEvents, 'token.revoked', {
      subject: `token:${id}`,
      projectId: null,
      actor,
      data: { tokenId: id, personId: token.personId, name: token.name },
    });
  });
}
