import type { Queryable, Transaction } from '../platform/postgres/database.ts';
import { json, sql } from '../platform/postgres/sql.ts';
import type { Evidence } from './causes/evidence.ts';
import type { Archive, IssuePriority, IssueState, IssueStatus, IssueSubstatus, Resolution } from './issue.ts';
import type { Ownership } from './owners/find-owner.ts';
import type { ErrorLevel } from './report.ts';

/** What an issue is laid at, as kept. Times are ISO text, since this is what the API shows. */
export interface Suspect {
  deployment: { id: string; release: string; environment: string; at: string | null; eventId: string | null } | null;
  commits: {
    sha: string;
    message: string;
    author: { name: string; email: string };
    at: string | null;
    reason: string;
  }[];
}

/** An issue as kept; times in Unix ms, '' where an event named nothing. */
export interface IssueRow {
  id: string;
  projectId: string;
  number: number;
  title: string;
  type: string | null;
  message: string;
  culprit: string;
  level: ErrorLevel;
  platform: string;
  handled: boolean | null;
  status: IssueStatus;
  substatus: IssueSubstatus | null;
  since: number;
  resolution: Resolution | null;
  archive: Archive | null;
  firstSeen: number;
  lastSeen: number;
  firstRelease: string;
  lastRelease: string;
  environment: string;
  service: string;
  count: number;
  users: number;
  kept: number;
  priority: IssuePriority;
  /** A person set it: nothing else changes it. */
  priorityLocked: boolean;
  assigneeId: string | null;
  assigneeName: string | null;
  suspect: Suspect | null;
  ownership: Ownership | null;
  evidence: Evidence[] | null;
  files: string[];
  openedEvent: string | null;
}

export const issueColumns = sql`id, project_id as "projectId", number, title, type, message, culprit, level, platform, handled,
  status, substatus, (extract(epoch from since) * 1000)::float8 as since, resolution, archive,
  (extract(epoch from first_seen) * 1000)::float8 as "firstSeen",
  (extract(epoch from last_seen) * 1000)::float8 as "lastSeen",
  first_release as "firstRelease", last_release as "lastRelease", environment, service, count, users, kept,
  priority, priority_locked as "priorityLocked", assignee_id as "assigneeId", assignee_name as "assigneeName", suspect, ownership, evidence, files, opened_event as "openedEvent"`;

export const stateOf = (row: IssueRow): IssueState => ({
  status: row.status,
  substatus: row.substatus,
  resolution: row.resolution,
  archive: row.archive,
  since: row.since,
});

export function readIssue(db: Queryable, id: string): Promise<IssueRow | undefined> {
  return db.first(sql`select ${issueColumns} from errors_issues where id = ${id}`);
}

/** Issues held until the transaction ends, taken in order of id so that batches never wait for each other in a ring. */
export function lockIssues(tx: Transaction, ids: string[]): Promise<IssueRow[]> {
  return tx.query(sql`select ${issueColumns} from errors_issues where id = any(${ids}::uuid[]) order by id for update`);
}

export async function insertIssues(tx: Transaction, rows: IssueRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(sql`
    insert into errors_issues (id, project_id, number, title, type, message, culprit, level, platform, handled, status,
      substatus, since, first_seen, last_seen, first_release, last_release, environment, service, count, files, priority)
    select n.id, n."projectId", n.number, n.title, n.type, n.message, n.culprit, n.level, n.platform, n.handled, n.status,
      n.substatus, to_timestamp(n.since / 1000), to_timestamp(n."firstSeen" / 1000), to_timestamp(n."lastSeen" / 1000),
      n."firstRelease", n."lastRelease", n.environment, n.service, 0, n.files, n.priority
    from jsonb_to_recordset(${json(rows)}::jsonb) as n(id uuid, "projectId" uuid, number int, title text, type text,
      message text, culprit text, level text, platform text, handled boolean, status text, substatus text, since float8,
      "firstSeen" float8, "lastSeen" float8, "firstRelease" text, "lastRelease" text, environment text, service text,
      files text[], priority text)`);
}

/** Writes back everything a batch or a person may change. The rows must be locked. */
export async function updateIssues(tx: Transaction, rows: IssueRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(sql`
    update errors_issues i set title = n.title, type = n.type, message = n.message, culprit = n.culprit, level = n.level,
      handled = n.handled, status = n.status, substatus = n.substatus, since = to_timestamp(n.since / 1000),
      resolution = nullif(n.resolution, 'null'), archive = nullif(n.archive, 'null'),
      first_seen = to_timestamp(n."firstSeen" / 1000), last_seen = to_timestamp(n."lastSeen" / 1000),
      first_release = n."firstRelease", last_release = n."lastRelease", environment = n.environment, service = n.service, count = n.count, users = n.users,
      kept = n.kept, priority = n.priority, priority_locked = n."priorityLocked", assignee_id = n."assigneeId", assignee_name = n."assigneeName",
      suspect = nullif(n.suspect, 'null'), files = n.files, opened_event = n."openedEvent"
    from jsonb_to_recordset(${json(rows)}::jsonb) as n(id uuid, title text, type text, message text, culprit text,
      level text, handled boolean, status text, substatus text, since float8, resolution jsonb, archive jsonb,
      "firstSeen" float8, "lastSeen" float8, "firstRelease" text, "lastRelease" text, environment text, service text, count bigint, users int,
      kept int, priority text, "priorityLocked" boolean, "assigneeId" text, "assigneeName" text, suspect jsonb, files text[], "openedEvent" uuid)
    where i.id = n.id`);
}

/** The next `count` numbers of a project's issues; resolves to the first of them. */
export async function takeNumbers(tx: Transaction, projectId: string, count: number): Promise<number> {
  const row = await tx.first<{ last: number }>(sql`
    insert into errors_numbers (project_id, last) values (${projectId}, ${count})
    on conflict (project_id) do update set last = errors_numbers.last + ${count}
    returning last`);
  return row!.last - count + 1;
}

export type ActivityKind =
  | 'opened'
  | 'regressed'
  | 'resolved'
  | 'archived'
  | 'unarchived'
  | 'reopened'
  | 'assigned'
  | 'cause-found'
  | 'merged'
  | 'split'
  | 'escalated'
  | 'prioritised'
  | 'comment';

export interface Activity {
  issueId: string;
  kind: ActivityKind;
  /** Unix ms. */
  at: number;
  by: string;
  text: string;
  release: string | null;
}

export async function insertActivity(tx: Transaction, rows: Activity[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(sql`
    insert into errors_activity (issue_id, kind, at, by, text, release)
    select n."issueId", n.kind, to_timestamp(n.at / 1000), n.by, n.text, n.release
    from jsonb_to_recordset(${json(rows)}::jsonb)
      as n("issueId" uuid, kind text, at float8, by text, text text, release text)`);
}
