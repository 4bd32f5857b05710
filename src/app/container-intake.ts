import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
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

/** The intake listener on the container engine's bridge, where services in containers find it. */
export function containerIntake(deps: {
  bridgeAddress: () => Promise<string | undefined>;
  create: () => Promise<FastifyInstance>;
  port: number;
  log: Log;
}): ContainerIntake {
  const { log, port } = deps;
  let open: { address: string; server: FastifyInstance } | undefined;
  let complained = '';

  const look = async (): Promise<void> => {
    const address = await deps.bridgeAddress();
    if (address === undefined || address === open?.address) return;
    const server = await deps.create();
    try {
      await server.listen({ host: address, port });
    } catch (error) {
      await server.close();
      // An engine on another machine, or one whose bridge is being made: containers cannot report, everything else goes on.
      if (complained !== address)
        log.warn({ err: error, address, port }, 'services in containers cannot be listened to');
      complained = address;
      return;
    }
    await open?.server.close();
    open = { address, server };
    complained = '';
  };

  return {
    look,
    loop: {
      name: 'app.container-intake',
      async run(signal) {
        while (!signal.aborted) {
          await pause(lookMs, undefined, { signal }).catch(() => undefined);
          if (!signal.aborted) await look();
        }
      },
    },
    async close() {
      await open?.server.close();
      open = undefined;
    },
  };
}
