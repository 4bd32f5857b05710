import { type AddressInfo, createServer } from 'node:net';

/**
 * A TCP port of loopback that nobody listens on at this moment. Another program may take it before the caller does: for what must be
 * told its port before it starts. Rejects with the operating system's error when it has none left.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
