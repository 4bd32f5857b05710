import { decodeCursor, encodeCursor } from '../platform/http/cursor.ts';
import type { Queryable, Transaction } from '../platform/postgres/database.ts';
import { all, json, type Sql, sql } from '../platform/postgres/sql.ts';
import type { ConditionSettings } from './api.ts';
import type { FacetState } from './condition.ts';

/** A condition as stored; times in Unix milliseconds. */
export interface ConditionRow {
  id: string;
  projectId: string | null;
  settings: ConditionSettings;
  facets: FacetState[];
  evaluatedAt: number | null;
  error: string | null;
  version: number;
  epoch: number;
}

const columns = sql`id, project_id as "projectId", settings, facets, (extract(epoch from evaluated_at) * 1000)::float8
  as "evaluatedAt", error, version, epoch`;

export function readCondition(db: Queryable, id: string, lock = false): Promise<ConditionRow | undefined> {
  return db.first(sql`select ${columns} from alerts_conditions where id = ${id} ${lock ? sql`for update` : sql``}`);
}

export async function listConditions(
  db: Queryable,
  projectId: string | undefined,
  page: { cursor?: string | undefined; limit: number },
): Promise<{ rows: ConditionRow[]; next: string | null }> {
  const conditions: Sql[] = [];
  if (projectId) conditions.push(sql`project_id = ${projectId}`);
  if (page.cursor) conditions.push(sql`id::text < ${decodeCursor(page.cursor, ['id'])[0]}`);
  const rows = await db.query<ConditionRow>(sql`
    select ${columns} from alerts_conditions where ${all(conditions)} order by id::text desc limit ${page.limit + 1}`);
  const shown = rows.slice(0, page.limit);
  return { rows: shown, next: rows.length > page.limit ? encodeCursor([shown.at(-1)!.id]) : null };
}

export async function insertCondition(
  tx: Transaction,
  id: string,
  projectId: string | null,
  settings: ConditionSettings,
): Promise<void> {
  await tx.execute(sql`
    insert into alerts_conditions (id, project_id, settings) values (${id}, ${projectId}, ${json(settings)})`);
}

/** What facets stood at under other settings means nothing under the new ones. */
export async function updateCondition(tx: Transaction, id: string, settings: ConditionSettings): Promise<void> {
  await tx.execute(sql`
    update alerts_conditions set settings = ${json(settings)}, facets = '[]', error = null, next_at = now(),
      version = version + 1, epoch = epoch + 1, lease_until = null
    where id = ${id}`);
}

export async function deleteCondition(tx: Transaction, id: string): Promise<void> {
  await tx.execute(sql`delete from alerts_conditions where id = ${id}`);
}

/** Takes conditions that are due; each claim has a new epoch. */
export function claimConditions(db: Queryable, limit: number, leaseMs: number): Promise<ConditionRow[]> {
  return db.query(sql`
    update alerts_conditions set epoch = epoch + 1, lease_until = now() + ${leaseMs} * interval '1 millisecond'
    where id in (
      select id from alerts_conditions
      where next_at <= now() and (lease_until is null or lease_until <= now()) and (settings->>'enabled')::boolean
      order by next_at limit ${limit} for update skip locked)
    returning ${columns}`);
}

export async function saveEvaluation(
  tx: Queryable,
  condition: ConditionRow,
  outcome: { facets: FacetState[]; error: string | null; now: number },
): Promise<void> {
  await tx.execute(sql`
    update alerts_conditions set facets = ${json(outcome.facets)}, error = ${outcome.error}, lease_until = null,
      evaluated_at = to_timestamp(${outcome.now / 1000}),
      next_at = now() + ${condition.settings.everySeconds} * interval '1 second'
    where id = ${condition.id} and epoch = ${condition.epoch}`);
}

