import { decodeCursor, encodeCursor } from '../../platform/http/cursor.ts';
import type { Queryable } from '../../platform/postgres/database.ts';
import { all, msOf, sql } from '../../platform/postgres/sql.ts';
import type { ReleaseCommit, ReleaseDeploy } from '../port.ts';

export interface ReleaseFilter {
  projectId?: string | undefined;
  environment?: string | undefined;
  release?: string | undefined;
}

/** Times in Unix ms. */
export interface ReleaseRow {
  projectId: string;
  release: string;
  environments: string[] | null;
  firstSeen: number;
  lastSeen: number;
  events: number;
  issues: number;
  newIssues: number;
  regressedIssues: number;
  /** When it was said to be out. */
  releasedAt: number | null;
  key: string;
}

/** Every sight of a release: in errors, in sessions, and its own making. */
const sights = sql`
  select project_id, release, environment, first_seen, last_seen, count from errors_issue_releases
  union all
  select project_id, release, environment, coalesce(first_at, hour),
    coalesce(last_at, least(hour + interval '1 hour', now())), 0
  from errors_session_hours
  union all
  select k.project_id, k.version, coalesce(d ->> 'environment', ''), k.created_at,
    coalesce(to_timestamp((d ->> 'finishedAt')::float8 / 1000), k.released_at, k.created_at), 0
  from errors_known_releases k left join lateral jsonb_array_elements(k.deploys) d on true`;

/** Releases that were deployed, told of, or seen in errors or sessions; the latest seen first. */
export async function listReleases(
  db: Queryable,
  filter: ReleaseFilter,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ rows: ReleaseRow[]; next: string | null }> {
  const conditions = [sql`release <> ''`];
  if (filter.projectId) conditions.push(sql`project_id = ${filter.projectId}`);
  if (filter.environment) conditions.push(sql`environment = ${filter.environment}`);
  if (filter.release) conditions.push(sql`release = ${filter.release}`);
  let after = sql`true`;
  if (page.cursor) {
    const [value, id] = decodeCursor(page.cursor, ['time', 'text']);
    after = sql`(max(last_seen), project_id::text || release) < (${value}::timestamptz, ${id})`;
  }
  const environment = filter.environment ?? null;
  const ofRelease = sql`from errors_issue_releases r where r.project_id = p.project_id and r.release = p.release
    ${filter.environment ? sql`and r.environment = ${filter.environment}` : sql``}`;
  const rows = await db.query<ReleaseRow>(sql`
    with seen as (${sights}),
    -- Few rows soon: nothing after this is sorted or told apart by the million.
    places as (
      select project_id, release, environment, min(first_seen) as first_seen, max(last_seen) as last_seen,
        sum(count)::bigint as events
      from seen where ${all(conditions)} group by project_id, release, environment),
    page as (
      select project_id, release, array_agg(environment order by environment) filter (where environment <> '')
        as environments, min(first_seen) as first_seen, max(last_seen) as last_seen, sum(events)::bigint as events
      from places group by project_id, release having ${after}
      order by max(last_seen) desc, project_id::text || release desc limit ${page.limit + 1})
    select p.project_id as "projectId", p.release, p.environments, (extract(epoch from p.first_seen) * 1000)::float8
      as "firstSeen", (extract(epoch from p.last_seen) * 1000)::float8 as "lastSeen", p.last_seen::text as key, p.events,
      (select count(*) from (select distinct r.issue_id ${ofRelease}) n) as issues,
      (select count(*) from errors_issues i where i.project_id = p.project_id and i.first_release = p.release
        and (${environment}::text is null or exists (select 1 ${ofRelease} and r.issue_id = i.id))) as "newIssues",
      (select count(*) from (select distinct r.issue_id ${ofRelease} and r.regressed) n) as "regressedIssues",
      (select ${msOf('k.released_at')} from errors_known_releases k
        where k.project_id = p.project_id and k.version = p.release) as "releasedAt"
    from page p
    order by p.last_seen desc, p.project_id::text || p.release desc`);
  const shown = rows.slice(0, page.limit);
  const last = rows.length > page.limit ? shown.at(-1) : undefined;
  return { rows: shown, next: last ? encodeCursor([last.key, last.projectId + last.release]) : null };
}

/** What was told of a release: by its deployment, or by an upload tool. */
export interface ReleaseStory {
  createdAt: number;
  releasedAt: number | null;
  commits: ReleaseCommit[];
  deploys: ReleaseDeploy[];
}

export function readStory(db: Queryable, projectId: string, release: string): Promise<ReleaseStory | undefined> {
  return db.first(sql`
    select ${msOf('created_at')} as "createdAt", ${msOf('released_at')} as "releasedAt", commits, deploys
    from errors_known_releases where project_id = ${projectId} and version = ${release}`);
}

