import type { EventEnvelope } from '../../kernel/events.ts';
import { pause } from '../../kernel/pause.ts';
import type { Log } from '../observe/log.ts';
import type { Database } from '../postgres/database.ts';
import { sql } from '../postgres/sql.ts';
import { type EventFilter, eventsChannel, readEventsAfter } from './log.ts';

export interface Subscription {
  /** Durable: the cursor is kept under this name. Renaming starts from the beginning. */
  name: string;
  /** Whole types, or prefixes ending in `.`. */
  types: string[];
  /**
   * Called once for each fact in log order (so in order per subject), one at a time; again after a crash, so it must be
   * idempotent by event id. A rejection is tried again with back-off; after `maxAttempts` the fact is parked and named
   * in the log, and the subscription goes on.
   */
  handle: (event: EventEnvelope) => Promise<void>;
  maxAttempts?: number;
  /** Where a subscription that never ran begins: the whole log, or only what comes from now on. Default `beginning`. */
  from?: 'beginning' | 'now';
}

const backoffMs = (attempt: number): number => Math.min(30_000, 100 * 2 ** attempt);

/**
 * Runs one subscription until `signal` aborts. Several servers may run it: an advisory lock lets one at a time work.
 * Wakes by NOTIFY, and looks every 2 s in case a notification was lost.
 */
export async function runSubscription(
  database: Database,
  subscription: Subscription,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  let wake: () => void = () => {};
  const stopListening = await database.listen(eventsChannel, () => wake());
  const holder = database.lock(`subscription:${subscription.name}`);
  await database.execute(sql`
    insert into platform_subscriptions (name, position)
    values (${subscription.name}, ${
      subscription.from === 'now' ? sql`(select coalesce(max(position), 0) from platform_events)` : sql`0`
    })
    on conflict do nothing`);
  try {
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      let outcome: 'idle' | 'more' | number;
      try {
        // Another server that holds the lock does the work; this one looks again later, in case it dies.
        outcome = (await holder.held()) ? await drainOnce(database, subscription, log, signal) : 'idle';
      } catch (error) {
        log.warn({ err: error, subscription: subscription.name }, 'subscription cannot reach its store; trying again');
        outcome = 1000;
      }
      if (outcome === 'more') continue;
      // A failing fact waits out its back-off; new facts may not cut it short.
      await (outcome === 'idle' ? pause(2000, signal, woken) : pause(outcome, signal));
    }
  } finally {
    stopListening();
    await holder.release();
  }
}

/** One batch. Resolves to `idle`, `more`, or the milliseconds to wait before trying a failed fact again. */
async function drainOnce(
  database: Database,
  subscription: Subscription,
  log: Log,
  signal: AbortSignal,
): Promise<'idle' | 'more' | number> {
  const filter: EventFilter = { types: subscription.types };
  const cursor = await database.first<{ position: number; attempts: number }>(
    sql`select position, attempts from platform_subscriptions where name = ${subscription.name}`,
  );
  if (!cursor) return 'idle';
  const events = await readEventsAfter(database, cursor.position, filter, 100);
  let attempts = cursor.attempts;
  for (const event of events) {
    if (signal.aborted) return 'idle';
    try {
      await subscription.handle(event);
    } catch (error) {
      attempts += 1;
      const message = error instanceof Error ? error.message : String(error);
      if (attempts < (subscription.maxAttempts ?? 8)) {
        await database.execute(sql`
          update platform_subscriptions set attempts = ${attempts}, last_error = ${message}
          where name = ${subscription.name}`);
        log.warn(
          { err: error, subscription: subscription.name, event: event.id, type: event.type, attempts },
          'a flow failed; it will be tried again',
        );
        return backoffMs(attempts);
      }
      log.error(
        { err: error, subscription: subscription.name, event: event.id, type: event.type },
        'a flow failed for good; the event is parked',
      );
      await database.execute(sql`
        insert into platform_parked_events (subscription, position, error)
        values (${subscription.name}, ${event.position}, ${message}) on conflict do nothing`);
    }
    attempts = 0;
    await database.execute(sql`
      update platform_subscriptions set position = ${event.position}, attempts = 0, last_error = null, updated_at = now()
      where name = ${subscription.name} and position < ${event.position}`);
  }
  return events.length === 100 ? 'more' : 'idle';
}
