import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import { addDashboard, factOf, replaceDocument } from './change.ts';
import { type DashboardDocument, readDocument } from './document.ts';
import { dashboardsEvents } from './events.ts';
import type { CommitFiles } from './port.ts';
import { dashboardsOfRepository, deleteDashboard } from './store.ts';

const folder = '.millrace/dashboards/';
const mostFiles = 100;
const mostBytes = 1_000_000;

export interface FilesOfPush {
  projectId: string;
  sha: string;
  files: CommitFiles;
  actor: Actor;
  /** Ids of facts, nearest first. */
  causes: string[];
}

/** Makes the dashboards of a project's repository exactly those of `.millrace/dashboards/*.json` at a commit. Idempotent. */
export async function syncFiles(database: Database, push: FilesOfPush): Promise<void> {
  const paths = (await push.files.list())
    .filter((path) => path.startsWith(folder) && path.endsWith('.json'))
    .sort()
    .slice(0, mostFiles);
  const read = new Map<string, DashboardDocument | { refused: string }>();
  for (const path of paths) read.set(path, await readFile(push.files, path));
  await database.transaction(async (tx) => {
    const known = await dashboardsOfRepository(tx, push.projectId);
    for (const row of known.filter(({ path }) => !read.has(path!))) {
      await deleteDashboard(tx, row.id);
      await appendEvent(tx, dashboardsEvents, 'dashboard.deleted', factOf(row, push.actor, push.causes));
    }
    for (const [path, result] of read) {
      const row = known.find((one) => one.path === path);
      if ('refused' in result) {
        await appendEvent(tx, dashboardsEvents, 'file.refused', {
          subject: `project:${push.projectId}`,
          projectId: push.projectId,
          actor: push.actor,
          causes: push.causes,
          data: { path, sha: push.sha, reason: String(result.refused) },
        });
      } else if (!row) {
        await addDashboard(tx, { projectId: push.projectId, document: result, path }, push.actor, push.causes);
      } else if (canonical(row.document) !== canonical(result)) {
        await replaceDocument(tx, row.id, result, push.actor, push.causes);
      }
    }
  });
}

/** JSON with its keys in order, as the database gives them back in an order of its own. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

async function readFile(files: CommitFiles, path: string): Promise<DashboardDocument | { refused: string }> {
  try {
    const text = (await files.read(path)) ?? '';
    if (text.length > mostBytes) return { refused: `It is larger than ${mostBytes} bytes` };
    return readDocument(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Fault) return { refused: error.message };
    throw error;
  }
}
