import { type Actor, system } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { hashPassword } from '../platform/crypto/passwords.ts';
import { hashToken, newToken } from '../platform/crypto/tokens.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Role } from '../platform/http/principal.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import type { IdentityDeps } from './deps.ts';
import { identityEvents } from './events.ts';
import { normalEmail, type Person } from './person.ts';
import * as store from './store.ts';

const hour = 3_600_000;
const ownerLinkMs = 24 * hour;
const invitationMs = 7 * 24 * hour;

/** The address of the page that makes its opener the owner; good once, for a day. Refused when an owner exists. */
export async function createOwnerLink(deps: IdentityDeps): Promise<string> {
  if (await store.hasOwner(deps.database)) throw ownerExistsFault();
  const token = newToken('');
  const now = deps.clock.now();
  await store.insertLink(deps.database, {
    id: newId(now),
    tokenHash: hashToken(token),
    kind: 'owner',
    email: null,
    role: 'owner',
    invitedBy: null,
    createdAt: now,
    expiresAt: now + ownerLinkMs,
  });
  // In the fragment: it reaches neither proxies' logs nor Referer headers.
  return `${deps.publicUrl()}/claim#${token}`;
}

export interface NewPerson {
  name: string;
  email: string;
  password: string;
}

/** Makes the holder of the one-time link the owner. Two who try at once: one wins. */
export async function claimOwner(deps: IdentityDeps, token: string, input: NewPerson): Promise<Person> {
  await requireLink(deps, token, 'owner');
  const passwordHash = await hashPassword(input.password);
  return deps.database.transaction(async (tx) => {
    const link = await store.takeLink(tx, hashToken(token), 'owner', deps.clock.now());
    if (!link) throw brokenLinkFault();
    return makeFirstOwner(tx, input, passwordHash, system('owner link'));
  });
}

/** Makes the first owner without a link: for set-up from the machine itself (demo, tests). */
export async function createOwner(deps: IdentityDeps, input: NewPerson): Promise<Person> {
  const passwordHash = await hashPassword(input.password);
  return deps.database.transaction((tx) => makeFirstOwner(tx, input, passwordHash, system('set-up')));
}

async function makeFirstOwner(tx: Transaction, input: NewPerson, passwordHash: string, actor: Actor): Promise<Person> {
  if ((await store.lockOwners(tx)).length > 0) throw ownerExistsFault();
  await store.deleteLinks(tx, { kind: 'owner' });
  return join(tx, { ...input, passwordHash, role: 'owner' }, actor);
}

/** Invites somebody by mail address; an earlier invitation of the same address is void. The link is good for a week. */
export async function invite(
  deps: IdentityDeps,
  input: { email: string; role: Role },
  actor: Actor,
): Promise<{ invitation: store.Link; link: string }> {
  const token = newToken('');
  const now = deps.clock.now();
  const email = normalEmail(input.email);
  const invitation: store.Link = {
    id: newId(now),
    kind: 'invitation',
    email,
    role: input.role,
    invitedBy: actor.name,
    createdAt: now,
    expiresAt: now + invitationMs,
  };
  await deps.database.transaction(async (tx) => {
    if (await store.personForSignIn(tx, email)) throw takenFault(email);
    await store.deleteLinks(tx, { email });
    await store.insertLink(tx, { ...invitation, tokenHash: hashToken(token) });
    await appendEvent(tx, identityEvents, 'invitation.made', {
      subject: `invitation:${invitation.id}`,
      projectId: null,
      actor,
      data: { invitationId: invitation.id, email, role: input.role },
    });
  });
  return { invitation, link: `${deps.publicUrl()}/join#${token}` };
}

export async function withdrawInvitation(deps: IdentityDeps, id: string, actor: Actor): Promise<void> {
  await deps.database.transaction(async (tx) => {
    const [link] = await store.deleteLinks(tx, { id });
    if (!link) throw new Fault('missing', 'There is no such invitation', { code: 'identity.invitation-not-found' });
    await appendEvent(tx, identityEvents, 'invitation.withdrawn', {
      subject: `invitation:${id}`,
      projectId: null,
      actor,
      data: { invitationId: id, email: link.email ?? '' },
    });
  });
}

export async function acceptInvitation(
  deps: IdentityDeps,
  token: string,
  input: { name: string; password: string },
): Promise<Person> {
  await requireLink(deps, token, 'invitation');
  const passwordHash = await hashPassword(input.password);
  return deps.database.transaction(async (tx) => {
    const link = await store.takeLink(tx, hashToken(token), 'invitation', deps.clock.now());
    if (!link?.email || !link.role) throw brokenLinkFault();
    return join(tx, { name: input.name, email: link.email, passwordHash, role: link.role }, system('invitation'));
  });
}

/** Before the password is hashed, which costs a fifth of a second: nobody shall spend that time here who was not asked in. */
async function requireLink(deps: IdentityDeps, token: string, kind: store.Link['kind']): Promise<void> {
  if (!(await store.hasLink(deps.database, hashToken(token), kind, deps.clock.now()))) throw brokenLinkFault();
}

async function join(
  tx: Transaction,
  input: { name: string; email: string; passwordHash: string; role: Role },
  actor: Actor,
): Promise<Person> {
  const person = { ...input, id: newId(), email: normalEmail(input.email) };
  if (!(await store.insertPerson(tx, person))) throw takenFault(person.email);
  const { id, name, email, role } = person;
  await appendEvent(tx, identityEvents, 'person.joined', {
    subject: `person:${id}`,
    projectId: null,
    actor,
    data: { personId: id, name, email, role },
  });
  return (await store.personById(tx, id))!;
}

const ownerExistsFault = (): Fault =>
  new Fault('conflict', 'Millrace has an owner already', {
    code: 'identity.owner-exists',
    hint: 'Sign in, or ask the owner for an invitation.',
  });

const brokenLinkFault = (): Fault =>
  new Fault('forbidden', 'This link was used already, has expired, or was never made', {
    code: 'identity.link',
    hint: 'Ask for a new invitation; for the owner link, restart the server and use the one it prints.',
  });

const takenFault = (email: string): Fault =>
  new Fault('conflict', `${email} belongs to somebody already`, { code: 'identity.email-taken' });
