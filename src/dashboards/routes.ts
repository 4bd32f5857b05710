import { Fault } from '../kernel/faults.ts';
import { type Handlers, type MountedContract, mountOn } from '../platform/http/contract.ts';
import type { Database } from '../platform/postgres/database.ts';
import { type DashboardSummary, type DashboardView, dashboardsApi } from './api.ts';
import { createDashboard, getDashboard, removeDashboard, updateDashboard } from './change.ts';
import { type DashboardRow, listDashboards } from './store.ts';

function summarise({ document, ...row }: DashboardRow): DashboardSummary {
  return {
    ...row,
    description: document.description,
    pages: document.pages.length,
    widgets: document.pages.reduce((sum, page) => sum + page.widgets.length, 0),
    source: row.path === null ? 'person' : 'repository',
    updatedAt: new Date(row.updatedAt).toISOString(),
  };
}

const present = (row: DashboardRow): DashboardView => ({ ...summarise(row), document: row.document });

interface Surroundings {
  database: Database;
  projects: { find(project: string): Promise<{ id: string } | undefined> };
}

/** The handlers of the room's contract. */
export const dashboardsRoutes = (around: Surroundings): MountedContract =>
  mountOn(dashboardsApi, around.database, (database) => handlersOf({ ...around, database }));

function handlersOf({ database, projects }: Surroundings): Handlers<typeof dashboardsApi.operations> {
  const projectIdOf = async (project: string): Promise<string> => {
    const found = await projects.find(project);
    if (!found) throw new Fault('missing', `There is no project ${project}`, { code: 'dashboards.project-not-found' });
    return found.id;
  };
  return {
    async listDashboards({ query }) {
      const projectId = query.project === undefined ? undefined : await projectIdOf(query.project);
      const { rows, next } = await listDashboards(database, projectId, query);
      return { items: rows.map(summarise), next };
    },
    getDashboard: async ({ params }) => present(await getDashboard(database, params.id)),
    async createDashboard({ body, actor }) {
      const projectId = body.project === null ? null : await projectIdOf(body.project);
      return present(await createDashboard(database, projectId, body.document, actor));
    },
    updateDashboard: async ({ params, body, ifMatch, actor }) =>
      present(await updateDashboard(database, params.id, body.document, ifMatch, actor)),
    async deleteDashboard({ params, actor }) {
      await removeDashboard(database, params.id, actor);
      return { done: true as const };
    },
  };
}
