import type { Database } from '../platform/postgres/database.ts';
import type { Room } from '../platform/room.ts';
import { dashboardsEvents } from './events.ts';
import { dashboardsMigrations } from './migrations/index.ts';
import { dashboardsRoutes } from './routes.ts';
import { deleteOfProject } from './store.ts';
import { type FilesOfPush, syncFiles } from './sync-files.ts';

/** The dashboards room's door. */
export interface Dashboards {
  room: Room;
  /** Makes a project's dashboards of the repository those of a commit; called by a flow after a push. Idempotent. */
  syncFiles(push: FilesOfPush): Promise<void>;
  /** Drops the dashboards of a project that is gone. */
  forgetProject(projectId: string): Promise<void>;
}

export function createDashboards(deps: {
  database: Database;
  projects: { find(project: string): Promise<{ id: string } | undefined> };
}): Dashboards {
  return {
    room: {
      name: 'dashboards',
      migrations: dashboardsMigrations,
      events: [dashboardsEvents],
      contracts: [dashboardsRoutes(deps)],
      intakes: [],
      loops: [],
      subscriptions: [],
    },
    syncFiles: (push) => syncFiles(deps.database, push),
    async forgetProject(projectId) {
      await deleteOfProject(deps.database, projectId);
    },
  };
}
