import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../platform/observe/log.ts';
import type { Loop } from '../platform/room.ts';

/** How often the engine is asked for its bridge: it may come later than the server, or come back with another address. */
const lookMs = 15_000;

export interface ContainerIntake {
  /** Listens on the bridge if there is one that is not listened on yet. Never rejects: without it only containers miss something. */
  look(): Promise<void>;
  loop: Loop;
  close(): Promise<void>;
}

interface Listening {
  close(): Promise<unknown>;
}

/** An intake's listener on the container engine's bridge, where services in containers find it. */
export function containerIntake(deps: {
  bridgeAddress: () => Promise<string | undefined>;
  /** Listens on an address; rejects when it cannot. */
  listen: (address: string) => Promise<Listening>;
  /** `intake`, `syslog`...: what is said to be missing when it cannot be had. */
  name: string;
  log: Log;
}): ContainerIntake {
  const { log, name } = deps;
  let open: { address: string; listening: Listening } | undefined;
  let complained = '';

  const look = async (): Promise<void> => {
    const address = await deps.bridgeAddress();
    if (address === undefined || address === open?.address) return;
    let listening: Listening;
    try {
      listening = await deps.listen(address);
    } catch (error) {
      // An engine on another machine, or one whose bridge is being made: containers cannot report, everything else goes on.
      if (complained !== address)
        log.warn({ err: error, address, name }, 'services in containers cannot be listened to');
      complained = address;
      return;
    }
    await open?.listening.close();
    open = { address, listening };
    complained = '';
  };

  return {
    look,
    loop: {
      name: `app.container-${name}`,
      async run(signal) {
        while (!signal.aborted) {
          await pause(lookMs, undefined, { signal }).catch(() => undefined);
          if (!signal.aborted) await look();
        }
      },
    },
    async close() {
      await open?.listening.close();
      open = undefined;
    },
  };
}
