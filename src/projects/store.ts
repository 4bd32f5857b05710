import type { Queryable, Transaction } from '../platform/postgres/database.ts';
import { json, msOf, sql } from '../platform/postgres/sql.ts';
import type { ForgeEvent } from './port.ts';
import { defaultSettings, type Project, type ProjectSettings } from './project.ts';

const columns = sql`id, slug, name, default_branch as "defaultBranch", ingest_id as "ingestId",
  public_key as "publicKey", ${json(defaultSettings)}::jsonb || settings as settings, version, ${msOf('created_at')} as "createdAt", ${msOf('updated_at')} as "updatedAt"`;

export function allProjects(db: Queryable): Promise<Project[]> {
  return db.query(sql`select ${columns} from projects_projects order by lower(name), slug`);
}

export function projectById(db: Queryable, id: string): Promise<Project | undefined> {
  return db.first(sql`select ${columns} from projects_projects where id = ${id}`);
}

export function projectBySlug(db: Queryable, slug: string): Promise<Project | undefined> {
  return db.first(sql`select ${columns} from projects_projects where slug = ${slug}`);
}

/** Locks a project against other changes of it or its refs until the transaction ends. */
export function lockProject(tx: Transaction, id: string): Promise<Project | undefined> {
  return tx.first(sql`select ${columns} from projects_projects where id = ${id} for update`);
}

/** Undefined when the slug is taken. */
export function insertProject(
  tx: Transaction,
  project: {
    id: string;
    slug: string;
    name: string;
    defaultBranch: string;
    publicKey: string;
    settings: ProjectSettings;
  },
): Promise<Project | undefined> {
  return tx.first(sql`
    insert into projects_projects (id, slug, name, default_branch, public_key, settings)
    values (${project.id}, ${project.slug}, ${project.name}, ${project.defaultBranch}, ${project.publicKey},
      ${json(project.settings)})
    on conflict (slug) do nothing returning ${columns}`);
}

export function updateProject(tx: Transaction, project: Project): Promise<Project | undefined> {
  return tx.first(sql`
    update projects_projects set slug = ${project.slug}, name = ${project.name},
      default_branch = ${project.defaultBranch}, settings = ${json(project.settings)}, version = version + 1,
      updated_at = now()
    where id = ${project.id} returning ${columns}`);
}

export async function deleteProject(tx: Transaction, id: string): Promise<void> {
  await tx.execute(sql`delete from projects_projects where id = ${id}`);
}

/** Where each ref stood when its last move was told. */
export async function tipsOf(db: Queryable, projectId: string): Promise<Map<string, string>> {
  const rows = await db.query<{ ref: string; sha: string }>(
    sql`select ref, sha from projects_refs where project_id = ${projectId}`,
  );
  return new Map(rows.map((row) => [row.ref, row.sha]));
}

export async function saveTip(tx: Transaction, projectId: string, ref: string, sha: string | null): Promise<void> {
  await tx.execute(
    sha === null
      ? sql`delete from projects_refs where project_id = ${projectId} and ref = ${ref}`
      : sql`insert into projects_refs (project_id, ref, sha) values (${projectId}, ${ref}, ${sha})
          on conflict (project_id, ref) do update set sha = excluded.sha`,
  );
}

/** False when this push was told before. */
export async function insertPush(tx: Transaction, id: string, projectId: string, ref: string): Promise<boolean> {
  const rows = await tx.execute(sql`
    insert into projects_pushes (id, project_id, ref) values (${id}, ${projectId}, ${ref}) on conflict do nothing`);
  return rows === 1;
}

/** Which of these pushes were told before. */
export async function toldPushes(db: Queryable, ids: string[]): Promise<Set<string>> {
  const rows = await db.query<{ id: string }>(sql`select id from projects_pushes where id = any(${ids}::uuid[])`);
  return new Set(rows.map((row) => row.id));
}

/** Projects that were pushed to since this time (Unix ms). */
export async function pushedSince(db: Queryable, since: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(sql`
    select distinct project_id as id from projects_pushes where at >= to_timestamp(${since / 1000}::float8)`);
  return rows.map((row) => row.id);
}

export interface Remote {
  projectId: string;
  forge: string;
  url: string;
  tokenSecret: string | null;
  /** Sealed. */
  webhookSecret: string;
  lastSyncAt: number | null;
  lastError: string | null;
}

const remoteColumns = sql`project_id as "projectId", forge, url, token_secret as "tokenSecret",
  webhook_secret as "webhookSecret", ${msOf('last_sync_at')} as "lastSyncAt", last_error as "lastError"`;

