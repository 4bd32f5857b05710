import { decodeCursor, encodeCursor } from '../platform/http/cursor.ts';
import type { Queryable, Transaction } from '../platform/postgres/database.ts';
import { all, json, type Sql, sql } from '../platform/postgres/sql.ts';
import type { CheckSettings } from './api.ts';
import type { Standing, State, Step } from './check.ts';

export interface Acknowledgement {
  by: string;
  comment: string;
  /** ISO 8601. */
  at: string;
}

/** A check as stored; times in Unix milliseconds. */
export interface CheckRow extends CheckSettings {
  id: string;
  projectId: string | null;
  source: 'person' | 'service';
  sourceKey: string | null;
  state: State;
  stateType: 'soft' | 'hard';
  hardState: State;
  attempt: number;
  output: string;
  durationMs: number | null;
  checkedAt: number | null;
  changedAt: number | null;
  nextAt: number;
  acknowledgement: Acknowledgement | null;
  version: number;
  epoch: number;
  /** The fact of its latest hard change, which is a cause of the next. */
  lastChangeEvent: string | null;
}

const columns = sql`id, project_id as "projectId", name, target, enabled, interval_seconds as "intervalSeconds",
  retry_interval_seconds as "retryIntervalSeconds", max_attempts as "maxAttempts", timeout_ms as "timeoutMs", service, environment,
  source, source_key as "sourceKey", state, state_type as "stateType", hard_state as "hardState", attempt, output,
  duration_ms as "durationMs", (extract(epoch from checked_at) * 1000)::float8 as "checkedAt", (extract(epoch from changed_at) * 1000)::float8 as "changedAt",
  (extract(epoch from next_at) * 1000)::float8 as "nextAt", acknowledgement, version, epoch, last_change_event as "lastChangeEvent"`;

export function readCheck(db: Queryable, id: string, lock = false): Promise<CheckRow | undefined> {
  return db.first(sql`select ${columns} from monitoring_checks where id = ${id} ${lock ? sql`for update` : sql``}`);
}

export interface CheckFilter {
  projectId?: string | undefined;
  state?: State | undefined;
  environment?: string | undefined;
}

const rank = sql`case state when 'critical' then 0 when 'unknown' then 1 when 'warning' then 2 when 'pending' then 3 else 4 end`;

/** Problems first, then by name. */
export async function listChecks(
  db: Queryable,
  filter: CheckFilter,
  page: { cursor?: string | undefined; limit: number },
): Promise<{ rows: CheckRow[]; next: string | null }> {
  const conditions: Sql[] = [];
  if (filter.projectId) conditions.push(sql`project_id = ${filter.projectId}`);
  if (filter.state) conditions.push(sql`state = ${filter.state}`);
  if (filter.environment) conditions.push(sql`environment = ${filter.environment}`);
  if (page.cursor) {
    const [after, name, id] = decodeCursor(page.cursor, ['number', 'text', 'id']);
    conditions.push(sql`(${rank}, name, id::text) > (${after}::bigint, ${name}, ${id})`);
  }
  const rows = await db.query<CheckRow & { rank: number }>(sql`
    select ${columns}, ${rank} as rank from monitoring_checks where ${all(conditions)}
    order by ${rank}, name, id::text limit ${page.limit + 1}`);
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > page.limit && last ? encodeCursor([last.rank, last.name, last.id]) : null };
}

export async function insertCheck(
  tx: Transaction,
  id: string,
  projectId: string | null,
  settings: CheckSettings,
  source: { source: 'person' | 'service'; key: string | null },
): Promise<void> {
  await tx.execute(sql`
    insert into monitoring_checks (id, project_id, name, target, enabled, interval_seconds, retry_interval_seconds, max_attempts,
      timeout_ms, service, environment, source, source_key)
    values (${id}, ${projectId}, ${settings.name}, ${json(settings.target)}, ${settings.enabled}, ${settings.intervalSeconds},
      ${settings.retryIntervalSeconds}, ${settings.maxAttempts}, ${settings.timeoutMs}, ${settings.service},
      ${settings.environment}, ${source.source}, ${source.key})`);
}

/** New settings take effect at once; what was being run under the old ones no longer counts. */
export async function updateSettings(tx: Transaction, id: string, settings: CheckSettings): Promise<void> {
  await tx.execute(sql`
    update monitoring_checks set name = ${settings.name}, target = ${json(settings.target)}, enabled = ${settings.enabled},
      interval_seconds = ${settings.intervalSeconds}, retry_interval_seconds = ${settings.retryIntervalSeconds},
      max_attempts = ${settings.maxAttempts}, timeout_ms = ${settings.timeoutMs}, service = ${settings.service},
      environment = ${settings.environment}, version = version + 1, epoch = epoch + 1, lease_until = null, next_at = now()
    where id = ${id}`);
}

