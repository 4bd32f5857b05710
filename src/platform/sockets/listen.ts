import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, isIPv6, type Socket } from 'node:net';
import type { OpenSocket } from './socket-intake.ts';

export interface TcpLimits {
  connections: number;
  /** A connection that says nothing for so long is closed (ms). */
  idleMs: number;
}

/**
 * Serves TCP connections: each is handed to `serve`, whose end (or failure) ends it. What a connection does wrong harms no other.
 */
export async function listenTcp(
  at: { host: string; port: number; limits: TcpLimits },
  serve: (socket: Socket) => Promise<void>,
): Promise<OpenSocket> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.setTimeout(at.limits.idleMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => open.delete(socket));
    serve(socket).then(
      () => socket.end(),
      () => socket.destroy(),
    );
  });
  server.maxConnections = at.limits.connections;
  server.listen({ host: at.host, port: at.port });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** What the kernel holds for us while we are busy; it may give less. */
const receiveBufferBytes = 4 * 1024 * 1024;

/** Receives datagrams. */
export async function listenUdp(
  at: { host: string; port: number },
  receive: (datagram: Buffer, from: string) => void,
): Promise<OpenSocket> {
  const socket = createSocket({ type: isIPv6(at.host) ? 'udp6' : 'udp4' });
  socket.on('message', (datagram, { address }) => receive(datagram, address));
  socket.bind({ address: at.host, port: at.port });
  await once(socket, 'listening');
  // What an ICMP answer says of a past datagram ends nothing.
  socket.on('error', () => {});
  try {
    socket.setRecvBufferSize(receiveBufferBytes);
  } catch {
    // The kernel's own size then.
  }
  return {
    port: socket.address().port,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** Several that are closed as one; the port is that of the first. */
export const together = (first: OpenSocket, ...others: OpenSocket[]): OpenSocket => ({
  port: first.port,
  close: async () => {
    await Promise.all([first, ...others].map((one) => one.close()));
  },
});
