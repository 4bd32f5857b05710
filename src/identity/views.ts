import type { z } from 'zod';
import type { Principal } from '../platform/http/principal.ts';
import type { meSchema, PersonView, sessionSchema, tokenSchema } from './api.ts';
import type { Person } from './person.ts';
import type { ApiToken, Session } from './store.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

/** A person as the API shows them. */
export function personView(person: Person): PersonView {
  const { id, name, email, role, gitEmails } = person;
  return {
    id,
    name,
    email,
    role,
    gitEmails,
    createdAt: iso(person.createdAt),
    lastSeenAt: isoOrNull(person.lastSeenAt),
  };
}

/** Whoever asks; `principal` is null right after signing in. A token shows the rights it has itself. */
export function meView(person: Person, principal: Principal | null): z.output<typeof meSchema> {
  const { kind, scopes, role } = principal ?? { kind: 'person' as const, scopes: null, role: person.role };
  return { ...personView(person), role, kind, scopes };
}

export function sessionView(session: Session, current: boolean): z.output<typeof sessionSchema> {
  const { id, userAgent, address } = session;
  return {
    id,
    current,
    userAgent,
    address,
    createdAt: iso(session.createdAt),
    lastSeenAt: iso(session.lastSeenAt),
    expiresAt: iso(session.expiresAt),
  };
}

export function tokenView(token: ApiToken & { personName: string }): z.output<typeof tokenSchema> {
  const { id, name, prefix, role, scopes, personId, personName } = token;
  return {
    id,
    name,
    prefix,
    role,
    scopes,
    personId,
    personName,
    createdAt: iso(token.createdAt),
    expiresAt: isoOrNull(token.expiresAt),
    lastUsedAt: isoOrNull(token.lastUsedAt),
  };
}
