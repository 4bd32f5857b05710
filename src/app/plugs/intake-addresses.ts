import type { IntakeAddresses } from '../../deployments/port.ts';
import { openDocker } from '../../integrations/docker/client.ts';
import type { Projects } from '../../projects/index.ts';

/** Where deployed services send errors and telemetry: containers by the name the engine gives this machine, processes by loopback. */
export function intakeAddressesOf(projects: Projects, intakePort: () => number): IntakeAddresses {
  return {
    async forServices({ projectId, runtime }) {
      const host = runtime === 'docker' ? 'host.docker.internal' : '127.0.0.1';
      const base = `http://${host}:${intakePort()}`;
      const { publicKey } = await projects.keyFor(projectId);
      return {
        sentryDsn: await projects.dsn(projectId, base),
        otlpEndpoint: base,
        otlpHeaders: `authorization=Bearer%20${publicKey}`,
      };
    },
  };
}

/**
 * This machine's address on the container engine's own bridge, where `host.docker.internal` leads; undefined without an engine.
 * The engine is asked: the system does not list the interface while no container is on that very bridge.
 */
export async function containerBridgeAddress(): Promise<string | undefined> {
  try {
    const bridge = (await openDocker({ timeoutMs: 3000 }).getNetwork('bridge').inspect()) as {
      IPAM?: { Config?: { Subnet?: string; Gateway?: string }[] };
    };
    const config = bridge.IPAM?.Config?.find((one) => one.Subnet?.includes('.'));
    // Old engines name the subnet only; its first address is the bridge's.
    return config?.Gateway ?? config?.Subnet?.replace(/\d+\/\d+$/, '1');
  } catch {
    return undefined;
  }
}
