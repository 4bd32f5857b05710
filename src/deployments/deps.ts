import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../platform/observe/log.ts';
import type { TelemetrySink } from '../platform/observe/telemetry-sink.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { Commits, EnvironmentSecrets, IntakeAddresses, Runtime, ServiceLoader, Verification } from './port.ts';

/** What the room is built from. */
export interface DeploymentsDeps {
  database: Database;
  clock: Clock;
  log: Log;
  /** Builds are unpacked below `<dataDir>/deployments/`. */
  dataDir: string;
  telemetry: TelemetrySink;
  /** In order of preference; the first that is available when a release is built runs it from then on. */
  runtimes: readonly Runtime[];
  loader: ServiceLoader;
  verification: Verification;
  intake: IntakeAddresses;
  commits: Commits;
  secrets: EnvironmentSecrets;
  /** Names this server in leases; unique among the servers of one database. */
  serverId: string;
  /** How many releases of an environment keep what was built of them. */
  keepReleases?: number | undefined;
  /** False while no further build should begin here: the disk is full. */
  hasRoom?: (() => boolean) | undefined;
}
