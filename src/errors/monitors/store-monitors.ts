import { newId } from '../../kernel/ids.ts';
import type { Queryable, Transaction } from '../../platform/postgres/database.ts';
import { json, sql } from '../../platform/postgres/sql.ts';
import { asUuid } from '../digest.ts';
import { hashOf } from '../grouping/component.ts';
import { afterRun, type CheckIn, expectAfter, lateness, type MonitorState, untouched } from './check-in.ts';
import type { MonitorConfig } from './schedule.ts';

export interface MonitorRow {
  id: string;
  projectId: string;
  slug: string;
  config: MonitorConfig | null;
}

export interface PlaceRow extends MonitorRow, MonitorState {
  environment: string;
  lastAt: number | null;
}

/** Fingerprint of the issue that a job's failures make. */
export const fingerprintOf = (place: { slug: string; environment: string }): string[] => [
  'millrace:monitor',
  place.slug,
  place.environment,
];

/** The hash that issue is found by. */
export const issueHashOf = (place: { slug: string; environment: string }): string =>
  asUuid(hashOf(fingerprintOf(place)));

const stateColumns = sql`p.status, (extract(epoch from p.next_at) * 1000)::float8 as "nextAt", p.failures, p.successes,
  p.incident, (extract(epoch from p.incident_at) * 1000)::float8 as "incidentAt",
  (extract(epoch from p.last_at) * 1000)::float8 as "lastAt"`;
const monitorColumns = sql`m.id, m.project_id as "projectId", m.slug, m.config`;

/** Monitors of one project; further ones are refused. */
const mostMonitors = 1000;

/** Takes a check-in of a project; false when there is no such monitor and the client does not say how it should be. */
export async function storeCheckIn(tx: Transaction, projectId: string, checkIn: CheckIn, at: number): Promise<boolean> {
  const monitor = await takeMonitor(tx, projectId, checkIn);
  if (!monitor) return false;
  const state = await lockPlace(tx, monitor.id, checkIn.environment);
  const open = await findRun(tx, monitor.id, checkIn);
  if (open && open.status !== 'in_progress' && open.status !== 'timeout') return true;
  const finished = checkIn.status !== 'in_progress';
  const startedAt = open?.startedAt ?? at - (finished ? (checkIn.duration ?? 0) : 0);
  const late = open ? open.late : lateness(state, startedAt);
  const runId = open?.id ?? (checkIn.id ? asUuid(checkIn.id) : newId(at));
  const duration = finished ? (checkIn.duration ?? (open ? Math.round(at - startedAt) : null)) : null;
  await tx.execute(sql`
    insert into errors_check_ins as c
      (id, monitor_id, environment, status, started_at, finished_at, duration, late, release)
    values (${runId}, ${monitor.id}, ${checkIn.environment}, ${checkIn.status}, to_timestamp(${startedAt / 1000}::float8),
      to_timestamp(${finished ? at / 1000 : null}::float8), ${duration}, ${late}, ${checkIn.release ?? ''})
    on conflict (monitor_id, id) do update set status = excluded.status, finished_at = excluded.finished_at,
      duration = excluded.duration`);
  let next = state;
  // Whoever began is not missed; what is expected next counts from the beginning.
  if (!open) next = expectAfter(next, monitor.config, at);
  if (checkIn.status !== 'in_progress') next = afterRun(next, checkIn.status, monitor.config, at);
  await writePlace(tx, monitor.id, checkIn.environment, next, at);
  return true;
}

async function takeMonitor(tx: Transaction, projectId: string, checkIn: CheckIn): Promise<MonitorRow | undefined> {
  const known = await tx.first<MonitorRow>(
    sql`select ${monitorColumns} from errors_monitors m where project_id = ${projectId} and slug = ${checkIn.slug}`,
  );
  if (known && !checkIn.config) return known;
  if (!checkIn.config) return undefined;
  const held = await tx.first<{ n: number }>(
    sql`select count(*)::int as n from errors_monitors where project_id = ${projectId}`,
  );
  if (!known && (held?.n ?? 0) >= mostMonitors) return undefined;
  return tx.first<MonitorRow>(sql`
    insert into errors_monitors as m (id, project_id, slug, config)
    values (${newId()}, ${projectId}, ${checkIn.slug}, ${json(checkIn.config)})
    on conflict (project_id, slug) do update set config = excluded.config returning ${monitorColumns}`);
}

async function lockPlace(tx: Transaction, monitorId: string, environment: string): Promise<MonitorState> {
  await tx.execute(sql`
    insert into errors_monitor_places (monitor_id, environment) values (${monitorId}, ${environment})
    on conflict do nothing`);
  const row = await tx.first<MonitorState>(sql`
    select ${stateColumns} from errors_monitor_places p where monitor_id = ${monitorId} and environment = ${environment}
    for update`);
  return row ?? untouched;
}

interface OpenRun {
  id: string;
  status: string;
  startedAt: number;
  late: number | null;
}

