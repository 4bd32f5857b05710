import type { Diagnostic } from '../../kernel/diagnostics.ts';
import type { Actor } from '../../kernel/events.ts';
import type { Queryable } from '../../platform/postgres/database.ts';
import { all, json, sql } from '../../platform/postgres/sql.ts';
import type { MillraceFile } from '../millrace-file.ts';
import type { BuildOutput, ServiceSpec } from '../port.ts';

export interface ReleaseRow {
  id: string;
  projectId: string;
  number: number;
  version: string;
  sha: string;
  branch: string | null;
  runId: string | null;
  status: 'queued' | 'building' | 'ready' | 'failed' | 'empty';
  reason: string | null;
  message: string | null;
  runtime: 'docker' | 'process' | null;
  file: MillraceFile | null;
  services: ServiceSpec[];
  outputs: BuildOutput[];
  problems: Diagnostic[];
  found: string;
  settingsVersion: number;
  actor: Actor;
  causes: string[];
  requestedEvent: string | null;
  attempts: number;
  createdAt: number;
  finishedAt: number | null;
  /** When what was built of it was removed; null while it is kept. */
  removedAt: number | null;
  /** Who asked for it to be built again; null unless that is to be done. */
  rebuild: Actor | null;
  leaseEpoch: number;
}

const columns = sql`id, project_id as "projectId", number, version, sha, branch, run_id as "runId", status, reason, message,
  runtime, file, services, outputs, problems, found, settings_version as "settingsVersion", actor, causes,
  requested_event as "requestedEvent", attempts, (extract(epoch from created_at) * 1000)::float8 as "createdAt",
  (extract(epoch from finished_at) * 1000)::float8 as "finishedAt",
  (extract(epoch from removed_at) * 1000)::float8 as "removedAt", rebuild, lease_epoch as "leaseEpoch"`;

export const findRelease = (db: Queryable, id: string): Promise<ReleaseRow | undefined> =>
  db.first(sql`select ${columns} from deployments_releases where id = ${id}`);

export const findReleases = (db: Queryable, ids: readonly string[]): Promise<ReleaseRow[]> =>
  db.query(sql`select ${columns} from deployments_releases where id = any(${ids}::uuid[])`);

export const findReleaseOfRun = (db: Queryable, projectId: string, runId: string): Promise<ReleaseRow | undefined> =>
  db.first(sql`select ${columns} from deployments_releases where project_id = ${projectId} and run_id = ${runId}`);

/** Commits of the releases that serve or wait in an environment of the project. */
export const releasesInUse = (db: Queryable, projectId: string): Promise<Pick<ReleaseRow, 'sha' | 'branch'>[]> =>
  db.query(sql`select distinct r.sha, r.branch from deployments_deployments d
    join deployments_releases r on r.id = d.release_id join deployments_environments e on e.id = d.environment_id
    where d.project_id = ${projectId} and (d.finished_at is null or e.active_deployment = d.id)`);

/** Newest first; `before` is a release number. */
export const listReleases = (
  db: Queryable,
  projectId: string,
  before: number | undefined,
  limit: number,
): Promise<ReleaseRow[]> =>
  db.query(sql`select ${columns} from deployments_releases
    where ${all([sql`project_id = ${projectId}`, ...(before === undefined ? [] : [sql`number < ${before}`])])}
    order by number desc limit ${limit}`);

export const newestDescribed = (db: Queryable, projectId: string): Promise<ReleaseRow | undefined> =>
  db.first(sql`select ${columns} from deployments_releases
    where project_id = ${projectId} and status in ('ready', 'empty', 'failed') and found <> '' order by number desc limit 1`);