/** The release that came before another, by when each was first known; null for the first. */
export async function releaseBefore(db: Queryable, projectId: string, release: string): Promise<string | null> {
  const row = await db.first<{ release: string }>(sql`
    with seen as (${sights}),
    born as (
      -- Servers tell of sessions by the minute, so a release that was told of counts from then.
      select s.release, coalesce((select k.created_at from errors_known_releases k
        where k.project_id = ${projectId} and k.version = s.release), min(s.first_seen)) as at
      from seen s where s.project_id = ${projectId} and s.release <> '' group by s.release)
    select b.release from born b, born own where own.release = ${release} and (b.at, b.release) < (own.at, own.release)
    order by b.at desc, b.release desc limit 1`);
  return row?.release ?? null;
}

/** Commits told of the releases that came after `from`, up to and with `to`; newest release first. */
export async function commitsSince(
  db: Queryable,
  projectId: string,
  from: string,
  to: string,
): Promise<ReleaseCommit[]> {
  const rows = await db.query<{ commits: ReleaseCommit[] }>(sql`
    select k.commits from errors_known_releases k, errors_known_releases a, errors_known_releases b
    where k.project_id = ${projectId} and a.project_id = ${projectId} and b.project_id = ${projectId}
      and a.version = ${from} and b.version = ${to} and k.created_at > a.created_at and k.created_at <= b.created_at
    order by k.created_at desc limit 200`);
  const commits = new Map(rows.flatMap((row) => row.commits).map((commit) => [commit.id, commit]));
  return [...commits.values()].slice(0, 1000);
}

/** Six-hour spans of a week, of which the last one ends with the hour that holds `now`. */
export const course = { bucketSeconds: 6 * 3600, buckets: 28 } as const;

/** Sessions of a release over the last week. */
export interface SessionCourse {
  /** Unix ms of the start of the first span. */
  start: number;
  sessions: number[];
  crashed: number[];
  /** Sessions of all releases. */
  ofAll: number[];
}

export async function readCourse(
  db: Queryable,
  { projectId, release, environment }: { projectId: string; release: string; environment?: string | undefined },
  now: number,
): Promise<SessionCourse> {
  const end = Math.floor(now / 3_600_000) * 3_600_000 + 3_600_000;
  const start = end - course.buckets * course.bucketSeconds * 1000;
  const rows = await db.query<{ bucket: number; sessions: number; crashed: number; ofAll: number }>(sql`
    select floor((extract(epoch from hour) - ${start / 1000}::float8) / ${course.bucketSeconds}::float8)::int as bucket,
      coalesce(sum(total) filter (where release = ${release}), 0)::int as sessions,
      coalesce(sum(crashed) filter (where release = ${release}), 0)::int as crashed, sum(total)::int as "ofAll"
    from errors_session_hours where project_id = ${projectId} and hour >= to_timestamp(${start / 1000})
      and (${environment ?? null}::text is null or environment = ${environment ?? null}) group by 1`);
  const empty = (): number[] => new Array<number>(course.buckets).fill(0);
  const read: SessionCourse = { start, sessions: empty(), crashed: empty(), ofAll: empty() };
  for (const { bucket, sessions, crashed, ofAll } of rows) {
    if (bucket < 0 || bucket >= course.buckets) continue;
    read.sessions[bucket] = sessions;
    read.crashed[bucket] = crashed;
    read.ofAll[bucket] = ofAll;
  }
  return read;
}

/** An issue as it was seen in one release, or in two of them. */
export interface ReleaseIssueRow {
  id: string;
  projectId: string;
  number: number;
  title: string;
  culprit: string;
  level: string;
  status: string;
  firstRelease: string;
  /** Events in the release. */
  count: number;
  /** Events in the other release; 0 when there is none. */
  otherCount: number;
  /** It came back in this release after it was resolved. */
  regressed: boolean;
}

/** Issues of a release (and of another one it is compared with): new ones first, then those that came back, then the most frequent. */
export function issuesOf(
  db: Queryable,
  projectId: string,
  release: string,
  other: string | null,
  environment: string | undefined,
): Promise<ReleaseIssueRow[]> {
  return db.query(sql`
    select i.id, i.project_id as "projectId", i.number, i.title, i.culprit, i.level, i.status,
      i.first_release as "firstRelease", r.count, r."otherCount", r.regressed
    from (
      select issue_id, coalesce(sum(count) filter (where release = ${release}), 0)::int as count,
        coalesce(sum(count) filter (where release <> ${release}), 0)::int as "otherCount",
        coalesce(bool_or(regressed) filter (where release = ${release}), false) as regressed
      from errors_issue_releases
      where project_id = ${projectId} and release = any(${other === null ? [release] : [release, other]}::text[])
        and (${environment ?? null}::text is null or environment = ${environment ?? null})
      group by issue_id) r
    join errors_issues i on i.id = r.issue_id
    order by i.first_release = ${release} desc, r.regressed desc, r.count + r."otherCount" desc, i.id limit 200`);
}
