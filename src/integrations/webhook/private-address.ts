import { BlockList, isIP } from 'node:net';

// Two lists, since one list would match an IPv4 address against the IPv6 range that can carry it.
const privateV4 = new BlockList();
const privateV6 = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  privateV4.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['::', 128],
  ['::1', 128],
  // Addresses that carry an IPv4 address inside are judged as a whole: none of them is a name's proper answer.
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  privateV6.addSubnet(network, bits, 'ipv6');
}

/** Whether an IP address is this machine's, this network's, or otherwise not on the public internet (RFC 6890). */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return true;
  return family === 4 ? privateV4.check(address, 'ipv4') : privateV6.check(address, 'ipv6');
}
