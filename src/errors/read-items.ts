import { decodeCursor, encodeCursor } from '../platform/http/cursor.ts';
import type { Queryable } from '../platform/postgres/database.ts';
import { all, sql } from '../platform/postgres/sql.ts';
import { asUuid } from './digest.ts';

export interface FeedbackRow {
  id: string;
  projectId: string;
  issueId: string | null;
  eventId: string | null;
  name: string;
  email: string;
  message: string;
  url: string;
  release: string;
  environment: string;
  /** Unix ms. */
  at: number;
  key: string;
}

/** What users said, newest first; of one issue: about its kept events. */
export async function listFeedback(
  db: Queryable,
  filter: { projectId?: string | undefined; issueId?: string | undefined },
  page: { limit: number; cursor?: string | undefined },
): Promise<{ rows: FeedbackRow[]; next: string | null }> {
  const conditions = [sql`true`];
  if (filter.projectId) conditions.push(sql`f.project_id = ${filter.projectId}`);
  if (filter.issueId) {
    conditions.push(sql`f.event_id in (select event_id from errors_events where issue_id = ${filter.issueId})`);
  }
  if (page.cursor) {
    const [value, id] = decodeCursor(page.cursor, ['time', 'id']);
    conditions.push(sql`(f.at, f.id) < (${value}::timestamptz, ${id}::uuid)`);
  }
  const rows = await db.query<FeedbackRow>(sql`
    select f.id, f.project_id as "projectId", e.issue_id as "issueId", replace(f.event_id::text, '-', '') as "eventId",
      f.name, f.email, f.message, f.url, f.release, f.environment, (extract(epoch from f.at) * 1000)::float8 as at,
      f.at::text as key
    from errors_feedback f
    left join lateral (select issue_id from errors_events e
      where e.event_id = f.event_id and e.project_id = f.project_id limit 1) e on true
    where ${all(conditions)} order by f.at desc, f.id desc limit ${page.limit + 1}`);
  const shown = rows.slice(0, page.limit);
  const last = rows.length > page.limit ? shown.at(-1) : undefined;
  return { rows: shown, next: last ? encodeCursor([last.key, last.id]) : null };
}

export interface FileRow {
  id: string;
  projectId: string;
  kind: string;
  name: string;
  contentType: string;
  size: number;
}

/** Files that came with an event, or with the replay it belongs to (32 hexadecimal digits each). */
export function listFiles(db: Queryable, projectId: string, ids: string[]): Promise<FileRow[]> {
  return db.query(sql`
    select id, project_id as "projectId", kind, name, content_type as "contentType", size from errors_files
    where project_id = ${projectId} and event_id = any(${ids.map(asUuid)}::uuid[]) order by received_at, id limit 1000`);
}

export function readFile(db: Queryable, id: string): Promise<(FileRow & { body: Buffer }) | undefined> {
  return db.first(sql`
    select id, project_id as "projectId", kind, name, content_type as "contentType", size, body
    from errors_files where id = ${id}`);
}
