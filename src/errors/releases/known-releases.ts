import type { Queryable } from '../../platform/postgres/database.ts';
import { json, sql } from '../../platform/postgres/sql.ts';
import type { KnownRelease, ReleaseWord } from '../port.ts';

const columns = sql`version, (extract(epoch from created_at) * 1000)::float8 as "createdAt",
  (extract(epoch from released_at) * 1000)::float8 as "releasedAt", jsonb_array_length(commits) as commits, deploys`;

const timeOrNull = (ms: number | undefined) => sql`to_timestamp(${ms === undefined ? null : ms / 1000}::float8)`;

/** Deploys remembered of one release. */
const mostDeploys = 100;

/**
 * Makes a release known, or adds to what is known of it. Saying the same again changes nothing; a deploy that names no deployment is
 * listed each time. Commits told with a deployment never replace those that are known: a later environment got more at once.
 */
export async function tellRelease(
  db: Queryable,
  projectId: string,
  version: string,
  word: ReleaseWord,
): Promise<KnownRelease> {
  const deploys = word.deploy ? [word.deploy] : [];
  const deploymentId = word.deploy?.deploymentId ?? null;
  // Whoever is served a release here has it; a tool that tells of a deploy elsewhere says itself when a release is out.
  const servedAt = deploymentId === null ? undefined : word.deploy?.finishedAt;
  const row = await db.first<KnownRelease>(sql`
    insert into errors_known_releases as r (project_id, version, released_at, commits, deploys)
    values (${projectId}, ${version}, ${timeOrNull(word.releasedAt ?? servedAt)},
      ${json(word.commits ?? [])}, ${json(deploys)})
    on conflict (project_id, version) do update set
      released_at = coalesce(${timeOrNull(word.releasedAt)}, r.released_at, excluded.released_at),
      commits = case when jsonb_array_length(excluded.commits) > 0
        and (${deploymentId === null} or jsonb_array_length(r.commits) = 0) then excluded.commits else r.commits end,
      deploys = case when jsonb_array_length(r.deploys) < ${mostDeploys}
        and not (${deploymentId}::text is not null and r.deploys @> ${json([{ deploymentId }])}::jsonb)
        then excluded.deploys || r.deploys else r.deploys end
    returning ${columns}`);
  return row!;
}

export function readKnownRelease(db: Queryable, projectId: string, version: string): Promise<KnownRelease | undefined> {
  return db.first(sql`
    select ${columns} from errors_known_releases where project_id = ${projectId} and version = ${version}`);
}

/** Where the release known before this one ended: its newest commit. */
export async function endBefore(db: Queryable, projectId: string, version: string): Promise<string | null> {
  const row = await db.first<{ id: string | null }>(sql`
    select commits -> 0 ->> 'id' as id from errors_known_releases
    where project_id = ${projectId} and version <> ${version} and jsonb_array_length(commits) > 0
    order by created_at desc limit 1`);
  return row?.id ?? null;
}

/** Ids of the projects that know a version. */
export async function projectsKnowing(db: Queryable, version: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    sql`select project_id as id from errors_known_releases where version = ${version} order by project_id limit 20`,
  );
  return rows.map((row) => row.id);
}
