import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import type { Fault } from '../kernel/faults.ts';
import { openLog } from '../platform/observe/log.ts';
import type { SocketIntake } from '../platform/sockets/socket-intake.ts';
import { openSockets } from './open-sockets.ts';

const log = openLog({ level: 'silent' });

/** A protocol that says hello over TCP. */
const hello: SocketIntake = {
  name: 'hello',
  authentication: 'none',
  async listen(host, port) {
    const server = createServer((socket) => socket.destroy()).listen({ host, port });
    await once(server, 'listening');
    return {
      port: (server.address() as AddressInfo).port,
      close: () => new Promise<void>((resolve) => server.close(() => resolve())),
    };
  },
};

it('a port somebody asked for must be free; a usual one may be another’s', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const at = (chosen: boolean) => ({
    sockets: [{ intake: hello, at: { port, chosen }, variable: 'MILLRACE_HELLO_PORT' }],
    host: '127.0.0.1',
    bridgeAddress: async () => undefined,
    log,
  });
  await expect(openSockets(at(true))).rejects.toMatchObject({ code: 'app.port-in-use' } satisfies Partial<Fault>);
  const without = await openSockets(at(false));
  expect(without.loops).toEqual([]);
  await without.close();
  await new Promise((resolve) => other.close(resolve));
  const served = await openSockets({ ...at(true), bridgeAddress: async () => '127.0.0.9' });
  for (const host of ['127.0.0.1', '127.0.0.9']) {
    // It connects, or this rejects.
    const socket = connect(port, host);
    await once(socket, 'connect');
    socket.destroy();
  }
  await served.close();
});
