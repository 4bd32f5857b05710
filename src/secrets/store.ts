import type { Queryable, Transaction } from '../platform/postgres/database.ts';
import { all, msOf, type Sql, sql } from '../platform/postgres/sql.ts';
import type { Context, Place, Secret } from './secret.ts';

const contextColumns = sql`id, name, description, project_ids as "projectIds", ${msOf('created_at')} as "createdAt"`;

export function allContexts(db: Queryable): Promise<Context[]> {
  return db.query(sql`select ${contextColumns} from secrets_contexts order by lower(name)`);
}

export function contextByName(db: Queryable, name: string): Promise<Context | undefined> {
  return db.first(sql`select ${contextColumns} from secrets_contexts where name = ${name}`);
}

/** Undefined when the name is taken. */
export function insertContext(
  tx: Transaction,
  context: Pick<Context, 'id' | 'name' | 'description' | 'projectIds'>,
): Promise<Context | undefined> {
  return tx.first(sql`
    insert into secrets_contexts (id, name, description, project_ids)
    values (${context.id}, ${context.name}, ${context.description}, ${context.projectIds})
    on conflict (name) do nothing returning ${contextColumns}`);
}

export async function updateContext(tx: Transaction, context: Context): Promise<void> {
  await tx.execute(sql`
    update secrets_contexts set description = ${context.description}, project_ids = ${context.projectIds}
    where id = ${context.id}`);
}

export function deleteContext(tx: Transaction, name: string): Promise<Context | undefined> {
  return tx.first(sql`delete from secrets_contexts where name = ${name} returning ${contextColumns}`);
}

const columns = sql`id, name, fingerprint, version, ${msOf('updated_at')} as "updatedAt", updated_by as "updatedBy",
  ${msOf('last_read_at')} as "lastReadAt"`;

function inPlace(place: Place): Sql {
  if (place.kind === 'context') return sql`context_id = ${place.contextId}`;
  if (place.kind === 'project') return sql`project_id = ${place.projectId} and environment is null`;
  return sql`project_id = ${place.projectId} and environment = ${place.environment}`;
}

export function secretsIn(db: Queryable, place: Place): Promise<Secret[]> {
  return db.query(sql`select ${columns} from secrets_values where ${inPlace(place)} order by name`);
}

export function secretsOfContexts(db: Queryable): Promise<(Secret & { contextId: string })[]> {
  return db.query(sql`
    select ${columns}, context_id as "contextId" from secrets_values where context_id is not null order by name`);
}

export interface SealedSecret {
  id: string;
  name: string;
  sealed: string;
}

export function sealedIn(db: Queryable, place: Place): Promise<SealedSecret[]> {
  return db.query(sql`select id, name, sealed from secrets_values where ${inPlace(place)} order by name`);
}

export interface ProjectSecret extends SealedSecret {
  version: number;
  /** As the access list names it. */
  scope: string;
}

/** Everything a project may hold: its own secrets, those of its environments and of the contexts open to it. */
export function sealedForProject(db: Queryable, projectId: string): Promise<ProjectSecret[]> {
  return db.query(sql`
    select v.id, v.name, v.sealed, v.version,
      case when c.id is not null then 'context:' || c.name
        when v.environment is not null then 'environment:' || v.environment else 'project' end as scope
    from secrets_values v left join secrets_contexts c on c.id = v.context_id
    where v.project_id = ${projectId}
      or (c.id is not null and (c.project_ids is null or ${projectId} = any(c.project_ids)))
    order by v.id`);
}

