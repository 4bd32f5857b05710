import type { Role } from '../platform/http/principal.ts';
import type { Queryable, Transaction } from '../platform/postgres/database.ts';
import { msOf, sql, timeOf } from '../platform/postgres/sql.ts';
import type { Person } from './person.ts';
import type { Attempts } from './throttle.ts';

const personColumns = sql`p.id, p.name, p.email, p.role, p.git_emails as "gitEmails",
  ${msOf('p.created_at')} as "createdAt", ${msOf('p.last_seen_at')} as "lastSeenAt"`;

export function allPeople(db: Queryable): Promise<Person[]> {
  return db.query(sql`select ${personColumns} from identity_people p order by lower(p.name), p.id`);
}

export function personById(db: Queryable, id: string): Promise<Person | undefined> {
  return db.first(sql`select ${personColumns} from identity_people p where p.id = ${id}`);
}

/** By sign-in address first, then by commit addresses. `email` is normal (lower case). */
export function personByAnyEmail(db: Queryable, email: string): Promise<Person | undefined> {
  return db.first(sql`
    select ${personColumns} from identity_people p
    where p.email = ${email} or p.git_emails @> array[${email}::text]
    order by (p.email = ${email}) desc, p.created_at limit 1`);
}

export function personForSignIn(
  db: Queryable,
  email: string,
): Promise<(Person & { passwordHash: string }) | undefined> {
  return db.first(sql`
    select ${personColumns}, p.password_hash as "passwordHash" from identity_people p where p.email = ${email}`);
}

/** False when the address is taken. */
export async function insertPerson(
  tx: Transaction,
  person: { id: string; name: string; email: string; role: Role; passwordHash: string },
): Promise<boolean> {
  const rows = await tx.execute(sql`
    insert into identity_people (id, name, email, role, password_hash)
    values (${person.id}, ${person.name}, ${person.email}, ${person.role}, ${person.passwordHash})
    on conflict (email) do nothing`);
  return rows === 1;
}

export async function updatePerson(
  db: Queryable,
  id: string,
  change: { name?: string | undefined; gitEmails?: string[] | undefined; role?: Role | undefined },
): Promise<void> {
  await db.execute(sql`
    update identity_people set name = coalesce(${change.name ?? null}, name), role = coalesce(${change.role ?? null}, role),
      git_emails = coalesce(${change.gitEmails ?? null}::text[], git_emails)
    where id = ${id}`);
}

export async function setPasswordHash(db: Queryable, id: string, hash: string): Promise<void> {
  await db.execute(sql`update identity_people set password_hash = ${hash} where id = ${id}`);
}

export async function deletePerson(tx: Transaction, id: string): Promise<void> {
  await tx.execute(sql`delete from identity_people where id = ${id}`);
}

