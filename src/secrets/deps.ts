import type { Clock } from '../kernel/clock.ts';
import type { Keyring } from '../platform/crypto/keyring.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { Projects } from '../projects/index.ts';

/** What the secrets room needs of the house. */
export interface SecretsDeps {
  database: Database;
  clock: Clock;
  log: Log;
  keyring: Keyring;
  projects: Pick<Projects, 'get'>;
  /** Address of this server, as the issuer of jobs’ tokens. */
  publicUrl: () => string;
}
