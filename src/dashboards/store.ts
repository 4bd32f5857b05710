import { decodeCursor, encodeCursor } from '../platform/http/cursor.ts';
import type { Queryable, Transaction } from '../platform/postgres/database.ts';
import { all, json, type Sql, sql } from '../platform/postgres/sql.ts';
import type { DashboardDocument } from './document.ts';

/** A dashboard as stored; `path` is that of its file in the repository. */
export interface DashboardRow {
  id: string;
  projectId: string | null;
  name: string;
  document: DashboardDocument;
  path: string | null;
  updatedBy: string;
  /** Unix milliseconds. */
  updatedAt: number;
  version: number;
}

const columns = sql`id, project_id as "projectId", name, document, path, updated_by as "updatedBy",
  (extract(epoch from updated_at) * 1000)::float8 as "updatedAt", version`;

export function readDashboard(db: Queryable, id: string, lock = false): Promise<DashboardRow | undefined> {
  return db.first(sql`select ${columns} from dashboards_dashboards where id = ${id} ${lock ? sql`for update` : sql``}`);
}

export async function listDashboards(
  db: Queryable,
  projectId: string | undefined,
  page: { cursor?: string | undefined; limit: number },
): Promise<{ rows: DashboardRow[]; next: string | null }> {
  const conditions: Sql[] = [];
  // Those of no project are everybody's.
  if (projectId) conditions.push(sql`(project_id = ${projectId} or project_id is null)`);
  if (page.cursor) {
    const [name, id] = decodeCursor(page.cursor, ['text', 'id']);
    conditions.push(sql`(lower(name), id::text) > (${name}, ${id})`);
  }
  const rows = await db.query<DashboardRow & { sorted: string }>(sql`
    select ${columns}, lower(name) as sorted from dashboards_dashboards where ${all(conditions)}
    order by lower(name), id::text limit ${page.limit + 1}`);
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > page.limit && last ? encodeCursor([last.sorted, last.id]) : null };
}

export function dashboardsOfRepository(tx: Transaction, projectId: string): Promise<DashboardRow[]> {
  return tx.query(sql`
    select ${columns} from dashboards_dashboards where project_id = ${projectId} and path is not null for update`);
}

export async function insertDashboard(
  tx: Transaction,
  row: Pick<DashboardRow, 'id' | 'projectId' | 'document' | 'path' | 'updatedBy'>,
): Promise<void> {
  await tx.execute(sql`
    insert into dashboards_dashboards (id, project_id, name, document, path, updated_by)
    values (${row.id}, ${row.projectId}, ${row.document.name}, ${json(row.document)}, ${row.path}, ${row.updatedBy})`);
}

export async function saveDocument(
  tx: Transaction,
  id: string,
  document: DashboardDocument,
  updatedBy: string,
): Promise<void> {
  await tx.execute(sql`
    update dashboards_dashboards set name = ${document.name}, document = ${json(document)}, updated_by = ${updatedBy},
      updated_at = now(), version = version + 1
    where id = ${id}`);
}

export async function deleteDashboard(tx: Transaction, id: string): Promise<void> {
  await tx.execute(sql`delete from dashboards_dashboards where id = ${id}`);
}

/** Resolves to how many there were. */
export function deleteOfProject(db: Queryable, projectId: string): Promise<number> {
  return db.execute(sql`delete from dashboards_dashboards where project_id = ${projectId}`);
}
