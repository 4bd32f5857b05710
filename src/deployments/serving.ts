import type { Queryable } from '../platform/postgres/database.ts';
import { findDeployments } from './store/deployments.ts';
import { listEnvironments } from './store/environments.ts';
import { listInstances } from './store/instances.ts';
import { findReleases } from './store/releases.ts';

/** An instance that serves by now, and how the server reaches the first port of its service. */
export interface ServingInstance {
  projectId: string;
  environment: string;
  service: string;
  release: string;
  instanceId: string;
  host: string;
  port: number;
  /** That port within its container; the same as `port` where the container is reached by its own address. */
  containerPort: number;
  /** Labels of the service in its Compose file. */
  labels: Record<string, string>;
}

/** Every running instance of what environments serve. */
export async function servingInstances(db: Queryable): Promise<ServingInstance[]> {
  const environments = (await listEnvironments(db)).filter((each) => each.activeDeployment !== null);
  const active = await findDeployments(
    db,
    environments.map((each) => each.activeDeployment!),
  );
  const releases = new Map(
    (await findReleases(db, [...new Set(active.map((row) => row.releaseId))])).map((row) => [row.id, row]),
  );
  const instances = await listInstances(
    db,
    environments.map((each) => each.id),
  );
  return instances.flatMap((instance) => {
    const environment = environments.find((each) => each.id === instance.environmentId);
    const deployment = active.find((row) => row.id === environment?.activeDeployment);
    const release = deployment && releases.get(deployment.releaseId);
    const service = release?.services.find((each) => each.name === instance.service);
    const port = service?.ports[0];
    if (!environment || !release || !service || !port || instance.host === null || instance.port === null) return [];
    // Backing services belong to no deployment.
    const isCurrent = instance.deploymentId === null || instance.deploymentId === environment.activeDeployment;
    if (!isCurrent || instance.state !== 'running') return [];
    return [
      {
        projectId: environment.projectId,
        environment: environment.name,
        service: service.name,
        release: release.version,
        instanceId: instance.instanceId,
        host: instance.host,
        port: instance.port,
        containerPort: port.container,
        labels: service.labels,
      },
    ];
  });
}
