import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Database, Transaction } from '../platform/postgres/database.ts';
import { type DashboardDocument, readDocument } from './document.ts';
import { dashboardsEvents } from './events.ts';
import { type DashboardRow, deleteDashboard, insertDashboard, readDashboard, saveDocument } from './store.ts';

const notFound = (id: string): Fault =>
  new Fault('missing', `There is no dashboard ${id}`, { code: 'dashboards.not-found' });

const nameOf = (actor: Actor): string => actor.name ?? actor.kind;

/** What a fact of a dashboard says. */
export const factOf = (row: DashboardRow, actor: Actor, causes: string[] = []) => ({
  subject: `dashboard:${row.id}`,
  projectId: row.projectId,
  actor,
  causes,
  data: { dashboardId: row.id, name: row.name, path: row.path },
});

async function locked(tx: Transaction, id: string): Promise<DashboardRow> {
  const row = await readDashboard(tx, id, true);
  if (!row) throw notFound(id);
  return row;
}

export async function getDashboard(database: Database, id: string): Promise<DashboardRow> {
  const row = await readDashboard(database, id);
  if (!row) throw notFound(id);
  return row;
}

export function createDashboard(
  database: Database,
  projectId: string | null,
  input: unknown,
  actor: Actor,
): Promise<DashboardRow> {
  const document = readDocument(input);
  return database.transaction((tx) => addDashboard(tx, { projectId, document, path: null }, actor));
}

/** Adds a dashboard within a transaction; `path` is that of the file it follows. */
export async function addDashboard(
  tx: Transaction,
  { projectId, document, path }: { projectId: string | null; document: DashboardDocument; path: string | null },
  actor: Actor,
  causes: string[] = [],
): Promise<DashboardRow> {
  const id = newId();
  await insertDashboard(tx, { id, projectId, document, path, updatedBy: nameOf(actor) });
  const row = await locked(tx, id);
  await appendEvent(tx, dashboardsEvents, 'dashboard.created', factOf(row, actor, causes));
  return row;
}

/** Puts another document in the place of a dashboard's, within a transaction. */
export async function replaceDocument(
  tx: Transaction,
  id: string,
  document: DashboardDocument,
  actor: Actor,
  causes: string[] = [],
): Promise<DashboardRow> {
  await saveDocument(tx, id, document, nameOf(actor));
  const row = await locked(tx, id);
  await appendEvent(tx, dashboardsEvents, 'dashboard.updated', factOf(row, actor, causes));
  return row;
}

function refuseIfFile(row: DashboardRow): void {
  if (row.path === null) return;
  throw new Fault('conflict', `The dashboard "${row.name}" follows ${row.path} of the repository`, {
    code: 'dashboards.from-repository',
    hint: 'Change the file and push it, or make a copy here.',
  });
}

export async function updateDashboard(
  database: Database,
  id: string,
  input: unknown,
  ifMatch: string | undefined,
  actor: Actor,
): Promise<DashboardRow> {
  const document = readDocument(input);
  return database.transaction(async (tx) => {
    const row = await locked(tx, id);
    refuseIfFile(row);
    if (ifMatch !== undefined && ifMatch !== String(row.version)) {
      throw new Fault('stale', 'Somebody else changed this dashboard meanwhile', {
        code: 'dashboards.stale',
        hint: 'Load it again and repeat your change.',
      });
    }
    return replaceDocument(tx, id, document, actor);
  });
}

export async function removeDashboard(database: Database, id: string, actor: Actor): Promise<void> {
  await database.transaction(async (tx) => {
    const row = await locked(tx, id);
    refuseIfFile(row);
    await deleteDashboard(tx, id);
    await appendEvent(tx, dashboardsEvents, 'dashboard.deleted', factOf(row, actor));
  });
}
