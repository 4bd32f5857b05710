import { describeFact } from '../../client/index.ts';
import type { ChangeLog } from '../../errors/port.ts';
import { readEventsBefore } from '../../platform/events/log.ts';
import type { Database } from '../../platform/postgres/database.ts';

const mostFacts = 100;

/** Facts and failed tests, as errors look through them for what brought an issue about. */
export function changeLogOf(database: Database, failuresNaming: ChangeLog['failuresNaming']): ChangeLog {
  return {
    failuresNaming,
    async between(projectId, since, until, types) {
      const events = await readEventsBefore(
        database,
        undefined,
        { projectId, types: [...types], since, until },
        mostFacts,
      );
      return events.map((event) => {
        const data = event.data as Record<string, unknown>;
        const { text, href } = describeFact({ ...event, data });
        const place = typeof data.scope === 'string' ? /^environment:(.+)$/.exec(data.scope)?.[1] : data.environment;
        return {
          eventId: event.id,
          type: event.type,
          at: event.at,
          text,
          href: href ?? `/events/${event.id}`,
          environment: typeof place === 'string' ? place : null,
          service: typeof data.service === 'string' ? data.service : null,
          release: typeof data.version === 'string' ? data.version : null,
          recovered: data.to === 'ok' || data.to === 'pending',
        };
      });
    },
  };
}
