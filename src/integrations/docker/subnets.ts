/** A block of IPv4 addresses: the first one as a number, and how many bits of it are common to all. */
export interface Block {
  first: number;
  bits: number;
}

/** Where networks of services are laid out unless a setting says otherwise. */
export const defaultNetworkRange = '10.219.0.0/16';

/** A network of services: 128 addresses, three of which the engine keeps for itself. */
const networkBits = 25;

/** Reads `10.219.0.0/16`; undefined when it is no such block, or none that holds networks. */
export function parseBlock(text: string): Block | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return undefined;
  const [a, b, c, d, bits] = match.slice(1).map(Number) as [number, number, number, number, number];
  if ([a, b, c, d].some((part) => part > 255) || bits > 32) return undefined;
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  return { first: address - (address % sizeOf(bits)), bits };
}

const sizeOf = (bits: number): number => 2 ** (32 - bits);

const printBlock = ({ first, bits }: Block): string =>
  `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${bits}`;

const overlap = (one: Block, other: Block): boolean =>
  one.first < other.first + sizeOf(other.bits) && other.first < one.first + sizeOf(one.bits);

/** Whether a range has room for networks: from a single one to a class A net. */
export const holdsNetworks = (range: Block): boolean => range.bits >= 8 && range.bits <= networkBits;

/**
 * A network of the range that meets nothing that is taken; undefined when there is none left. The search begins at a place the name
 * decides, so that networks made at the same time seldom want the same.
 */
export function chooseSubnet(range: Block, name: string, taken: readonly Block[]): string | undefined {
  const count = 2 ** (networkBits - range.bits);
  const blocking = taken.filter((block) => overlap(block, range));
  let start = 0;
  for (const character of name) start = (start * 31 + character.charCodeAt(0)) % count;
  for (let step = 0; step < count; step += 1) {
    const block = { first: range.first + ((start + step) % count) * sizeOf(networkBits), bits: networkBits };
    if (!blocking.some((other) => overlap(block, other))) return printBlock(block);
  }
  return undefined;
}

/** The blocks this machine has routes to, from Linux's `/proc/net/route`; the default route is none. */
export function routedBlocks(table: string): Block[] {
  const blocks: Block[] = [];
  for (const line of table.split('\n').slice(1)) {
    const [, destination, , , , , , mask] = line.split(/\s+/);
    if (!destination || !mask || !/^[0-9A-F]{8}$/i.test(destination) || !/^[0-9A-F]{8}$/i.test(mask)) continue;
    const bits = [...fromLittleEndian(mask).toString(2)].filter((bit) => bit === '1').length;
    if (bits > 0) blocks.push({ first: fromLittleEndian(destination), bits });
  }
  return blocks;
}

const fromLittleEndian = (hex: string): number => Buffer.from(hex, 'hex').readUInt32LE();
