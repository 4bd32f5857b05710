import type { Deployments, deploymentEvents } from '../deployments/index.ts';
import { system } from '../kernel/events.ts';
import type { Monitoring, WatchedService } from '../monitoring/index.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';

type Deployed = EventData<typeof deploymentEvents, 'deployment.succeeded'>;

/** What was deployed is watched: each service the gateway answers for gets a check of its address, without anybody asking. */
export function watchDeployedServices(deployments: Deployments, monitoring: Monitoring): Subscription {
  return {
    name: 'watch-deployed-services',
    types: ['deployments.deployment.succeeded', 'deployments.deployment.rolled_back'],
    async handle(event) {
      const { environmentId } = event.data as Deployed;
      if (!event.projectId) return;
      const environment = (await deployments.environments(event.projectId)).find((one) => one.id === environmentId);
      if (!environment) return;
      const services: WatchedService[] = environment.services.flatMap((service) =>
        service.url ? [{ service: service.name, target: { kind: 'http' as const, url: service.url } }] : [],
      );
      await monitoring.syncServiceChecks({
        projectId: event.projectId,
        environment: environment.name,
        services,
        causes: [event.id],
        actor: system('watch-deployed-services'),
      });
    },
  };
}