export interface IncidentRow {
  id: string;
  projectId: string | null;
  conditionId: string;
  name: string;
  severity: 'warning' | 'critical';
  facet: string | null;
  service: string | null;
  environment: string | null;
  nrql: string;
  state: 'open' | 'acknowledged' | 'closed';
  reason: string;
  value: number | null;
  openedAt: number;
  acknowledgedAt: number | null;
  acknowledgedBy: string | null;
  closedAt: number | null;
  eventId: string;
}

const incidentColumns = sql`id, project_id as "projectId", condition_id as "conditionId", name, severity, facet, service,
  environment, nrql, state, reason, value, (extract(epoch from opened_at) * 1000)::float8 as "openedAt",
  (extract(epoch from acknowledged_at) * 1000)::float8 as "acknowledgedAt", acknowledged_by as "acknowledgedBy",
  (extract(epoch from closed_at) * 1000)::float8 as "closedAt", event_id as "eventId"`;

export async function insertIncident(tx: Transaction, one: IncidentRow): Promise<void> {
  await tx.execute(sql`
    insert into alerts_incidents (id, project_id, condition_id, name, severity, facet, service, environment, nrql, state,
      reason, value, opened_at, event_id)
    values (${one.id}, ${one.projectId}, ${one.conditionId}, ${one.name}, ${one.severity}, ${one.facet}, ${one.service},
      ${one.environment}, ${one.nrql}, ${one.state}, ${one.reason}, ${one.value}, to_timestamp(${one.openedAt / 1000}),
      ${one.eventId})`);
}

export function readIncident(db: Queryable, id: string, lock = false): Promise<IncidentRow | undefined> {
  return db.first(
    sql`select ${incidentColumns} from alerts_incidents where id = ${id} ${lock ? sql`for update` : sql``}`,
  );
}

export function unclosedIncidents(tx: Transaction, conditionId: string): Promise<IncidentRow[]> {
  return tx.query(sql`
    select ${incidentColumns} from alerts_incidents where condition_id = ${conditionId} and state <> 'closed' for update`);
}

export function countUnclosed(
  db: Queryable,
  conditionIds: string[],
): Promise<{ conditionId: string; count: number }[]> {
  return db.query(sql`
    select condition_id as "conditionId", count(*) as count from alerts_incidents
    where condition_id = any(${conditionIds}::uuid[]) and state <> 'closed' group by condition_id`);
}

export async function closeIncident(tx: Transaction, id: string, now: number): Promise<void> {
  await tx.execute(
    sql`update alerts_incidents set state = 'closed', closed_at = to_timestamp(${now / 1000}) where id = ${id}`,
  );
}

export async function acknowledge(tx: Transaction, id: string, by: string, now: number): Promise<void> {
  await tx.execute(sql`
    update alerts_incidents set state = 'acknowledged', acknowledged_by = ${by}, acknowledged_at = to_timestamp(${now / 1000})
    where id = ${id}`);
}

export async function listIncidents(
  db: Queryable,
  filter: { projectId?: string | undefined; state?: IncidentRow['state'] | 'unclosed' | undefined },
  page: { cursor?: string | undefined; limit: number },
): Promise<{ rows: IncidentRow[]; next: string | null }> {
  const conditions: Sql[] = [];
  if (filter.projectId) conditions.push(sql`project_id = ${filter.projectId}`);
  if (filter.state === 'unclosed') conditions.push(sql`state <> 'closed'`);
  else if (filter.state) conditions.push(sql`state = ${filter.state}`);
  if (page.cursor) conditions.push(sql`id::text < ${decodeCursor(page.cursor, ['id'])[0]}`);
  const rows = await db.query<IncidentRow>(sql`
    select ${incidentColumns} from alerts_incidents where ${all(conditions)} order by id::text desc limit ${page.limit + 1}`);
  const shown = rows.slice(0, page.limit);
  return { rows: shown, next: rows.length > page.limit ? encodeCursor([shown.at(-1)!.id]) : null };
}
