import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import type { Room } from '../platform/room.ts';
import { type CutRelease, cutRelease } from './cut-release.ts';
import type { DeploymentsDeps } from './deps.ts';
import { deploymentEvents } from './events.ts';
import { findDeploymentOf, type ReleaseDeployment } from './find-deployment.ts';
import { Fleet } from './fleet.ts';
import { forgetProject } from './forget-project.ts';
import { createGateway } from './gateway/gateway.ts';
import { deploymentMigrations } from './migrations/index.ts';
import { Reader } from './read.ts';
import { deploymentRoutes } from './routes.ts';
import { createRouteRefresh } from './serve-routes.ts';
import { type ServingInstance, servingInstances } from './serving.ts';
import { approveDeployment, cancelDeployment, type RollBack, rollBack } from './steer-deployment.ts';
import { findEnvironmentByName } from './store/environments.ts';
import { forgetInstances } from './store/instances.ts';
import type { EnvironmentView } from './views.ts';
import { deploymentLoops, keepUpLock } from './worker.ts';

export type { CutRelease } from './cut-release.ts';
export type { DeploymentsDeps } from './deps.ts';
export { deploymentEvents } from './events.ts';
export { millraceJsonSchema } from './millrace-file.ts';
export { readMillraceFile } from './read-millrace-file.ts';
export type { ServingInstance } from './serving.ts';
export type { RollBack } from './steer-deployment.ts';

/** The door of the deployments room. */
export interface Deployments {
  room: Room;
  /**
   * Asks for a release of a commit; it is built soon, and goes to the environments its branch feeds.
   * Idempotent by run. Facts: `release.requested`, then `release.cut`, `release.failed` or `release.skipped`.
   */
  cutRelease(request: CutRelease): Promise<{ id: string; version: string; number: number }>;
  /**
   * Takes an environment back to its last known good release, or to the named one; acts once for each first cause.
   * Throws `deployments.nothing-to-return-to` when no earlier release was good there.
   * @returns the deployment that does it
   */
  rollBack(request: RollBack): Promise<{ id: string }>;
  approve(request: { deploymentId: string; actor: Actor }): Promise<void>;
  cancel(request: { deploymentId: string; actor: Actor; reason?: string; causes?: string[] }): Promise<void>;
  /** Environments of a project (all when absent) with services, health, instances and what is under way. */
  environments(projectId?: string): Promise<EnvironmentView[]>;
  /** Undefined when the project has no environment of that name. */
  environmentByName(projectId: string, name: string): Promise<{ id: string; name: string } | undefined>;
  /** The latest deployment of a version to an environment (any when null); undefined when Millrace did not deploy it. */
  deploymentOf(projectId: string, version: string, environment: string | null): Promise<ReleaseDeployment | undefined>;
  /** What serves by now, with the address this server reaches it at. */
  servingInstances(): Promise<ServingInstance[]>;
  /** Ends what runs of a deleted project and deletes what is kept of it; data in volumes stays. Idempotent. */
  forgetProject(projectId: string): Promise<void>;
  gateway: {
    /** Takes up the stored routes, then accepts visitors; resolves to the port. */
    listen(port: number, host: string): Promise<number>;
    address(): string | null;
  };
  /** Ends the gateway (requests get `graceMs` to finish), output streams and runtimes. Call after the loops have stopped. */
  close(graceMs: number): Promise<void>;
}

/** Builds the room. Nothing runs until its loops are started and the gateway listens. */
export function createDeployments(deps: DeploymentsDeps): Deployments {
  const gateway = createGateway(deps);
  const fleet = new Fleet(deps);
  const refreshRoutes = createRouteRefresh(deps, gateway);
  const reader = new Reader(deps, gateway);
  const drive = { ...deps, fleet, gateway, refreshRoutes };
  return {
    room: {
      name: 'deployments',
      migrations: deploymentMigrations,
      events: [deploymentEvents],
      contracts: [deploymentRoutes(deps, gateway)],
      intakes: [],
      loops: deploymentLoops(drive),
      subscriptions: [],
    },
    cutRelease: (request) => cutRelease(deps, request),
    rollBack: (request) => rollBack(deps, request),
    approve: async (request) => void (await approveDeployment(deps, request)),
    cancel: async (request) => void (await cancelDeployment(deps, request)),
    environments: (projectId) => reader.environments(projectId),
    environmentByName: (projectId, name) => findEnvironmentByName(deps.database, projectId, name),
    deploymentOf: (projectId, version, environment) => findDeploymentOf(deps.database, projectId, version, environment),
    servingInstances: () => servingInstances(deps.database),
    forgetProject: (projectId) => forgetProject(drive, projectId),
    gateway: {
      async listen(port, host) {
        await forgetEnded(deps);
        await refreshRoutes();
        try {
          return await gateway.listen(port, host);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
          throw new Fault('unavailable', `Port ${port} is taken, so deployed applications cannot be reached`, {
            code: 'deployments.gateway-port',
            hint: 'End what listens there, or set MILLRACE_GATEWAY_PORT.',
            cause: error,
          });
        }
      },
      address: () => gateway.address(),
    },
    async close(graceMs) {
      await gateway.close(graceMs);
      await Promise.all(deps.runtimes.map((runtime) => runtime.close()));
      await fleet.close();
    },
  };
}

/**
 * Forgets instances that ended with the server that started them: their ports may belong to others by now. Those of a server
 * that runs, on the same database, are left alone.
 */
async function forgetEnded(deps: DeploymentsDeps): Promise<void> {
  const keepUp = deps.database.lock(keepUpLock);
  if (!(await keepUp.held())) return;
  const ended = deps.runtimes.filter((runtime) => !runtime.outlivesServer).map((runtime) => runtime.kind);
  await forgetInstances(deps.database, ended);
  await keepUp.release();
}
