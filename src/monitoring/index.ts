import type { Actor } from '../kernel/events.ts';
import type { Room } from '../platform/room.ts';
import { syncServiceChecks, type WatchedService } from './change.ts';
import { monitoringEvents } from './events.ts';
import { monitoringMigrations } from './migrations/index.ts';
import type { ProjectDirectory } from './port.ts';
import { monitoringRoutes } from './routes.ts';
import type { RunSurroundings } from './run.ts';
import { checkLoop } from './worker.ts';

export type { WatchedService } from './change.ts';
export type { HttpTarget } from './probe.ts';

export interface MonitoringDeps extends RunSurroundings {
  projects: ProjectDirectory;
}

/** The monitoring room's door. */
export interface Monitoring {
  room: Room;
  /**
   * Makes the derived checks of an environment exactly those of `services`; called by a flow after a deployment. Idempotent.
   * `causes` are ids of facts, nearest first.
   */
  syncServiceChecks(wanted: {
    projectId: string;
    environment: string;
    services: WatchedService[];
    causes: string[];
    actor: Actor;
  }): Promise<void>;
}

export function createMonitoring(deps: MonitoringDeps): Monitoring {
  return {
    room: {
      name: 'monitoring',
      migrations: monitoringMigrations,
      events: [monitoringEvents],
      contracts: [monitoringRoutes(deps)],
      intakes: [],
      loops: [checkLoop(deps)],
      subscriptions: [],
    },
    syncServiceChecks: (wanted) => syncServiceChecks(deps, wanted),
  };
}