/** Inserts with the next number of the project; the caller's transaction holds the project's number lock. */
export async function insertRelease(
  tx: Queryable,
  release: Pick<ReleaseRow, 'id' | 'projectId' | 'sha' | 'branch' | 'runId' | 'message' | 'actor' | 'causes'>,
): Promise<ReleaseRow> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`deployments/${release.projectId}`}, 0))`);
  const row = await tx.first<ReleaseRow>(sql`
    insert into deployments_releases (id, project_id, number, version, sha, branch, run_id, message, actor, causes, settings_version)
    select ${release.id}, ${release.projectId}, next, 'r' || next || '-' || left(${release.sha}, 7), ${release.sha},
      ${release.branch}, ${release.runId}, ${release.message}, ${json(release.actor)}, ${release.causes}::uuid[],
      (select count(*) from deployments_variables v join deployments_environments e on e.id = v.environment_id
        where e.project_id = ${release.projectId})
    from (select coalesce(max(number), 0) + 1 as next from deployments_releases where project_id = ${release.projectId}) n
    returning ${columns}`);
  return row!;
}

export const setRequestedEvent = (tx: Queryable, id: string, eventId: string): Promise<number> =>
  tx.execute(sql`update deployments_releases set requested_event = ${eventId} where id = ${id}`);

/** Takes the oldest release that waits or whose builder fell silent, for 30 s. */
export const claimRelease = (db: Queryable, owner: string): Promise<ReleaseRow | undefined> =>
  db.first(sql`
    update deployments_releases set status = 'building', lease_owner = ${owner}, lease_epoch = lease_epoch + 1,
      lease_until = now() + interval '30 seconds', attempts = attempts + 1
    where id = (select id from deployments_releases
      where status = 'queued' or (status = 'building' and lease_until < now())
      order by created_at limit 1 for update skip locked)
    returning ${columns}`);

/** Lets go of what this server was building when it was killed, so that nothing waits for its old leases to run out. */
export const freeReleases = (db: Queryable, owner: string): Promise<number> =>
  db.execute(sql`update deployments_releases set status = 'queued', lease_until = null
    where status = 'building' and lease_owner = ${owner}`);

/** Whether the lease still holds; a builder that lost it stops. */
export const renewReleaseLease = async (db: Queryable, id: string, epoch: number): Promise<boolean> =>
  (await db.execute(sql`update deployments_releases set lease_until = now() + interval '30 seconds'
    where id = ${id} and lease_epoch = ${epoch} and status = 'building'`)) === 1;

/** Gives the release back to be tried again at once by whoever is next. */
export const returnRelease = (db: Queryable, id: string, epoch: number): Promise<number> =>
  db.execute(sql`update deployments_releases set status = 'queued', lease_until = null
    where id = ${id} and lease_epoch = ${epoch} and status = 'building'`);

/** Stores the end of a build; false when another builder has taken over. */
export const finishRelease = async (
  tx: Queryable,
  release: Pick<
    ReleaseRow,
    'id' | 'leaseEpoch' | 'status' | 'reason' | 'runtime' | 'file' | 'services' | 'outputs' | 'problems' | 'found'
  >,
): Promise<boolean> =>
  (await tx.execute(sql`update deployments_releases set status = ${release.status}, reason = ${release.reason},
      runtime = ${release.runtime}, file = ${json(release.file)}, services = ${json(release.services)},
      outputs = ${json(release.outputs)}, problems = ${json(release.problems)}, found = ${release.found},
      finished_at = now(), lease_until = null
    where id = ${release.id} and lease_epoch = ${release.leaseEpoch} and status = 'building'`)) === 1;

/** Puts a release into the queue of builds once more, as the same release. False when it is in it already. */
export const queueRebuild = async (tx: Queryable, id: string, actor: Actor): Promise<boolean> =>
  (await tx.execute(sql`update deployments_releases set status = 'queued', rebuild = ${json(actor)}, attempts = 0
    where id = ${id} and status = 'ready'`)) === 1;

/** Stores the end of a rebuild: new outputs, or none as before. False when another builder has taken over. */
export const finishRebuild = async (
  tx: Queryable,
  release: Pick<ReleaseRow, 'id' | 'leaseEpoch'>,
  built: Pick<ReleaseRow, 'outputs' | 'runtime'> | undefined,
): Promise<boolean> => {
  const outcome = built
    ? sql`outputs = ${json(built.outputs)}, runtime = ${built.runtime}, removed_at = null,`
    : sql`removed_at = coalesce(removed_at, now()),`;
  const done = await tx.execute(sql`update deployments_releases set ${outcome} status = 'ready', rebuild = null,
      finished_at = now(), lease_until = null
    where id = ${release.id} and lease_epoch = ${release.leaseEpoch} and status = 'building'`);
  return done === 1;
};

export interface BuildLine {
  number: number;
  at: number;
  service: string;
  line: string;
}

export const clearBuildLines = (db: Queryable, releaseId: string): Promise<number> =>
  db.execute(sql`delete from deployments_build_lines where release_id = ${releaseId}`);

/** PostgreSQL's text holds any character but NUL, which programs do print. */
const withoutNulls = (line: BuildLine): BuildLine => ({ ...line, line: line.line.replaceAll('\0', '\uFFFD') });

export const insertBuildLines = (db: Queryable, releaseId: string, lines: readonly BuildLine[]): Promise<number> =>
  db.execute(sql`insert into deployments_build_lines (release_id, number, at, service, line)
    select ${releaseId}, number, to_timestamp(at / 1000.0), service, line
    from jsonb_to_recordset(${json(lines.map(withoutNulls))}::jsonb) as t(number int, at float8, service text, line text)
    on conflict do nothing`);

export const readBuildLines = (db: Queryable, releaseId: string, after: number, limit: number): Promise<BuildLine[]> =>
  db.query(sql`select number, (extract(epoch from at) * 1000)::float8 as at, service, line
    from deployments_build_lines where release_id = ${releaseId} and number > ${after} order by number limit ${limit}`);
