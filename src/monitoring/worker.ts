import { setTimeout as sleep } from 'node:timers/promises';
import type { Loop } from '../platform/room.ts';
import { type RunSurroundings, runCheck } from './run.ts';
import { claimDue, pruneTransitions, untilDue } from './store.ts';

/** Checks that run at once on one server. */
const concurrency = 16;
/** Beyond a check's own timeout; after it another server takes the check over. */
const leaseMs = 15_000;
const lookAgainMs = 1000;
const pruneEveryMs = 6 * 3_600_000;

/** Runs checks when they are due. Any number of servers may run it: a check is with one at a time. */
export function checkLoop(around: RunSurroundings): Loop {
  return {
    name: 'monitoring.checks',
    async run(signal) {
      const running = new Set<Promise<void>>();
      let prunedAt = 0;
      try {
        while (!signal.aborted) {
          if (Date.now() - prunedAt > pruneEveryMs) {
            prunedAt = Date.now();
            await pruneTransitions(around.database);
          }
          const due = await claimDue(around.database, concurrency - running.size, leaseMs);
          for (const check of due) {
            const work = runCheck(around, check, signal)
              .catch((error) => around.log.warn({ err: error, check: check.id }, 'a check could not be run'))
              .finally(() => running.delete(work));
            running.add(work);
          }
          const full = running.size >= concurrency;
          const pause = full ? lookAgainMs : await untilDue(around.database, lookAgainMs);
          const slept = sleep(Math.max(20, pause), undefined, { signal }).catch(() => {});
          await (full ? Promise.race([slept, ...running]) : slept);
        }
      } finally {
        await Promise.all(running);
      }
    },
  };
}
