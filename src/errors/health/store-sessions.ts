import type { Queryable, Transaction } from '../../platform/postgres/database.ts';
import { all, json, sql } from '../../platform/postgres/sql.ts';
import { asUuid } from '../digest.ts';
import {
  gained,
  joined,
  noMarks,
  type SessionBucket,
  type SessionCounts,
  type SessionMarks,
  type SessionUpdate,
} from './session.ts';

const hourMs = 3_600_000;

interface KnownSession extends SessionMarks {
  id: string;
  startedAt: number;
  release: string;
  environment: string;
}

/** Sessions of an hour. Times in Unix ms: the hour's, and those of its first and last session. */
interface SessionHour extends SessionCounts {
  release: string;
  environment: string;
  hour: number;
  first: number;
  last: number;
}

/** Counts sessions of one project; each once, whatever the order of its messages. */
export async function storeSessions(
  tx: Transaction,
  projectId: string,
  updates: SessionUpdate[],
  buckets: SessionBucket[],
): Promise<void> {
  if (updates.length + buckets.length === 0) return;
  // Another server may hear of the same sessions at this moment.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`errors-sessions:${projectId}`}, 0))`);
  const added: (SessionBucket & { crashed: boolean })[] = buckets.map((bucket) => ({
    ...bucket,
    crashed: bucket.counts.crashed > 0,
  }));
  const known = await knownSessions(tx, projectId, updates);
  const changed = new Map<string, KnownSession>();
  for (const update of updates) {
    const before = changed.get(update.id) ?? known.get(update.id) ?? null;
    const marks = joined(before ?? noMarks, update.marks);
    const { startedAt, release, environment } = before ?? update;
    const counts = gained(before, marks);
    changed.set(update.id, { id: update.id, startedAt, release, environment, ...marks });
    added.push({ startedAt, release, environment, userKey: update.userKey, counts, crashed: marks.crashed });
  }
  await writeSessions(tx, projectId, [...changed.values()]);
  await addCounts(tx, projectId, added);
  await addUsers(tx, projectId, added);
}

async function knownSessions(
  tx: Transaction,
  projectId: string,
  updates: SessionUpdate[],
): Promise<Map<string, KnownSession>> {
  if (updates.length === 0) return new Map();
  const rows = await tx.query<KnownSession>(sql`
    select replace(id::text, '-', '') as id, (extract(epoch from started_at) * 1000)::float8 as "startedAt", release,
      environment, errored, crashed, abnormal, unhandled
    from errors_sessions where project_id = ${projectId} and id = any(${updates.map((one) => asUuid(one.id))}::uuid[])`);
  return new Map(rows.map((row) => [row.id, row]));
}

async function writeSessions(tx: Transaction, projectId: string, sessions: KnownSession[]): Promise<void> {
  const rows = sessions.map((session) => ({ ...session, id: asUuid(session.id) }));
  await tx.execute(sql`
    insert into errors_sessions as s
      (project_id, id, started_at, release, environment, errored, crashed, abnormal, unhandled)
    select ${projectId}::uuid, n.id, to_timestamp(n."startedAt" / 1000), n.release, n.environment, n.errored, n.crashed,
      n.abnormal, n.unhandled
    from jsonb_to_recordset(${json(rows)}::jsonb) as n(id uuid, "startedAt" float8, release text, environment text,
      errored boolean, crashed boolean, abnormal boolean, unhandled boolean)
    on conflict (project_id, id) do update set errored = excluded.errored, crashed = excluded.crashed,
      abnormal = excluded.abnormal, unhandled = excluded.unhandled`);
}

async function addCounts(tx: Transaction, projectId: string, added: SessionBucket[]): Promise<void> {
  const hours = new Map<string, SessionHour>();
  for (const { release, environment, startedAt, counts } of added) {
    const hour = Math.floor(startedAt / hourMs) * hourMs;
    const key = `${release}\n${environment}\n${hour}`;
    const row = hours.get(key) ?? {
      release,
      environment,
      hour,
      first: startedAt,
      last: startedAt,
      total: 0,
      errored: 0,
      crashed: 0,
      abnormal: 0,
      unhandled: 0,
    };
    for (const name of ['total', 'errored', 'crashed', 'abnormal', 'unhandled'] as const) row[name] += counts[name];
    row.first = Math.min(row.first, startedAt);
    row.last = Math.max(row.last, startedAt);
    hours.set(key, row);
  }
  await tx.execute(sql`
    insert into errors_session_hours as h
      (project_id, release, environment, hour, first_at, last_at, total, errored, crashed, abnormal, unhandled)
    select ${projectId}::uuid, n.release, n.environment, to_timestamp(n.hour / 1000), to_timestamp(n.first / 1000),
      to_timestamp(n.last / 1000), n.total, n.errored, n.crashed,
      n.abnormal, n.unhandled
    from jsonb_to_recordset(${json([...hours.values()])}::jsonb) as n(release text, environment text, hour float8,
      first float8, last float8, total bigint, errored bigint, crashed bigint, abnormal bigint, unhandled bigint)
    on conflict (project_id, release, environment, hour) do update set
      first_at = least(h.first_at, excluded.first_at), last_at = greatest(h.last_at, excluded.last_at),
      total = h.total + excluded.total,
      errored = h.errored + excluded.errored, crashed = h.crashed + excluded.crashed,
      abnormal = h.abnormal + excluded.abnormal, unhandled = h.unhandled + excluded.unhandled`);
}

