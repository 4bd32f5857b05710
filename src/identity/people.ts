import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { hashPassword, verifyPassword } from '../platform/crypto/passwords.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Role } from '../platform/http/principal.ts';
import type { IdentityDeps } from './deps.ts';
import { identityEvents } from './events.ts';
import { keepAnOwner, normalEmail, type Person } from './person.ts';
import * as store from './store.ts';

const missingFault = (): Fault =>
  new Fault('missing', 'There is no such person', { code: 'identity.person-not-found' });

/** Changes a role. Sessions of that person end, so that what was opened with other rights is not kept open. */
export async function changeRole(deps: IdentityDeps, personId: string, role: Role, actor: Actor): Promise<Person> {
  return deps.database.transaction(async (tx) => {
    const owners = await store.lockOwners(tx);
    const person = await store.personById(tx, personId);
    if (!person) throw missingFault();
    if (person.role === role) return person;
    keepAnOwner(owners, personId, role);
    await store.updatePerson(tx, personId, { role });
    await store.deleteSessions(tx, personId);
    await appendEvent(tx, identityEvents, 'person.role-changed', {
      subject: `person:${personId}`,
      projectId: null,
      actor,
      data: { personId, name: person.name, from: person.role, to: role },
    });
    return { ...person, role };
  });
}

/** Removes a person; sessions and tokens go with them, what they did stays in the log under their name. */
export async function removePerson(deps: IdentityDeps, personId: string, actor: Actor): Promise<void> {
  await deps.database.transaction(async (tx) => {
    const owners = await store.lockOwners(tx);
    const person = await store.personById(tx, personId);
    if (!person) throw missingFault();
    keepAnOwner(owners, personId, 'removed');
    await store.deletePerson(tx, personId);
    await appendEvent(tx, identityEvents, 'person.removed', {
      subject: `person:${personId}`,
      projectId: null,
      actor,
      data: { personId, name: person.name, email: person.email },
    });
  });
}

/** Changes what a person says about themselves. */
export async function changeProfile(
  deps: IdentityDeps,
  personId: string,
  change: { name?: string | undefined; gitEmails?: string[] | undefined },
  actor: Actor,
): Promise<Person> {
  const gitEmails = change.gitEmails && [...new Set(change.gitEmails.map(normalEmail))];
  return deps.database.transaction(async (tx) => {
    await store.updatePerson(tx, personId, { name: change.name, gitEmails });
    const person = await store.personById(tx, personId);
    if (!person) throw missingFault();
    await appendEvent(tx, identityEvents, 'person.changed', {
      subject: `person:${personId}`,
      projectId: null,
      actor,
      data: { personId, name: person.name, gitEmails: person.gitEmails },
    });
    return person;
  });
}

/** Changes the own password and ends all sessions; the caller opens a new one for the browser at hand. */
export async function changePassword(
  deps: IdentityDeps,
  person: { id: string; email: string; name: string },
  input: { current: string; next: string },
): Promise<void> {
  const known = await store.personForSignIn(deps.database, person.email);
  if (!known || !(await verifyPassword(input.current, known.passwordHash)).matches) {
    throw new Fault('forbidden', 'The present password is wrong', { code: 'identity.wrong-password' });
  }
  const hash = await hashPassword(input.next);
  await deps.database.transaction(async (tx) => {
    await store.setPasswordHash(tx, person.id, hash);
    await store.deleteSessions(tx, person.id);
    await appendEvent(tx, identityEvents, 'person.password-changed', {
      subject: `person:${person.id}`,
      projectId: null,
      actor: { kind: 'person', id: person.id, name: person.name },
      data: { personId: person.id },
    });
  });
}