/** Ids of all owners, locked: nobody else adds or takes one until the transaction ends. */
export async function lockOwners(tx: Transaction): Promise<string[]> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('identity.owners', 0))`);
  const rows = await tx.query<{ id: string }>(sql`select id from identity_people where role = 'owner'`);
  return rows.map((row) => row.id);
}

export async function hasOwner(db: Queryable): Promise<boolean> {
  return (await db.first(sql`select 1 from identity_people where role = 'owner' limit 1`)) !== undefined;
}

export interface Session {
  id: string;
  personId: string;
  userAgent: string;
  address: string;
  createdAt: number;
  lastSeenAt: number;
  expiresAt: number;
}

const sessionColumns = sql`s.id, s.person_id as "personId", s.user_agent as "userAgent", s.address,
  ${msOf('s.created_at')} as "createdAt", ${msOf('s.last_seen_at')} as "lastSeenAt", ${msOf('s.expires_at')} as "expiresAt"`;

export async function insertSession(db: Queryable, session: Session & { tokenHash: Buffer }): Promise<void> {
  await db.execute(sql`
    insert into identity_sessions (id, token_hash, person_id, user_agent, address, created_at, last_seen_at, expires_at)
    values (${session.id}, ${session.tokenHash}, ${session.personId}, ${session.userAgent}, ${session.address},
      ${timeOf(session.createdAt)}, ${timeOf(session.lastSeenAt)}, ${timeOf(session.expiresAt)})`);
}

export function sessionByHash(
  db: Queryable,
  hash: Buffer,
  now: number,
): Promise<{ session: Session; person: Person } | undefined> {
  return nested(
    db.first<Person & { session: Session }>(sql`
      select ${personColumns}, json_build_object('id', s.id, 'personId', s.person_id,
        'createdAt', ${msOf('s.created_at')}, 'lastSeenAt', ${msOf('s.last_seen_at')}, 'expiresAt', ${msOf('s.expires_at')},
        'userAgent', s.user_agent, 'address', s.address) as session
      from identity_sessions s join identity_people p on p.id = s.person_id
      where s.token_hash = ${hash} and s.expires_at > ${timeOf(now)}`),
  );
}

async function nested(
  row: Promise<(Person & { session: Session }) | undefined>,
): Promise<{ session: Session; person: Person } | undefined> {
  const found = await row;
  if (!found) return undefined;
  const { session, ...person } = found;
  return { session, person };
}

export async function touchSession(db: Queryable, session: Session, now: number, expiresAt: number): Promise<void> {
  await db.execute(sql`
    with seen as (update identity_people set last_seen_at = ${timeOf(now)} where id = ${session.personId})
    update identity_sessions set last_seen_at = ${timeOf(now)}, expires_at = ${timeOf(expiresAt)} where id = ${session.id}`);
}

export function sessionsOf(db: Queryable, personId: string, now: number): Promise<Session[]> {
  return db.query(sql`
    select ${sessionColumns} from identity_sessions s
    where s.person_id = ${personId} and s.expires_at > ${timeOf(now)} order by s.last_seen_at desc`);
}

/** Ends sessions of a person: all, all but one, or one. Resolves to how many ended. */
export function deleteSessions(
  db: Queryable,
  personId: string,
  which: { except?: string | undefined; only?: string | undefined } = {},
): Promise<number> {
  return db.execute(sql`
    delete from identity_sessions where person_id = ${personId}
      and (${which.except ?? null}::uuid is null or id <> ${which.except ?? null}::uuid)
      and (${which.only ?? null}::uuid is null or id = ${which.only ?? null}::uuid)`);
}

export interface ApiToken {
  id: string;
  prefix: string;
  name: string;
  personId: string;
  role: Role;
  scopes: string[] | null;
  createdAt: number;
  expiresAt: number | null;
  lastUsedAt: number | null;
}

const tokenColumns = sql`t.id, t.prefix, t.name, t.person_id as "personId", t.role, t.scopes,
  ${msOf('t.created_at')} as "createdAt", ${msOf('t.expires_at')} as "expiresAt", ${msOf('t.last_used_at')} as "lastUsedAt"`;

export async function insertToken(db: Queryable, token: ApiToken & { tokenHash: Buffer }): Promise<void> {
  await db.execute(sql`
    insert into identity_tokens (id, token_hash, prefix, name, person_id, role, scopes, created_at, expires_at)
    values (${token.id}, ${token.tokenHash}, ${token.prefix}, ${token.name}, ${token.personId}, ${token.role},
      ${token.scopes}, ${timeOf(token.createdAt)}, ${timeOf(token.expiresAt)})`);
}

/** The token with its person, whether it expired or not. */
export async function tokenByHash(
  db: Queryable,
  hash: Buffer,
): Promise<{ token: ApiToken; person: Person } | undefined> {
  const token = await db.first<ApiToken>(sql`select ${tokenColumns} from identity_tokens t where token_hash = ${hash}`);
  const person = token && (await personById(db, token.personId));
  return person && { token, person };
}

export async function touchToken(db: Queryable, id: string, now: number): Promise<void> {
  await db.execute(sql`update identity_tokens set last_used_at = ${timeOf(now)} where id = ${id}`);
}

/** Tokens of one person, or of everybody. */
export function tokensOf(db: Queryable, personId: string | null): Promise<(ApiToken & { personName: string })[]> {
  return db.query(sql`
    select ${tokenColumns}, p.name as "personName"
    from identity_tokens t join identity_people p on p.id = t.person_id
    where ${personId}::uuid is null or t.person_id = ${personId}::uuid order by t.created_at desc`);
}

export function tokenById(db: Queryable, id: string): Promise<ApiToken | undefined> {
  return db.first(sql`select ${tokenColumns} from identity_tokens t where id = ${id}`);
}

export async function deleteToken(tx: Transaction, id: string): Promise<boolean> {
  return (await tx.execute(sql`delete from identity_tokens where id = ${id}`)) === 1;
}

export interface Link {
  id: string;
  kind: 'owner' | 'invitation';
  email: string | null;
  role: Role | null;
  invitedBy: string | null;
  createdAt: number;
  expiresAt: number;
}

const linkColumns = sql`id, kind, email, role, invited_by as "invitedBy", ${msOf('created_at')} as "createdAt",
  ${msOf('expires_at')} as "expiresAt"`;

export async function insertLink(db: Queryable, link: Link & { tokenHash: Buffer }): Promise<void> {
  await db.execute(sql`
    insert into identity_links (id, token_hash, kind, email, role, invited_by, created_at, expires_at)
    values (${link.id}, ${link.tokenHash}, ${link.kind}, ${link.email}, ${link.role}, ${link.invitedBy},
      ${timeOf(link.createdAt)}, ${timeOf(link.expiresAt)})`);
}

/** Whether a link is known and good; it stays. */
export async function hasLink(db: Queryable, hash: Buffer, kind: Link['kind'], now: number): Promise<boolean> {
  const found = await db.first(sql`
    select 1 as found from identity_links
    where token_hash = ${hash} and kind = ${kind} and expires_at > ${timeOf(now)}`);
  return found !== undefined;
}

/** Takes a link for good: it is gone once the transaction commits. Undefined when it is unknown, used or expired. */
export function takeLink(tx: Transaction, hash: Buffer, kind: Link['kind'], now: number): Promise<Link | undefined> {
  return tx.first(sql`
    delete from identity_links where token_hash = ${hash} and kind = ${kind} and expires_at > ${timeOf(now)}
    returning ${linkColumns}`);
}

export function invitations(db: Queryable, now: number): Promise<Link[]> {
  return db.query(sql`
    select ${linkColumns} from identity_links where kind = 'invitation' and expires_at > ${timeOf(now)}
    order by created_at desc`);
}

/** Removes invitations by id or address, or all owner links. */
export function deleteLinks(
  tx: Transaction,
  which: { id: string } | { email: string } | { kind: 'owner' },
): Promise<Link[]> {
  const condition =
    'id' in which
      ? sql`kind = 'invitation' and id = ${which.id}`
      : 'email' in which
        ? sql`kind = 'invitation' and email = ${which.email}`
        : sql`kind = 'owner'`;
  return tx.query(sql`delete from identity_links where ${condition} returning ${linkColumns}`);
}

/** Attempts counted under a key, locked against others until the transaction ends. */
export async function lockAttempts(tx: Transaction, key: string): Promise<Attempts | undefined> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`identity.attempts.${key}`}, 0))`);
  return tx.first(sql`select count, ${msOf('last_at')} as "lastAt" from identity_attempts where key = ${key}`);
}