async function addUsers(
  tx: Transaction,
  projectId: string,
  added: (SessionBucket & { crashed: boolean })[],
): Promise<void> {
  const users = new Map<
    string,
    { release: string; environment: string; day: string; user: string; crashed: boolean }
  >();
  for (const { release, environment, startedAt, userKey, crashed } of added) {
    if (userKey === null) continue;
    const day = new Date(startedAt).toISOString().slice(0, 10);
    const key = `${release}\n${environment}\n${day}\n${userKey}`;
    const before = users.get(key)?.crashed ?? false;
    users.set(key, { release, environment, day, user: userKey, crashed: crashed || before });
  }
  if (users.size === 0) return;
  await tx.execute(sql`
    insert into errors_session_users as u (project_id, release, environment, day, user_key, crashed)
    select ${projectId}::uuid, n.release, n.environment, n.day, n."user"::bigint, n.crashed
    from jsonb_to_recordset(${json([...users.values()])}::jsonb)
      as n(release text, environment text, day date, "user" text, crashed boolean)
    on conflict (project_id, release, environment, day, user_key) do update set crashed = u.crashed or excluded.crashed`);
}

/** How a release fares, of the sessions started in it. */
export interface HealthRow extends SessionCounts {
  projectId: string;
  release: string;
  users: number;
  crashedUsers: number;
  /** Sessions of the last day, and those of all releases. */
  recent: number;
  recentOfAll: number;
}

/** Health of releases over the last 30 days. */
export async function readHealth(
  db: Queryable,
  releases: { projectId: string; release: string }[],
  environment: string | undefined,
): Promise<HealthRow[]> {
  if (releases.length === 0) return [];
  const own = [sql`h.project_id = r.project_id`, sql`h.hour > now() - interval '30 days'`];
  const people = [sql`u.project_id = r.project_id`, sql`u.release = r.release`, sql`u.day > current_date - 30`];
  if (environment) {
    own.push(sql`h.environment = ${environment}`);
    people.push(sql`u.environment = ${environment}`);
  }
  return db.query(sql`
    select r.project_id as "projectId", r.release, s.*, p.*
    from unnest(${releases.map((one) => one.projectId)}::uuid[], ${releases.map((one) => one.release)}::text[])
      as r(project_id, release)
    cross join lateral (
      select coalesce(sum(total) filter (where h.release = r.release), 0)::bigint as total,
        coalesce(sum(errored) filter (where h.release = r.release), 0)::bigint as errored,
        coalesce(sum(crashed) filter (where h.release = r.release), 0)::bigint as crashed,
        coalesce(sum(abnormal) filter (where h.release = r.release), 0)::bigint as abnormal,
        coalesce(sum(unhandled) filter (where h.release = r.release), 0)::bigint as unhandled,
        coalesce(sum(total) filter (where h.release = r.release and h.hour > now() - interval '1 day'), 0)::bigint as recent,
        coalesce(sum(total) filter (where h.hour > now() - interval '1 day'), 0)::bigint as "recentOfAll"
      from errors_session_hours h where ${all(own)}) s
    cross join lateral (
      select count(distinct user_key)::int as users,
        count(distinct user_key) filter (where crashed)::int as "crashedUsers"
      from errors_session_users u where ${all(people)}) p`);
}

/** Lets go of single sessions once no message of theirs is taken any more, and of counts after 90 days. */
export async function forgetSessions(db: Pick<Transaction, 'execute'>): Promise<void> {
  await db.execute(sql`delete from errors_sessions where started_at < now() - interval '6 days'`);
  await db.execute(sql`delete from errors_session_hours where hour < now() - interval '90 days'`);
  await db.execute(sql`delete from errors_session_users where day < current_date - 90`);
}
