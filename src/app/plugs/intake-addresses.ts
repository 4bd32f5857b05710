import { networkInterfaces } from 'node:os';
import type { IntakeAddresses } from '../../deployments/port.ts';
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

/** This machine's address on the container engine's own bridge, where `host.docker.internal` leads; undefined without one. */
export function containerBridgeAddress(): string | undefined {
  return networkInterfaces().docker0?.find((address) => address.family === 'IPv4')?.address;
}
