import type { Clock } from '../kernel/clock.ts';
import type { Keyring } from '../platform/crypto/keyring.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { CauseFinder, Evaluator, Notifier, ProjectDirectory } from './port.ts';

export interface AlertsDeps {
  database: Database;
  clock: Clock;
  log: Log;
  /** Seals the secrets of channels. */
  keyring: Keyring;
  /** This server's id, for the leases of deliveries. */
  owner: string;
  evaluator: Evaluator;
  /** One for each kind of channel. */
  notifiers: Notifier[];
  projects: ProjectDirectory;
  causes?: CauseFinder | undefined;
  /** Address people reach this server at, without a slash at its end. */
  publicUrl: () => string;
}