export async function deleteCheck(tx: Transaction, id: string): Promise<void> {
  await tx.execute(sql`delete from monitoring_checks where id = ${id}`);
}

export async function setAcknowledgement(tx: Transaction, id: string, value: Acknowledgement): Promise<void> {
  await tx.execute(sql`
    update monitoring_checks set acknowledgement = ${json(value)}, version = version + 1 where id = ${id}`);
}

export function derivedChecks(tx: Transaction, prefix: string): Promise<CheckRow[]> {
  return tx.query(sql`select ${columns} from monitoring_checks where starts_with(source_key, ${prefix}) for update`);
}

/** Takes up to `limit` checks that are due, for `leaseMs`; each claim has a new epoch. */
export function claimDue(db: Queryable, limit: number, leaseMs: number): Promise<CheckRow[]> {
  return db.query(sql`
    update monitoring_checks set epoch = epoch + 1,
      lease_until = now() + (timeout_ms + ${leaseMs}) * interval '1 millisecond'
    where id in (
      select id from monitoring_checks
      where enabled and next_at <= now() and (lease_until is null or lease_until <= now())
      order by next_at limit ${limit} for update skip locked)
    returning ${columns}`);
}

/** Takes one check, due or not, whoever has it. */
export function claimOne(db: Queryable, id: string, leaseMs: number): Promise<CheckRow | undefined> {
  return db.first(sql`
    update monitoring_checks set epoch = epoch + 1,
      lease_until = now() + (timeout_ms + ${leaseMs}) * interval '1 millisecond'
    where id = ${id} returning ${columns}`);
}

/** Milliseconds until a check is due, at most `most`. */
export async function untilDue(db: Queryable, most: number): Promise<number> {
  const row = await db.first<{ ms: number | null }>(sql`
    select extract(epoch from (min(greatest(next_at, lease_until)) - now()))::float8 * 1000 as ms
    from monitoring_checks where enabled`);
  return Math.max(0, Math.min(most, row?.ms ?? most));
}

export async function saveResult(
  tx: Transaction,
  check: CheckRow,
  standing: Standing,
  result: { output: string; durationMs: number; now: number; nextAt: number; changeEvent: string | null },
): Promise<void> {
  await tx.execute(sql`
    update monitoring_checks set state = ${standing.state}, state_type = ${standing.stateType},
      hard_state = ${standing.hardState}, attempt = ${standing.attempt}, output = ${result.output},
      duration_ms = ${result.durationMs}, checked_at = to_timestamp(${result.now / 1000}),
      changed_at = case when hard_state = ${standing.hardState} then changed_at else to_timestamp(${result.now / 1000}) end,
      next_at = to_timestamp(${result.nextAt / 1000}), lease_until = null,
      acknowledgement = case when ${standing.acknowledged} then acknowledgement end,
      last_change_event = coalesce(${result.changeEvent}, last_change_event)
    where id = ${check.id}`);
}

export async function addTransition(
  tx: Transaction,
  checkId: string,
  transition: NonNullable<Step['transition']>,
  output: string,
  now: number,
): Promise<void> {
  await tx.execute(sql`
    insert into monitoring_transitions (check_id, from_state, to_state, state_type, attempt, output, at)
    values (${checkId}, ${transition.from}, ${transition.to}, ${transition.stateType}, ${transition.attempt}, ${output},
      to_timestamp(${now / 1000}))`);
}

export interface TransitionRow {
  id: number;
  checkId: string;
  from: State;
  to: State;
  stateType: 'soft' | 'hard';
  attempt: number;
  output: string;
  at: number;
}

export function listTransitions(
  db: Queryable,
  checkId: string,
  before: number | undefined,
  limit: number,
): Promise<TransitionRow[]> {
  return db.query(sql`
    select id, check_id as "checkId", from_state as "from", to_state as "to", state_type as "stateType", attempt, output,
      (extract(epoch from at) * 1000)::float8 as at
    from monitoring_transitions where check_id = ${checkId} ${before === undefined ? sql`` : sql`and id < ${before}`}
    order by id desc limit ${limit}`);
}

/** History older than 180 days goes; single results stay in telemetry for as long as that keeps them. */
export function pruneTransitions(db: Queryable): Promise<number> {
  return db.execute(sql`delete from monitoring_transitions where at < now() - interval '180 days'`);
}
