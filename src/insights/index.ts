import type { EventEnvelope } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import {
  type EventFilter,
  eventsChannel,
  readChain,
  readEvent,
  readEventsAfter,
  readEventsBefore,
} from '../platform/events/log.ts';
import { type HttpIntake, mount } from '../platform/http/contract.ts';
import { numberCursor } from '../platform/http/cursor.ts';
import { openEventStream } from '../platform/http/event-stream.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { Room } from '../platform/room.ts';
import { insightsContract } from './api.ts';

export interface InsightsDependencies {
  database: Database;
  log: Log;
}

const shown = (event: EventEnvelope) => ({
  ...event,
  at: new Date(event.at).toISOString(),
  data: event.data as Record<string, unknown>,
});

/** The timeline: the event log as people read it, with causes and effects, and live. */
export function createInsights({ database, log }: InsightsDependencies): { room: Room } {
  const contract = mount(insightsContract, {
    async listEvents({ query }) {
      const filter: EventFilter = {
        projectId: query.projectId,
        types: query.types?.split(',').filter(Boolean),
        subject: query.subject,
        since: query.since ? Date.parse(query.since) : undefined,
        until: query.until ? Date.parse(query.until) : undefined,
      };
      const items = await readEventsBefore(database, numberCursor(query.cursor), filter, query.limit);
      return {
        items: items.map(shown),
        next: items.length === query.limit ? String(items.at(-1)!.position) : null,
      };
    },
    async getEvent({ params }) {
      const event = await readEvent(database, params.eventId);
      if (!event) throw new Fault('missing', 'There is no such event', { code: 'insights.event-not-found' });
      const { causes, effects } = await readChain(database, params.eventId);
      return { event: shown(event), causes: causes.map(shown), effects: effects.map(shown) };
    },
  });
  return {
    room: {
      name: 'insights',
      migrations: [],
      events: [],
      contracts: [contract],
      intakes: [eventStreamIntake(database, log)],
      loops: [],
      subscriptions: [],
    },
  };
}

/** Live updates for browsers: every fact as it commits, resumed from Last-Event-ID (a log position). */
function eventStreamIntake(database: Database, log: Log): HttpIntake {
  const watchers = new Set<() => void>();
  let listening: Promise<unknown> | undefined;
  return {
    name: 'event-stream',
    authentication: 'session or API token, role viewer',
    reachableByServices: false,
    register(scope) {
      scope.get('/api/v1/events/stream', async (request, reply) => {
        if (!request.principal) {
          throw new Fault('unauthenticated', 'Live updates need someone signed in', {
            code: 'insights.stream-sign-in',
          });
        }
        const { scopes } = request.principal;
        if (scopes !== null && !scopes.some((scope) => /^insights(:read)?$/.test(scope))) {
          throw new Fault('forbidden', 'This token does not reach the event log', {
            code: 'insights.stream-scope',
            hint: 'Make a token with the scope "insights:read".',
          });
        }
        const { projectId, types } = request.query as { projectId?: string; types?: string };
        const filter: EventFilter = { projectId: projectId || undefined, types: types?.split(',').filter(Boolean) };
        listening ??= database
          .listen(eventsChannel, () => {
            for (const watcher of watchers) watcher();
          })
          .catch((error: unknown) => {
            // The store is away: the next viewer tries again.
            listening = undefined;
            throw error;
          });
        await listening;
        const stream = openEventStream(request, reply);
        const resume = Number(request.headers['last-event-id']);
        let position = Number.isSafeInteger(resume) && resume > 0 ? resume : await newestPosition(database);
        let running = false;
        let again = false;
        const pump = async (): Promise<void> => {
          if (running) {
            again = true;
            return;
          }
          running = true;
          try {
            do {
              again = false;
              const events = await readEventsAfter(database, position, filter);
              for (const event of events) {
                if (!stream.send({ id: String(event.position), event: 'fact', data: shown(event) }))
                  return stream.close();
                position = event.position;
              }
              if (events.length > 0) again = true;
            } while (again && !stream.signal.aborted);
          } catch (error) {
            log.warn({ err: error }, 'a live viewer could not be fed; it will reconnect');
            stream.close();
          } finally {
            running = false;
          }
        };
        const wake = (): void => void pump();
        watchers.add(wake);
        // A fact can stay hidden behind a transaction that is still open when its notification comes: look again soon.
        const timer = setInterval(wake, 1000);
        stream.signal.addEventListener('abort', () => {
          watchers.delete(wake);
          clearInterval(timer);
        });
        wake();
        return reply;
      });
    },
  };
}

/** Before whatever an open transaction may still commit: of that, a viewer who comes now wants to hear. */
async function newestPosition(database: Database): Promise<number> {
  const row = await database.first<{ position: number }>(
    sql`select coalesce(max(position), 0) as position from platform_events
      where xid < pg_snapshot_xmin(pg_current_snapshot())`,
  );
  return row?.position ?? 0;
}
