import { decodeCursor, encodeCursor } from '../platform/http/cursor.ts';
import type { Queryable } from '../platform/postgres/database.ts';
import { all, sql } from '../platform/postgres/sql.ts';
import type { Outcome } from './port.ts';

/** An event as kept, without its report. Times in Unix ms. */
export interface EventRow {
  id: string;
  projectId: string;
  /** 32 hexadecimal digits. */
  eventId: string;
  issueId: string;
  /** By which it was first looked up; 32 hexadecimal digits. */
  hash: string;
  algorithm: string;
  at: number;
  receivedAt: number;
  title: string;
  message: string;
  level: string;
  release: string;
  environment: string;
  service: string;
  transaction: string;
  user: string;
  traceId: string;
}

const columns = sql`id, project_id as "projectId", replace(event_id::text, '-', '') as "eventId", issue_id as "issueId",
  replace(hash::text, '-', '') as hash, algorithm, (extract(epoch from at) * 1000)::float8 as at, (extract(epoch from received_at) * 1000)::float8 as "receivedAt",
  title, message, level, release, environment, service, transaction, user_name as "user", trace_id as "traceId"`;

/** Kept events of an issue or of a project, newest first. */
export async function listEvents(
  db: Queryable,
  of: { issueId: string } | { projectId: string },
  filter: { environment?: string | undefined; release?: string | undefined },
  page: { limit: number; cursor?: string | undefined },
): Promise<{ rows: EventRow[]; next: string | null }> {
  const conditions = ['issueId' in of ? sql`issue_id = ${of.issueId}` : sql`project_id = ${of.projectId}`];
  if (filter.environment) conditions.push(sql`environment = ${filter.environment}`);
  if (filter.release) conditions.push(sql`release = ${filter.release}`);
  if (page.cursor) {
    const [value, id] = decodeCursor(page.cursor, ['time', 'id']);
    conditions.push(sql`(received_at, id) < (${value}::timestamptz, ${id}::uuid)`);
  }
  const rows = await db.query<EventRow & { key: string }>(sql`
    select ${columns}, received_at::text as key from errors_events where ${all(conditions)}
    order by received_at desc, id desc limit ${page.limit + 1}`);
  const shown = rows.slice(0, page.limit);
  const last = rows.length > page.limit ? shown.at(-1) : undefined;
  return { rows: shown, next: last ? encodeCursor([last.key, last.id]) : null };
}

/** An event with the block that holds its report, by Millrace's id or by the client's. */
export function readEventWithBlock(
  db: Queryable,
  id: string,
): Promise<(EventRow & { block: Buffer; position: number }) | undefined> {
  return db.first(sql`
    select ${columns}, position, (select body from errors_blocks b where b.id = block_id) as block
    from errors_events where id = ${id}::uuid or event_id = ${id}::uuid limit 1`);
}

/** Neighbours of an event among the kept ones, and the ends of the row. */
export async function neighboursOf(
  db: Queryable,
  event: { id: string; issueId: string },
): Promise<{ previous: string | null; next: string | null }> {
  const row = await db.first<{ previous: string | null; next: string | null }>(sql`
    with own as (select received_at, id from errors_events where id = ${event.id})
    select (select e.id from errors_events e, own where e.issue_id = ${event.issueId}
        and (e.received_at, e.id) < (own.received_at, own.id) order by e.received_at desc, e.id desc limit 1) as previous,
      (select e.id from errors_events e, own where e.issue_id = ${event.issueId}
        and (e.received_at, e.id) > (own.received_at, own.id) order by e.received_at, e.id limit 1) as next`);
  return row ?? { previous: null, next: null };
}

export async function endsOf(db: Queryable, issueId: string): Promise<{ first: string | null; latest: string | null }> {
  const row = await db.first<{ first: string | null; latest: string | null }>(sql`
    select (select id from errors_events where issue_id = ${issueId} order by received_at, id limit 1) as first,
      (select id from errors_events where issue_id = ${issueId} order by received_at desc, id desc limit 1) as latest`);
  return row ?? { first: null, latest: null };
}

/** Counts of tag values over the kept events of an issue. */
export async function readTagCounts(
  db: Queryable,
  issueId: string,
): Promise<{ sampled: number; rows: { key: string; value: string; n: number }[] }> {
  const sampled = await db.first<{ n: number }>(
    sql`select count(*) as n from errors_events where issue_id = ${issueId}`,
  );
  const rows = await db.query<{ key: string; value: string; n: number }>(sql`
    with kept as (select tags, release, environment, level, user_name, transaction from errors_events
      where issue_id = ${issueId} order by received_at desc limit 1000)
    select key, value, count(*) as n from (
      select tag ->> 0 as key, tag ->> 1 as value from kept, jsonb_array_elements(tags) tag
      union all select 'release', release from kept where release <> ''
      union all select 'environment', environment from kept where environment <> ''
      union all select 'level', level from kept
      union all select 'user', user_name from kept where user_name <> ''
      union all select 'transaction', transaction from kept where transaction <> ''
    ) pairs group by key, value order by key, n desc, value`);
  return { sampled: sampled?.n ?? 0, rows };
}

export interface IssueReleaseRow {
  release: string;
  environment: string;
  firstSeen: number;
  lastSeen: number;
  count: number;
}

export function readIssueReleases(db: Queryable, issueId: string): Promise<IssueReleaseRow[]> {
  return db.query(sql`
    select release, environment, (extract(epoch from min(first_seen)) * 1000)::float8 as "firstSeen",
      (extract(epoch from max(last_seen)) * 1000)::float8 as "lastSeen", sum(count)::bigint as count
    from errors_issue_releases where issue_id = ${issueId} group by release, environment
    order by max(last_seen) desc limit 100`);
}

export interface ActivityRow {
  kind: string;
  at: number;
  by: string;
  text: string;
  release: string | null;
}

export function readActivity(db: Queryable, issueId: string): Promise<ActivityRow[]> {
  return db.query(sql`
    select kind, (extract(epoch from at) * 1000)::float8 as at, by, text, release
    from errors_activity where issue_id = ${issueId} order by id desc limit 100`);
}

export function readOutcomes(db: Queryable, projectId: string, hours: number): Promise<Outcome[]> {
  return db.query(sql`
    select category, outcome, reason, sum(quantity)::bigint as quantity from errors_outcomes
    where project_id = ${projectId} and hour > now() - make_interval(hours => ${hours + 1})
    group by category, outcome, reason order by category, outcome, reason`);
}