export function remoteOf(db: Queryable, projectId: string): Promise<Remote | undefined> {
  return db.first(sql`select ${remoteColumns} from projects_remotes where project_id = ${projectId}`);
}

export async function remotesByProject(db: Queryable): Promise<Map<string, Remote>> {
  const rows = await db.query<Remote>(sql`select ${remoteColumns} from projects_remotes`);
  return new Map(rows.map((row) => [row.projectId, row]));
}

export async function saveRemote(
  tx: Transaction,
  remote: Pick<Remote, 'projectId' | 'forge' | 'url' | 'tokenSecret' | 'webhookSecret'>,
): Promise<void> {
  await tx.execute(sql`
    insert into projects_remotes (project_id, forge, url, token_secret, webhook_secret)
    values (${remote.projectId}, ${remote.forge}, ${remote.url}, ${remote.tokenSecret}, ${remote.webhookSecret})
    on conflict (project_id) do update set forge = excluded.forge, url = excluded.url,
      token_secret = excluded.token_secret, webhook_secret = excluded.webhook_secret,
      last_sync_at = case when projects_remotes.url = excluded.url then projects_remotes.last_sync_at end,
      last_error = null, checked_at = null`);
}

export async function deleteRemote(tx: Transaction, projectId: string): Promise<void> {
  await tx.execute(sql`delete from projects_remotes where project_id = ${projectId}`);
}

/** Replaces how the secret is sealed, unless the secret itself was changed meanwhile. */
export async function replaceWebhookSecret(db: Queryable, old: Remote, sealed: string): Promise<void> {
  await db.execute(sql`
    update projects_remotes set webhook_secret = ${sealed}
    where project_id = ${old.projectId} and webhook_secret = ${old.webhookSecret}`);
}

/** Writes down how a fetch went; `error` null is a success. */
export async function saveSync(db: Queryable, projectId: string, error: string | null): Promise<void> {
  await db.execute(sql`
    update projects_remotes set checked_at = now(), last_error = ${error},
      last_sync_at = case when ${error === null} then now() else last_sync_at end
    where project_id = ${projectId}`);
}

/** Remotes nobody looked at for this long; taking one marks it, so that servers do not look twice. */
export async function takeStaleRemotes(db: Queryable, olderThanMs: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(sql`
    update projects_remotes set checked_at = now()
    where checked_at is null or checked_at < now() - make_interval(secs => ${olderThanMs / 1000}::float8)
    returning project_id as id`);
  return rows.map((row) => row.id);
}

export interface Delivery {
  projectId: string;
  id: string;
  event: ForgeEvent;
  attempts: number;
}

/** False when this delivery came before. */
export async function insertDelivery(db: Queryable, delivery: Omit<Delivery, 'attempts'>): Promise<boolean> {
  const rows = await db.execute(sql`
    insert into projects_deliveries (project_id, id, event)
    values (${delivery.projectId}, ${delivery.id}, ${json(delivery.event)}) on conflict do nothing`);
  return rows === 1;
}

/** The oldest delivery that waits, for `leaseMs` nobody else's; each try counts. */
export function takeDelivery(db: Queryable, leaseMs: number): Promise<Delivery | undefined> {
  return db.first(sql`
    update projects_deliveries set attempts = attempts + 1,
      retry_at = now() + make_interval(secs => ${leaseMs / 1000}::float8)
    where (project_id, id) = (
      select d.project_id, d.id from projects_deliveries d
      where d.done_at is null and d.retry_at <= now()
      order by d.position limit 1 for update skip locked)
    returning project_id as "projectId", id, event, attempts`);
}

/** False when it was finished before. */
export async function finishDelivery(db: Queryable, delivery: Delivery): Promise<boolean> {
  const rows = await db.execute(sql`
    update projects_deliveries set done_at = now()
    where project_id = ${delivery.projectId} and id = ${delivery.id} and done_at is null`);
  return rows === 1;
}

export async function postponeDelivery(db: Queryable, delivery: Delivery, pauseMs: number): Promise<void> {
  await db.execute(sql`
    update projects_deliveries set retry_at = now() + make_interval(secs => ${pauseMs / 1000}::float8)
    where project_id = ${delivery.projectId} and id = ${delivery.id} and done_at is null`);
}

export async function forgetDeliveries(db: Queryable, keptDays: number): Promise<void> {
  await db.execute(sql`
    delete from projects_deliveries where done_at < now() - make_interval(days => ${keptDays})`);
}
