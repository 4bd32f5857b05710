import { decodeCursor, encodeCursor } from '../platform/http/cursor.ts';
import type { Queryable } from '../platform/postgres/database.ts';
import { all, type Sql, sql } from '../platform/postgres/sql.ts';
import { searchConditions } from './search-conditions.ts';
import { type IssueRow, issueColumns } from './store-issues.ts';

export interface IssueFilter {
  projectId?: string | undefined;
  search?: string | undefined;
  status: 'unresolved' | 'resolved' | 'archived' | 'all';
  substatus?: string | undefined;
  environment?: string | undefined;
  release?: string | undefined;
  service?: string | undefined;
  level?: string | undefined;
  priority?: string | undefined;
  assignee?: string | undefined;
}

/** Where each order is kept, and how its value is written in a cursor. */
const orders = {
  lastSeen: { column: sql`last_seen`, cast: sql`timestamptz`, part: 'time' },
  firstSeen: { column: sql`first_seen`, cast: sql`timestamptz`, part: 'time' },
  count: { column: sql`count`, cast: sql`bigint`, part: 'digits' },
  users: { column: sql`users`, cast: sql`bigint`, part: 'digits' },
} as const;

function conditionsOf(filter: IssueFilter): Sql[] {
  const conditions: Sql[] = [];
  if (filter.projectId) conditions.push(sql`project_id = ${filter.projectId}`);
  // Whoever asks for resolved ones in words means them, whatever the list shows otherwise.
  const saysStatus = /(?:^|\s)!?is:(?:resolved|archived|ignored)\b/.test(filter.search ?? '');
  if (filter.status !== 'all' && !saysStatus) conditions.push(sql`status = ${filter.status}`);
  if (filter.substatus) {
    conditions.push(sql`status = 'unresolved' and
      case when since < now() - interval '7 days' then 'ongoing' else substatus end = ${filter.substatus}`);
  }
  if (filter.priority) conditions.push(sql`priority = ${filter.priority}`);
  if (filter.level) conditions.push(sql`level = ${filter.level}`);
  if (filter.service) conditions.push(sql`service = ${filter.service}`);
  if (filter.assignee === 'none') conditions.push(sql`assignee_id is null`);
  else if (filter.assignee) conditions.push(sql`assignee_id = ${filter.assignee}`);
  if (filter.environment) {
    conditions.push(sql`exists (select 1 from errors_issue_releases r
      where r.issue_id = errors_issues.id and r.environment = ${filter.environment})`);
  }
  if (filter.release) {
    conditions.push(sql`exists (select 1 from errors_issue_releases r
      where r.issue_id = errors_issues.id and r.release = ${filter.release})`);
  }
  conditions.push(...searchConditions(filter.search ?? '', Date.now()));
  return conditions;
}

/** One page of issues, highest of the order first. */
export async function listIssues(
  db: Queryable,
  filter: IssueFilter,
  page: { sort: keyof typeof orders; limit: number; cursor?: string | undefined },
): Promise<{ rows: IssueRow[]; next: string | null }> {
  const { column, cast, part } = orders[page.sort];
  const conditions = conditionsOf(filter);
  if (page.cursor) {
    const [value, id] = decodeCursor(page.cursor, [part, 'id']);
    conditions.push(sql`(${column}, id) < (${value}::${cast}, ${id}::uuid)`);
  }
  const rows = await db.query<IssueRow & { key: string }>(sql`
    select ${issueColumns}, ${column}::text as key from errors_issues where ${all(conditions)}
    order by ${column} desc, id desc limit ${page.limit + 1}`);
  const shown = rows.slice(0, page.limit);
  const last = rows.length > page.limit ? shown.at(-1) : undefined;
  return { rows: shown, next: last ? encodeCursor([last.key, last.id]) : null };
}

export async function countIssues(
  db: Queryable,
  filter: { projectId?: string | undefined; environment?: string | undefined },
): Promise<{ unresolved: number; resolved: number; archived: number; new: number; regressed: number }> {
  const row = await db.first<{
    unresolved: number;
    resolved: number;
    archived: number;
    new: number;
    regressed: number;
  }>(sql`
    select count(*) filter (where status = 'unresolved') as unresolved,
      count(*) filter (where status = 'resolved') as resolved,
      count(*) filter (where status = 'archived') as archived,
      count(*) filter (where status = 'unresolved' and substatus = 'new' and since > now() - interval '7 days') as new,
      count(*) filter (where status = 'unresolved' and substatus = 'regressed' and since > now() - interval '7 days')
        as regressed
    from errors_issues where ${all(conditionsOf({ ...filter, status: 'all' }))}`);
  return row!;
}

export const periods = {
  '24h': { bucketSeconds: 3600, buckets: 24 },
  '7d': { bucketSeconds: 6 * 3600, buckets: 28 },
  '30d': { bucketSeconds: 86_400, buckets: 30 },
} as const;
export type Period = keyof typeof periods;

export interface Histogram {
  /** Unix ms of the start of the first bucket. */
  start: number;
  bucketSeconds: number;
  counts: number[];
}

/** Events by time for each issue; the last bucket is the hour (or six, or day) that holds `now`. */
export async function histograms(
  db: Queryable,
  issueIds: string[],
  period: Period,
  now: number,
): Promise<Map<string, Histogram>> {
  const { bucketSeconds, buckets } = periods[period];
  // Buckets end with the current hour, so that the newest is never empty for want of time.
  const end = Math.floor(now / 3_600_000) * 3_600_000 + 3_600_000;
  const start = end - buckets * bucketSeconds * 1000;
  const empty = (): Histogram => ({ start, bucketSeconds, counts: new Array<number>(buckets).fill(0) });
  const result = new Map(issueIds.map((id) => [id, empty()]));
  if (issueIds.length === 0) return result;
  const rows = await db.query<{ issueId: string; bucket: number; n: number }>(sql`
    select issue_id as "issueId", floor((extract(epoch from hour) - ${start / 1000}::float8) / ${bucketSeconds}::float8)::int
      as bucket, sum(count)::int as n
    from errors_issue_hours
    where issue_id = any(${issueIds}::uuid[]) and hour >= to_timestamp(${start / 1000}) group by 1, 2`);
  for (const { issueId, bucket, n } of rows) {
    const counts = result.get(issueId)?.counts;
    if (counts && bucket >= 0 && bucket < buckets) counts[bucket] = n;
  }
  return result;
}
