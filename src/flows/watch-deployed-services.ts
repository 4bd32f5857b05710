import type { Deployments, deploymentEvents } from '../deployments/index.ts';
import { system } from '../kernel/events.ts';
import type { HttpTarget, Monitoring, WatchedService } from '../monitoring/index.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';

type Deployed = EventData<typeof deploymentEvents, 'deployment.succeeded'>;

/** What was deployed is watched: an environment's address gets a check, without anybody asking. */
export function watchDeployedServices(deployments: Deployments, monitoring: Monitoring): Subscription {
  return {
    name: 'watch-deployed-services',
    types: ['deployments.deployment.succeeded', 'deployments.deployment.rolled_back'],
    async handle(event) {
      const { environmentId } = event.data as Deployed;
      if (!event.projectId) return;
      const environment = (await deployments.environments(event.projectId)).find((one) => one.id === environmentId);
      if (!environment) return;
      // The environment's own address is asked; what its other services answer at their roots is nobody's business.
      const main = environment.services.find((service) => service.url !== null);
      const services: WatchedService[] =
        main && environment.url ? [{ service: main.name, target: throughTheGateway(environment.url) }] : [];
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

/**
 * Names below `localhost` mean this machine to browsers, but not to every resolver: the check asks the gateway by address and
 * names the host in the request.
 */
function throughTheGateway(address: string): HttpTarget {
  const url = new URL(address);
  const headers: Record<string, string> = {};
  if (url.hostname.endsWith('.localhost')) {
    headers.host = url.host;
    url.hostname = '127.0.0.1';
  }
  return {
    kind: 'http',
    url: url.href,
    method: 'GET',
    headers,
    // What a service answers at its root is its own affair; an error of the server or the gateway is not.
    expectStatus: ['200-499'],
    expectBody: null,
    warnAfterMs: null,
  };
}