function findRun(
  tx: Transaction,
  monitorId: string,
  { id, environment, status }: CheckIn,
): Promise<OpenRun | undefined> {
  const columns = sql`id, status, (extract(epoch from started_at) * 1000)::float8 as "startedAt", late`;
  if (id !== null) {
    return tx.first(
      sql`select ${columns} from errors_check_ins where monitor_id = ${monitorId} and id = ${asUuid(id)}`,
    );
  }
  // A beginning without an id is a new run; an end without one belongs to the latest that is open.
  if (status === 'in_progress') return Promise.resolve(undefined);
  return tx.first(sql`
    select ${columns} from errors_check_ins
    where monitor_id = ${monitorId} and environment = ${environment} and status = 'in_progress'
    order by started_at desc limit 1`);
}

export async function writePlace(
  tx: Transaction,
  monitorId: string,
  environment: string,
  state: MonitorState,
  lastAt: number | null,
): Promise<void> {
  await tx.execute(sql`
    update errors_monitor_places set status = ${state.status}, next_at = to_timestamp(${msOf(state.nextAt)}::float8),
      failures = ${state.failures}, successes = ${state.successes}, incident = ${state.incident},
      incident_at = to_timestamp(${msOf(state.incidentAt)}::float8),
      last_at = coalesce(to_timestamp(${msOf(lastAt)}::float8), last_at)
    where monitor_id = ${monitorId} and environment = ${environment}`);
}

const msOf = (ms: number | null): number | null => (ms === null ? null : ms / 1000);

/** Places whose job did not begin in time, locked; their margin is part of the monitor. */
export function lockMissed(tx: Transaction, now: number): Promise<PlaceRow[]> {
  return tx.query(sql`
    select ${monitorColumns}, p.environment, ${stateColumns}
    from errors_monitor_places p join errors_monitors m on m.id = p.monitor_id
    where p.next_at + make_interval(mins => (m.config ->> 'margin')::int) <= to_timestamp(${now / 1000}::float8)
    order by p.next_at limit 200 for update of p skip locked`);
}

/** Runs that take longer than they may, and their places, locked. */
export function lockOverdue(tx: Transaction, now: number): Promise<(PlaceRow & { runId: string })[]> {
  return tx.query(sql`
    select ${monitorColumns}, p.environment, ${stateColumns}, c.id as "runId"
    from errors_check_ins c join errors_monitors m on m.id = c.monitor_id
    join errors_monitor_places p on p.monitor_id = c.monitor_id and p.environment = c.environment
    where c.status = 'in_progress'
      and c.started_at + make_interval(mins => coalesce((m.config ->> 'maxRuntime')::int, 30)) <= to_timestamp(${now / 1000}::float8)
    order by c.started_at limit 200 for update of c, p skip locked`);
}

/** Places with an incident that nobody was told of, or that is over. */
export function untold(db: Queryable): Promise<PlaceRow[]> {
  return db.query(sql`
    select ${monitorColumns}, p.environment, ${stateColumns}
    from errors_monitor_places p join errors_monitors m on m.id = p.monitor_id
    where p.incident in ('opened', 'closed') limit 200`);
}

export interface RunRow {
  id: string;
  environment: string;
  status: 'in_progress' | 'ok' | 'error' | 'missed' | 'timeout';
  startedAt: number;
  duration: number | null;
  late: number | null;
  release: string;
}

export interface ListedPlace extends PlaceRow {
  /** How its latest runs ended, newest first. */
  recent: RunRow['status'][];
  issueId: string | null;
}

/** Jobs by name, in each environment of theirs. */
export async function listMonitors(
  db: Queryable,
  filter: { projectId?: string | undefined; monitorId?: string | undefined },
): Promise<ListedPlace[]> {
  const { projectId = null, monitorId = null } = filter;
  const places = await db.query<PlaceRow & { recent: RunRow['status'][] | null }>(sql`
    select ${monitorColumns}, p.environment, ${stateColumns}, r.recent
    from errors_monitors m join errors_monitor_places p on p.monitor_id = m.id
    left join lateral (select array_agg(c.status order by c.started_at desc) as recent from (
      select status, started_at from errors_check_ins c where c.monitor_id = m.id and c.environment = p.environment
      order by started_at desc limit 30) c) r on true
    where (${projectId}::uuid is null or m.project_id = ${projectId}) and (${monitorId}::uuid is null or m.id = ${monitorId})
    order by m.slug, p.environment limit 1000`);
  const hashes = places.map(issueHashOf);
  const issues = await db.query<{ projectId: string; hash: string; issueId: string }>(sql`
    select h.project_id as "projectId", h.hash::text as hash, h.issue_id as "issueId" from errors_hashes h
    join errors_issues i on i.id = h.issue_id
    where h.hash = any(${hashes}::uuid[]) and i.status = 'unresolved'`);
  return places.map((place, index) => ({
    ...place,
    recent: place.recent ?? [],
    issueId: issues.find((one) => one.projectId === place.projectId && one.hash === hashes[index])?.issueId ?? null,
  }));
}

export function listRuns(db: Queryable, monitorId: string, limit: number): Promise<RunRow[]> {
  return db.query(sql`
    select id, environment, status, (extract(epoch from started_at) * 1000)::float8 as "startedAt", duration, late, release
    from errors_check_ins where monitor_id = ${monitorId} order by started_at desc limit ${limit}`);
}
