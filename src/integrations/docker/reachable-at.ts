import { networkInterfaces } from 'node:os';

interface Attachment {
  IPAddress: string;
  Gateway: string;
}

/**
 * Where this machine reaches a container's port. On a bridge of this very machine that is the container's own address, which
 * needs nothing between the two and lasts while the engine is away (what forwards published ports ends with it); elsewhere,
 * as with an engine in a virtual machine, the port published on loopback.
 */
export function reachableAt(
  networks: Readonly<Record<string, Attachment>>,
  port: string | undefined,
  published: number | string | undefined,
  local: ReadonlySet<string> = localAddresses(),
): { host: string; port: number } | undefined {
  if (!port) return undefined;
  const bridged = Object.values(networks).find(({ IPAddress, Gateway }) => IPAddress !== '' && local.has(Gateway));
  if (bridged) return { host: bridged.IPAddress, port: Number(port) };
  return published === undefined ? undefined : { host: '127.0.0.1', port: Number(published) };
}

const localAddresses = (): Set<string> =>
  new Set(Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address)));
