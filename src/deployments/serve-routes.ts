import { Fault } from '../kernel/faults.ts';
import type { DeploymentsDeps } from './deps.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { Route, Target } from './gateway/routes.ts';
import type { ServiceSpec } from './port.ts';
import type { DeploymentRow } from './store/deployments.ts';
import { findDeployments } from './store/deployments.ts';
import { type EnvironmentRow, listEnvironments } from './store/environments.ts';
import { type InstanceRow, listInstances } from './store/instances.ts';
import { findReleases, type ReleaseRow } from './store/releases.ts';

/** The service that answers at the environment's own host: `web`, else the first application service with a port. */
export function mainService(services: readonly ServiceSpec[]): ServiceSpec | undefined {
  const reachable = services.filter((service) => service.kind === 'application' && service.ports.length > 0);
  return reachable.find((service) => service.name === 'web') ?? reachable[0];
}

/** A service name as a host label: underscores are not allowed there. */
const label = (name: string): string => name.toLowerCase().replace(/[^a-z0-9-]/g, '-');

export const environmentHost = (environment: string, project: string): string =>
  `${label(environment)}.${project}.localhost`;
export const serviceHost = (service: string, environment: string, project: string): string =>
  `${label(service)}.${environmentHost(environment, project)}`;

/** What the gateway answers for in one environment. Pure: the same rows make the same routes. */
export function routesOf(input: {
  environment: Pick<EnvironmentRow, 'projectId' | 'name' | 'plan'>;
  project: { slug: string };
  active: Pick<DeploymentRow, 'id'>;
  release: Pick<ReleaseRow, 'version' | 'services' | 'file'>;
  instances: readonly InstanceRow[];
}): Route[] {
  const { environment, project, active, release } = input;
  const own = environmentHost(environment.name, project.slug);
  const targetsOf = (service: string): Target[] =>
    input.instances.flatMap((instance) =>
      instance.deploymentId === active.id &&
      instance.service === service &&
      instance.state === 'running' &&
      instance.host !== null &&
      instance.port !== null
        ? [
            {
              instanceId: instance.instanceId,
              host: instance.host,
              port: instance.port,
              healthy: instance.health === 'healthy',
            },
          ]
        : [],
    );
  const route = (service: string, host: string, path = '/', stripPath = false): Route => ({
    host,
    path,
    stripPath,
    projectId: environment.projectId,
    environment: environment.name,
    service,
    group: active.id,
    release: release.version,
    targets: targetsOf(service),
  });
  const reachable = release.services.filter((service) => service.kind === 'application' && service.ports.length > 0);
  const known = new Set(reachable.map((service) => service.name));
  const plan = release.file?.environments.find((each) => each.name === environment.name) ?? environment.plan;
  const written = plan.routes
    .filter((each) => known.has(each.service))
    .map((each) => route(each.service, each.host ?? own, each.path, each.stripPath));
  const main = mainService(release.services);
  return [
    ...written,
    ...(main ? [route(main.name, own)] : []),
    ...reachable.map((service) => route(service.name, serviceHost(service.name, environment.name, project.slug))),
  ];
}

/** A project that was just deleted has no routes; those of the others hold. */
async function projectOf(deps: Pick<DeploymentsDeps, 'commits'>, id: string): Promise<{ slug: string } | undefined> {
  try {
    return await deps.commits.get(id);
  } catch (error) {
    if (error instanceof Fault && error.kind === 'missing') return undefined;
    throw error;
  }
}

/** Reads all environments and gives the gateway their routes. Calls while one is under way share the next run. */
export function createRouteRefresh(
  deps: Pick<DeploymentsDeps, 'database' | 'commits'>,
  gateway: Gateway,
): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const refresh = async (): Promise<void> => {
    const environments = (await listEnvironments(deps.database)).filter((each) => each.activeDeployment !== null);
    const instances = await listInstances(
      deps.database,
      environments.map((each) => each.id),
    );
    const active = new Map(
      (
        await findDeployments(
          deps.database,
          environments.map((each) => each.activeDeployment!),
        )
      ).map((row) => [row.id, row]),
    );
    const releaseIds = [...new Set([...active.values()].map((row) => row.releaseId))];
    const releases = new Map((await findReleases(deps.database, releaseIds)).map((row) => [row.id, row]));
    const routes: Route[] = [];
    for (const environment of environments) {
      const deployment = active.get(environment.activeDeployment!);
      const release = deployment && releases.get(deployment.releaseId);
      if (!deployment || !release) continue;
      const project = await projectOf(deps, environment.projectId);
      if (!project) continue;
      const mine = instances.filter((instance) => instance.environmentId === environment.id);
      routes.push(...routesOf({ environment, project, active: deployment, release, instances: mine }));
    }
    gateway.apply(routes);
  };
  return () => {
    if (!running) {
      running = refresh().finally(() => {
        running = undefined;
      });
      return running;
    }
    // The run under way may have read before the caller's change.
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        running = refresh().finally(() => {
          running = undefined;
        });
        return running;
      });
    return next;
  };
}
