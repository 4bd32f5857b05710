import type { alertEvents } from '../alerts/index.ts';
import type { Deployments } from '../deployments/index.ts';
import type { Clock } from '../kernel/clock.ts';
import { system } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';

type Opened = EventData<typeof alertEvents, 'incident.opened'>;

/** A release older than this is not blamed for what an alert sees. */
const youngMs = 15 * 60_000;

/**
 * A critical incident of an environment whose release is young takes that release back. An old release is left alone: then
 * something else changed, and going back would only add to the confusion.
 */
export function rollBackOnIncident(deployments: Deployments, clock: Clock): Subscription {
  return {
    name: 'roll-back-on-incident',
    types: ['alerts.incident.opened'],
    async handle(event) {
      const incident = event.data as Opened;
      if (incident.severity !== 'critical' || !incident.environment || !event.projectId) return;
      const environments = await deployments.environments(event.projectId);
      const environment = environments.find((one) => one.name === incident.environment);
      const changedAt = environment?.lastChange ? Date.parse(environment.lastChange.at) : 0;
      if (!environment || clock.now() - changedAt > youngMs) return;
      try {
        await deployments.rollBack({
          environmentId: environment.id,
          reason: `the alert "${incident.name}" opened: ${incident.reason}`,
          causes: [event.id],
          actor: system('roll-back-on-incident'),
        });
      } catch (error) {
        // Nothing earlier was good, or somebody is taking it back already: the incident itself tells people.
        if (!(error instanceof Fault)) throw error;
      }
    },
  };
}
