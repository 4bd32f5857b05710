import type { Server } from 'node:net';
import { eventsChannel } from '../platform/events/log.ts';
import { moveListener } from '../platform/http/listener.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { Loop } from '../platform/room.ts';

/** How often it looks whether there is an owner, in case a wake-up was lost. */
const lookMs = 2000;

/** Lets the listeners listen where the settings say as soon as there is an owner; until then they are on loopback. */
export function frontDoor(deps: {
  listeners: Server[];
  host: string;
  database: Database;
  ownerExists: () => Promise<boolean>;
  log: Log;
}): Loop {
  return {
    name: 'app.front-door',
    async run(signal) {
      let wake: () => void = () => {};
      const stopListening = await deps.database.listen(eventsChannel, () => wake());
      signal.addEventListener('abort', () => wake(), { once: true });
      try {
        while (!signal.aborted && !(await deps.ownerExists())) await nextLook((woken) => (wake = woken));
      } finally {
        stopListening();
      }
      if (signal.aborted) return;
      for (const listener of deps.listeners) await moveListener(listener, deps.host);
      deps.log.info({ host: deps.host }, 'there is an owner: listening where the settings say');
      // A loop that ends is started again, and there is nothing more to do.
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  };
}

function nextLook(give: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, lookMs);
    give(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