/** The id a secret of this name has in a place, if it is there; locked against other writers. */
export async function idIn(tx: Transaction, place: Place, name: string): Promise<string | undefined> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`secrets.${JSON.stringify(place)}.${name}`}, 0))`,
  );
  const where = sql`${inPlace(place)} and name = ${name}`;
  return (await tx.first<{ id: string }>(sql`select id from secrets_values where ${where} for update`))?.id;
}

/** Inserts a secret, or gives it a new value and the next version. */
export async function saveSecret(
  tx: Transaction,
  place: Place,
  secret: { id: string; name: string; sealed: string; fingerprint: string; updatedBy: string },
): Promise<Secret> {
  const contextId = place.kind === 'context' ? place.contextId : null;
  const projectId = place.kind === 'context' ? null : place.projectId;
  const environment = place.kind === 'environment' ? place.environment : null;
  const saved = await tx.first<Secret>(sql`
    insert into secrets_values (id, context_id, project_id, environment, name, sealed, fingerprint, updated_by)
    values (${secret.id}, ${contextId}, ${projectId}, ${environment}, ${secret.name}, ${secret.sealed},
      ${secret.fingerprint}, ${secret.updatedBy})
    on conflict (id) do update set sealed = excluded.sealed, fingerprint = excluded.fingerprint,
      updated_by = excluded.updated_by, updated_at = now(), version = secrets_values.version + 1
    returning ${columns}`);
  return saved!;
}

export async function deleteSecret(tx: Transaction, place: Place, name: string): Promise<string | undefined> {
  const where = sql`${inPlace(place)} and name = ${name}`;
  return (await tx.first<{ id: string }>(sql`delete from secrets_values where ${where} returning id`))?.id;
}

export async function deleteOfProject(tx: Transaction, projectId: string): Promise<void> {
  await tx.execute(sql`delete from secrets_values where project_id = ${projectId}`);
  await tx.execute(sql`
    update secrets_contexts set project_ids = array_remove(project_ids, ${projectId}) where ${projectId} = any(project_ids)`);
}

/** Secrets that are not sealed with this key, at most `limit`. */
export function sealedWithOtherKeys(db: Queryable, keyId: string, limit: number): Promise<SealedSecret[]> {
  return db.query(sql`
    select id, name, sealed from secrets_values where split_part(sealed, '.', 2) <> ${keyId} order by id limit ${limit}`);
}

/** Replaces how a value is sealed, unless the value itself was changed meanwhile. */
export async function reseal(
  db: Queryable,
  old: SealedSecret,
  next: { sealed: string; fingerprint: string },
): Promise<void> {
  await db.execute(sql`
    update secrets_values set sealed = ${next.sealed}, fingerprint = ${next.fingerprint}
    where id = ${old.id} and sealed = ${old.sealed}`);
}

export interface Access {
  id: number;
  at: number;
  name: string;
  scope: string;
  projectId: string | null;
  reader: string;
}

/** Writes down who read what. */
export async function insertAccesses(
  tx: Transaction,
  accesses: { name: string; scope: string }[],
  projectId: string,
  reader: string,
): Promise<void> {
  if (accesses.length === 0) return;
  const names = accesses.map((access) => access.name);
  const scopes = accesses.map((access) => access.scope);
  await tx.execute(sql`
    insert into secrets_accesses (name, scope, project_id, reader)
    select name, scope, ${projectId}::uuid, ${reader} from unnest(${names}::text[], ${scopes}::text[]) as t(name, scope)`);
}

/** Marks secrets as read by a job or a service, so that people see which ones nobody needs. */
export async function markRead(tx: Transaction, secretIds: string[]): Promise<void> {
  if (secretIds.length === 0) return;
  await tx.execute(sql`update secrets_values set last_read_at = now() where id = any(${secretIds}::uuid[])`);
}

/** Newest first; `before` is the id to continue from. */
export function accesses(
  db: Queryable,
  filter: { projectId?: string | undefined; name?: string | undefined; before?: number | undefined },
  limit: number,
): Promise<Access[]> {
  const conditions = all([
    ...(filter.projectId ? [sql`project_id = ${filter.projectId}`] : []),
    ...(filter.name ? [sql`name = ${filter.name}`] : []),
    ...(filter.before === undefined ? [] : [sql`id < ${filter.before}`]),
  ]);
  return db.query(sql`
    select id, ${msOf('at')} as at, name, scope, project_id as "projectId", reader
    from secrets_accesses where ${conditions} order by id desc limit ${limit}`);
}

export async function forgetAccesses(db: Queryable, keptDays: number): Promise<void> {
  await db.execute(sql`delete from secrets_accesses where at < now() - make_interval(days => ${keptDays})`);
}
