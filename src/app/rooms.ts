import { createIdentity, type Identity } from '../identity/index.ts';
import { createInsights } from '../insights/index.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Gatekeeper } from '../platform/http/server.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { Launcher } from '../platform/process/launcher.ts';
import type { Room } from '../platform/room.ts';
import type { Settings } from './settings.ts';

export interface HouseDependencies {
  database: Database;
  clickhouseUrl: string;
  launcher: Launcher;
  log: Log;
  settings: Settings;
  serverId: string;
  /** How people reach the server; known once it listens. */
  publicUrl: () => string;
  /** Registers what must be closed, in reverse order, when the program stops. */
  onStop: (name: string, undo: () => Promise<unknown>) => void;
}

/** Every room with its ports plugged, and the flows between them. */
export interface House {
  identity: Identity;
  rooms: Room[];
  flows: Subscription[];
}

/** Builds the rooms in the order of their dependencies. Nothing runs yet. */
export async function buildHouse(deps: HouseDependencies): Promise<House> {
  const { database, publicUrl } = deps;
  const clock = systemClock;
  const logOf = (room: string): Log => deps.log.child({ room });

  const identity = createIdentity({ database, clock, log: logOf('identity'), publicUrl });
  const insights = createInsights({ database, log: logOf('insights') });

  return {
    identity,
    rooms: [identity.room, insights.room],
    flows: [],
  };
}

/** Who may do what, as the HTTP server asks it. */
export const gatekeeperOf = (identity: Identity): Gatekeeper => ({
  authenticate: (request) => identity.authenticate(request),
  authorize: identity.authorize,
});
