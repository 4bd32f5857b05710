import type { Clock } from '../../kernel/clock.ts';
import { pause } from '../../kernel/pause.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { Loop } from '../../platform/room.ts';
import type { Store } from '../store.ts';
import { planRemovals, readDays } from './retention.ts';
import { isRemoving, readPartitions, remove } from './stored.ts';

/** How often it is looked at what is too old. */
const lookMs = 600_000;

/** Removes what is older than it is kept, once. Nothing happens while the last removal is still being carried out. */
export async function sweep(database: Database, store: Store, now: number): Promise<void> {
  if (await isRemoving(store)) return;
  await remove(store, planRemovals(await readPartitions(store), await readDays(database), now));
}

/** Keeps what is stored within its days. `changed` is told of new days, so that they hold at once. */
export function keepLoop(deps: { database: Database; store: Store; ready: Promise<void>; clock: Clock; log: Log }): {
  loop: Loop;
  changed: () => void;
} {
  const { database, store, clock, log } = deps;
  let wake: () => void = () => {};
  return {
    changed: () => wake(),
    loop: {
      name: 'telemetry.keep',
      async run(signal) {
        const aborted = new Promise<void>((resolve) => {
          if (signal.aborted) resolve();
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
        await Promise.race([deps.ready, aborted]);
        while (!signal.aborted) {
          const woken = new Promise<void>((resolve) => {
            wake = resolve;
          });
          await sweep(database, store, clock.now()).catch((error: unknown) =>
            log.warn({ err: error }, 'what is too old could not be removed; it is tried again'),
          );
          await pause(lookMs, signal, woken);
        }
      },
    },
  };
}
