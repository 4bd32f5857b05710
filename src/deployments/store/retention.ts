import { newId } from '../../kernel/ids.ts';
import type { Queryable, Transaction } from '../../platform/postgres/database.ts';
import { json, sql } from '../../platform/postgres/sql.ts';
import type { BuildOutput } from '../port.ts';

/** What was built for a release and is not needed any more. */
export interface Discard {
  id: string;
  releaseId: string;
  version: string;
  outputs: BuildOutput[];
}

/**
 * Releases whose builds nobody is going to need, oldest first. Kept are: what serves, what was good last, what served before and what
 * is under way in any environment; the last `keep` releases of each environment, and the last `keep` that were good there; the
 * newest `keep` of each project, deployed or not; and what was built in the last ten minutes.
 */
export const listSurplus = (tx: Queryable, keep: number, limit: number): Promise<string[]> =>
  tx
    .query<{ id: string }>(sql`
      with turns as (
        select environment_id, release_id, status = 'succeeded' as good, max(sequence) as latest
        from deployments_deployments group by 1, 2, 3),
      recent as (
        select release_id, row_number() over (partition by environment_id, good order by latest desc) as place from turns),
      named as (
        select d.release_id, p.release_id as previous_release
        from deployments_deployments d
          join deployments_environments e on e.id = d.environment_id
          left join deployments_deployments p on p.id = d.previous_deployment
        where d.finished_at is null or d.id in (e.active_deployment, e.last_good_deployment)),
      newest as (
        select id, row_number() over (partition by project_id order by number desc) as place from deployments_releases)
      select r.id from deployments_releases r
      where r.status = 'ready' and r.removed_at is null and r.outputs <> '[]'::jsonb
        and r.finished_at < now() - interval '10 minutes'
        and not exists (select 1 from recent where release_id = r.id and place <= ${keep})
        and not exists (select 1 from named where r.id in (release_id, previous_release))
        and not exists (select 1 from newest where id = r.id and place <= ${keep})
      order by r.created_at limit ${limit}`)
    .then((rows) => rows.map((row) => row.id));

/** Marks the build of a release as removed; false when something has happened to the release meanwhile. */
export const markRemoved = async (tx: Queryable, releaseId: string): Promise<boolean> =>
  (await tx.execute(sql`update deployments_releases set removed_at = now()
    where id = ${releaseId} and status = 'ready' and removed_at is null`)) === 1;

export const insertDiscard = (tx: Queryable, of: Omit<Discard, 'id'>): Promise<number> =>
  tx.execute(sql`insert into deployments_discards (id, release_id, version, outputs)
    values (${newId()}, ${of.releaseId}, ${of.version}, ${json(of.outputs)})`);

/** The builds of a project that is deleted, all of them. */
export const discardProject = (tx: Queryable, projectId: string): Promise<number> =>
  tx.execute(sql`insert into deployments_discards (id, release_id, version, outputs)
    select gen_random_uuid(), id, version, outputs from deployments_releases
    where project_id = ${projectId} and removed_at is null and outputs <> '[]'::jsonb`);

/** A release that is built again keeps what is still there of it. Waits for a removal under way. */
export const forgetDiscards = (tx: Queryable, releaseId: string): Promise<number> =>
  tx.execute(sql`delete from deployments_discards where release_id = ${releaseId}`);

export const listDiscards = async (db: Queryable, limit: number): Promise<string[]> =>
  (await db.query<{ id: string }>(sql`select id from deployments_discards order by at limit ${limit}`)).map(
    (row) => row.id,
  );

/** Takes one off the list for good when the transaction ends well; undefined when another server is at it. */
export const takeDiscard = (tx: Transaction, id: string): Promise<Discard | undefined> =>
  tx.first(sql`delete from deployments_discards where id in
      (select id from deployments_discards where id = ${id} for update skip locked)
    returning id, release_id as "releaseId", version, outputs`);

/** Those of the references that a release which is kept was built into too. */
export const referencesInUse = async (db: Queryable, references: readonly string[]): Promise<Set<string>> =>
  new Set(
    (
      await db.query<{ reference: string }>(sql`
        select distinct output ->> 'reference' as reference
        from deployments_releases r, jsonb_array_elements(r.outputs) as output
        where r.removed_at is null and output ->> 'reference' = any(${references})`)
    ).map((row) => row.reference),
  );
