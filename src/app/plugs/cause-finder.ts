import type { CauseFinder } from '../../alerts/port.ts';
import { describeFact } from '../../client/index.ts';
import { formatDuration } from '../../kernel/durations.ts';
import { readEventsBefore } from '../../platform/events/log.ts';
import type { Database } from '../../platform/postgres/database.ts';

/** How long before an incident a change may lie and still be its probable cause. */
const suspicionMs = 30 * 60_000;

const suspects = [
  'deployments.deployment.switched',
  'deployments.deployment.rolled_back',
  'deployments.variables.changed',
  'errors.issue.opened',
  'errors.issue.regressed',
  'monitoring.check.changed',
];

/** The changes shortly before an incident that touched its environment, newest first. */
export function causeFinderOf(database: Database): CauseFinder {
  return {
    async probableCauses({ projectId, environment, service, at }) {
      if (projectId === null) return [];
      const events = await readEventsBefore(
        database,
        undefined,
        { projectId, types: suspects, since: at - suspicionMs, until: at },
        50,
      );
      return events
        .filter(({ data }) => {
          const about = data as { environment?: string | null; service?: string | null };
          if (environment && about.environment && about.environment !== environment) return false;
          return !(service && about.service && about.service !== service);
        })
        .slice(0, 5)
        .map((event) => ({
          eventId: event.id,
          what: `${formatDuration(at - event.at)} before: ${describeFact({ ...event, data: event.data as Record<string, unknown> }).text}`,
        }));
    },
  };
}
