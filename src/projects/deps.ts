import type { Identity } from '../identity/index.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Keyring } from '../platform/crypto/keyring.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { Forge, RemoteTokens } from './port.ts';

/** What the projects room needs of the house. */
export interface ProjectsDeps {
  database: Database;
  clock: Clock;
  log: Log;
  /** Repositories lie in `<dataDir>/repos`, receipts of pushes in `<dataDir>/receipts`, git's hooks in `<dataDir>/hooks`. */
  dataDir: string;
  /** How people reach this server, without a slash at the end. */
  publicUrl: () => string;
  identity: Identity;
  keyring: Keyring;
  forges: Forge[];
  remoteTokens: RemoteTokens;
  /** Throws the refusal of pushes while the disk has no room for them. */
  demandRoom?: (() => void) | undefined;
}