export async function saveAttempts(tx: Transaction, key: string, attempts: Attempts): Promise<void> {
  await tx.execute(sql`
    insert into identity_attempts (key, count, last_at) values (${key}, ${attempts.count}, ${timeOf(attempts.lastAt)})
    on conflict (key) do update set count = excluded.count, last_at = excluded.last_at`);
}

/** A success clears the account's count and takes back the address's last one. */
export async function forgiveAttempts(db: Queryable, accountKey: string, addressKey: string): Promise<void> {
  await db.execute(sql`delete from identity_attempts where key = ${accountKey}`);
  await db.execute(sql`update identity_attempts set count = greatest(0, count - 1) where key = ${addressKey}`);
}

/** Removes what expired: sessions, links, attempts older than a day, tokens expired for over 30 days. */
export async function deleteExpired(db: Queryable, now: number): Promise<void> {
  const day = 86_400_000;
  await db.execute(sql`delete from identity_sessions where expires_at < ${timeOf(now)}`);
  await db.execute(sql`delete from identity_links where expires_at < ${timeOf(now)}`);
  await db.execute(sql`delete from identity_attempts where last_at < ${timeOf(now - day)}`);
  await db.execute(sql`delete from identity_tokens where expires_at < ${timeOf(now - 30 * day)}`);
}
