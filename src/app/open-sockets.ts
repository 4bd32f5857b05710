import type { Log } from '../platform/observe/log.ts';
import type { Loop } from '../platform/room.ts';
import type { OpenSocket, SocketIntake } from '../platform/sockets/socket-intake.ts';
import { containerIntake } from './container-intake.ts';
import { listening } from './listening.ts';
import type { SocketPort } from './settings.ts';

/** A protocol with a port of its own, and the setting of that port. */
export interface PlacedSocket {
  intake: SocketIntake;
  at: SocketPort;
  variable: string;
}

/**
 * Listens for each protocol that has a port: on the host people are served on, and on the container engine's bridge. What they take is
 * attributed by a key or a setting, so they need not wait for an owner as the web app does.
 */
export async function openSockets(deps: {
  sockets: readonly PlacedSocket[];
  host: string;
  bridgeAddress: () => Promise<string | undefined>;
  log: Log;
}): Promise<{ loops: Loop[]; close(): Promise<void> }> {
  const { host, log } = deps;
  const open: { close(): Promise<unknown> }[] = [];
  const loops: Loop[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  };
  const listen = async ({ intake, at, variable }: PlacedSocket): Promise<OpenSocket | undefined> => {
    const { port } = at;
    if (port === undefined) return undefined;
    try {
      return await listening(() => intake.listen(host, port), { host, port, variable });
    } catch (error) {
      // A collector on this machine may have the usual port; nobody asked for it here.
      if (at.chosen) throw error;
      log.warn({ err: error, name: intake.name, port }, 'another program has this port; the protocol is not served');
      return undefined;
    }
  };
  try {
    for (const socket of deps.sockets) {
      const first = await listen(socket);
      if (!first) continue;
      open.push(first);
      log.info({ name: socket.intake.name, host, port: first.port }, 'listening');
      if (host === '0.0.0.0' || host === '::') continue;
      const forContainers = containerIntake({
        bridgeAddress: deps.bridgeAddress,
        name: socket.intake.name,
        listen: (address) => socket.intake.listen(address, first.port),
        log,
      });
      open.push(forContainers);
      await forContainers.look();
      loops.push(forContainers.loop);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { loops, close };
}
