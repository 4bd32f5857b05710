import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';

/** What the identity room needs of the house. */
export interface IdentityDeps {
  database: Database;
  clock: Clock;
  log: Log;
  /** How people reach this server, without a slash at the end; asked each time, since the port may be known late. */
  publicUrl: () => string;
}
