import { once } from 'node:events';
import { type AddressInfo, Server } from 'node:net';

/**
 * Lets a listening server listen on another address with the same port, without a word to those it serves already. When the
 * address cannot be had it stays where it is, and the promise rejects with the system's error (`EADDRNOTAVAIL`, ...).
 */
export async function moveListener(server: Server, host: string): Promise<void> {
  const { address, port } = server.address() as AddressInfo;
  if (address === host) return;
  // A wildcard address and loopback exclude each other, so the old one is given up first. Only the listening socket is:
  // an HTTP server's own `close` would end idle connections and the watch over slow headers too.
  Server.prototype.close.call(server);
  try {
    await listenAgain(server, host, port);
  } catch (error) {
    await listenAgain(server, address, port);
    throw error;
  }
}

async function listenAgain(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port });
  await once(server, 'listening');
}
