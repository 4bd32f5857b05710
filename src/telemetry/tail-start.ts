import type { Clock } from '../kernel/clock.ts';
import { pause } from '../kernel/pause.ts';
import type { Spool } from '../platform/spool/spool.ts';
import type { LogLine } from './api.ts';
import { arrivalOf } from './frames.ts';
import { type LogSearch, searchLogs } from './logs.ts';
import type { Store } from './store.ts';

/** Most lines that are brought after: as many as a viewer keeps. */
const most = 2000;
/** Encoding and syncing a frame take some time between a line's coming and its counting as durable. */
const marginMs = 2000;
/** Lines may tell a time some way before they came. */
const lateMs = 3_600_000;
const lookMs = 100;
/** The store being away, a viewer goes on with what comes. */
const patienceMs = 60_000;

/** Until when what came in is in the store for sure, Unix ms: a search from now on finds it. */
export const storedUntil = (spool: Pick<Spool, 'stats'>, now: number): number => spool.stats().oldestAt ?? now;

/** Where a viewer goes on: where he asked for, or, when his connection broke, at the last line he got (its cursor). */
export function followedUntil(
  since: number | undefined,
  lastEventId: string | string[] | undefined,
): number | undefined {
  const seq = typeof lastEventId === 'string' ? /^\d{1,16}\.(\d{1,16})$/.exec(lastEventId)?.[1] : undefined;
  return seq === undefined ? since : arrivalOf(Number(seq));
}

/**
 * Lines that came in after `since` (Unix ms) and before now, oldest first: those that were durable, but not in the store yet, when somebody
 * asked it, and that came before he followed. Waits until the store has them; empty when the signal aborts or the store stays away.
 */
export async function linesBetween(
  deps: { store: Store; spool: Pick<Spool, 'stats'>; clock: Clock },
  asked: Pick<LogSearch, 'scope' | 'filter'> & { since: number; signal: AbortSignal },
): Promise<LogLine[]> {
  const { clock, spool } = deps;
  const { scope, filter, since, signal } = asked;
  const until = clock.now();
  while (storedUntil(spool, clock.now()) <= until && !signal.aborted) {
    if (clock.now() > until + patienceMs) return [];
    await pause(lookMs, signal);
  }
  if (signal.aborted) return [];
  const { lines } = await searchLogs(deps.store, {
    scope,
    filter,
    window: { since: since - lateMs, until: until + lateMs },
    arrived: { since: since - marginMs, until },
    from: 'newest',
    limit: most,
  });
  return lines;
}
