import { readFile } from 'node:fs/promises';
import { Fault } from '../../kernel/faults.ts';
import { type DockerEngine, engineStatus } from './client.ts';
import { type Block, chooseSubnet, defaultNetworkRange, parseBlock, routedBlocks } from './subnets.ts';

/** How often another choice is made when somebody else took the one before. */
const attempts = 20;

/**
 * Makes a bridge network with a small subnet of the range, which the engine's own pools (30 networks or so) would not allow. Where
 * the range is used up, or lies within a route of this machine, the engine chooses. Nothing happens to a network that is there.
 */
export async function ensureNetwork(
  docker: DockerEngine,
  name: string,
  labels: Record<string, string>,
  range = defaultNetworkRange,
): Promise<void> {
  if (await exists(docker, name)) return;
  const refused: Block[] = [];
  for (let attempt = 0; ; attempt += 1) {
    const subnet =
      attempt < attempts
        ? chooseSubnet(parseBlock(range)!, name, [...(await takenBlocks(docker)), ...refused])
        : undefined;
    try {
      await docker.createNetwork({
        Name: name,
        Driver: 'bridge',
        CheckDuplicate: true,
        Labels: labels,
        ...(subnet === undefined ? {} : { IPAM: { Driver: 'default', Config: [{ Subnet: subnet }] } }),
      });
      return;
    } catch (error) {
      if (engineStatus(error) === 409 && (await exists(docker, name))) return;
      const words = error instanceof Error ? error.message : '';
      if (subnet !== undefined && /overlap/i.test(words)) {
        refused.push(parseBlock(subnet)!);
        continue;
      }
      if (subnet !== undefined || !/address pool/i.test(words)) throw error;
      throw new Fault('unavailable', 'The container engine has no addresses left for another network', {
        code: 'docker.no-addresses',
        hint: `All of ${range} is in use or routed elsewhere. Set MILLRACE_NETWORKS to a larger range, or remove networks nobody needs.`,
        cause: error,
      });
    }
  }
}

async function exists(docker: DockerEngine, name: string): Promise<boolean> {
  try {
    await docker.getNetwork(name).inspect();
    return true;
  } catch (error) {
    if (engineStatus(error) === 404) return false;
    throw error;
  }
}

/** What the engine's networks and the routes of this machine occupy. */
async function takenBlocks(docker: DockerEngine): Promise<Block[]> {
  const [networks, routes] = await Promise.all([
    docker.listNetworks(),
    readFile('/proc/net/route', 'utf8').catch(() => ''),
  ]);
  const subnets = networks.flatMap((network) => (network.IPAM?.Config ?? []).map(({ Subnet }) => Subnet));
  return [...subnets.flatMap((subnet) => parseBlock(subnet ?? '') ?? []), ...routedBlocks(routes)];
}
