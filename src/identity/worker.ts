import { setTimeout as sleep } from 'node:timers/promises';
import type { IdentityDeps } from './deps.ts';
import { deleteExpired } from './store.ts';

const everyMs = 3_600_000;

/** Removes expired sessions, links, tokens and old sign-in attempts once an hour. Any number of servers may do it. */
export async function cleanUp(deps: IdentityDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await deleteExpired(deps.database, deps.clock.now());
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
