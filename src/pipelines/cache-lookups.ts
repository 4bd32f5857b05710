import type { Queryable } from '../platform/postgres/database.ts';
import { json, sql } from '../platform/postgres/sql.ts';
import type { CacheInputs, CacheLookup } from './cache-inputs.ts';

/** A cache as looked up. Caches of before inputs were kept have none. */
export interface FoundCache {
  id: string;
  key: string;
  paths: string[];
  bytes: number;
  inputs: CacheInputs | null;
}

/** The newest cache whose key begins so; it counts as used now. */
export function takeCache(
  db: Queryable,
  place: { projectId: string; scopes: string[] },
  prefix: string,
): Promise<FoundCache | undefined> {
  return db.first(sql`
    update pipelines_caches set used_at = clock_timestamp() where id = (
      select id from pipelines_caches
      where project_id = ${place.projectId} and scope = any(${place.scopes}) and starts_with(key, ${prefix})
      order by saved_at desc limit 1)
    returning id, key, paths, bytes, inputs`);
}

/** The newest cache of each template, the newest first: what a missed key can be compared with. */
export function cachesByTemplate(
  db: Queryable,
  place: { projectId: string; scopes: string[] },
): Promise<{ key: string; inputs: CacheInputs }[]> {
  return db.query(sql`
    select key, inputs from (
      select distinct on (template) key, inputs, saved_at from pipelines_caches
      where project_id = ${place.projectId} and scope = any(${place.scopes}) and inputs is not null
      order by template, saved_at desc) newest
    order by saved_at desc limit 200`);
}

export async function saveLookup(db: Queryable, jobId: string, step: number, lookup: CacheLookup): Promise<void> {
  await db.execute(sql`
    insert into pipelines_cache_lookups (job_id, step, lookup) values (${jobId}, ${step}, ${json(lookup)})
    on conflict (job_id, step) do update set lookup = excluded.lookup`);
}

/** Lookups of a job's steps by their numbers. */
export async function readLookups(db: Queryable, jobId: string): Promise<Map<number, CacheLookup>> {
  const rows = await db.query<{ step: number; lookup: CacheLookup }>(
    sql`select step, lookup from pipelines_cache_lookups where job_id = ${jobId}`,
  );
  return new Map(rows.map(({ step, lookup }) => [step, lookup]));
}
