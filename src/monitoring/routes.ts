import { Fault } from '../kernel/faults.ts';
import { type Handlers, type MountedContract, mountOn } from '../platform/http/contract.ts';
import { decodeCursor, encodeCursor } from '../platform/http/cursor.ts';
import { type CheckView, monitoringApi } from './api.ts';
import { acknowledgeCheck, createCheck, getCheck, removeCheck, runNow, updateCheck } from './change.ts';
import type { ProjectDirectory } from './port.ts';
import type { RunSurroundings } from './run.ts';
import { type CheckRow, listChecks, listTransitions } from './store.ts';

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

function present(check: CheckRow): CheckView {
  const {
    sourceKey: _key,
    epoch: _epoch,
    hardState: _hard,
    lastChangeEvent: _event,
    acknowledgement,
    ...shown
  } = check;
  return {
    ...shown,
    checkedAt: iso(check.checkedAt),
    changedAt: iso(check.changedAt),
    nextAt: check.enabled ? iso(check.nextAt) : null,
    acknowledged: acknowledgement,
  };
}

type Surroundings = RunSurroundings & { projects: ProjectDirectory };

/** The handlers of the room's contract. */
export const monitoringRoutes = (around: Surroundings): MountedContract =>
  mountOn(monitoringApi, around.database, (database) => handlersOf({ ...around, database }));

function handlersOf(around: Surroundings): Handlers<typeof monitoringApi.operations> {
  const { database } = around;
  const projectIdOf = async (project: string): Promise<string> => {
    const found = await around.projects.find(project);
    if (!found) throw new Fault('missing', `There is no project ${project}`, { code: 'monitoring.project-not-found' });
    return found.id;
  };
  return {
    async listChecks({ query }) {
      const projectId = query.project === undefined ? undefined : await projectIdOf(query.project);
      const { rows, next } = await listChecks(database, { ...query, projectId }, query);
      return { items: rows.map(present), next };
    },
    getCheck: async ({ params }) => present(await getCheck(around, params.id)),
    async createCheck({ body, actor }) {
      const { project, ...settings } = body;
      return present(await createCheck(around, project === null ? null : await projectIdOf(project), settings, actor));
    },
    updateCheck: async ({ params, body, ifMatch, actor }) =>
      present(await updateCheck(around, params.id, body, ifMatch, actor)),
    async deleteCheck({ params, actor }) {
      await removeCheck(around, params.id, actor);
      return { done: true as const };
    },
    runCheck: async ({ params }) => present(await runNow(around, params.id)),
    acknowledgeCheck: async ({ params, body, actor }) =>
      present(await acknowledgeCheck(around, params.id, body.comment, actor)),
    async listTransitions({ params, query }) {
      await getCheck(around, params.id);
      const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor, ['number'])[0];
      const rows = await listTransitions(database, params.id, before, query.limit + 1);
      const shown = rows.slice(0, query.limit);
      const items = shown.map((row) => ({ ...row, id: String(row.id), at: new Date(row.at).toISOString() }));
      return { items, next: rows.length > query.limit ? encodeCursor([shown.at(-1)!.id]) : null };
    },
  };
}
