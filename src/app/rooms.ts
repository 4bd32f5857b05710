import type { FastifyRequest } from 'fastify';
import { createIdentity, type Identity } from '../identity/index.ts';
import { createInsights } from '../insights/index.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { Room } from '../platform/room.ts';
import type { Settings } from './settings.ts';

export interface HouseDependencies {
  database: Database;
  clickhouseUrl: string;
  log: Log;
  settings: Settings;
  /** How people reach the server; known once it listens. */
  publicUrl: () => string;
}

/** Every room with its ports plugged, and the flows between them. */
export interface House {
  identity: Identity;
  rooms: Room[];
  flows: Subscription[];
}

/** Builds the rooms in the order of their dependencies. Nothing runs yet. */
export function buildHouse(deps: HouseDependencies): House {
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
export const gatekeeperOf = (identity: Identity) => ({
  authenticate: (request: FastifyRequest) => identity.authenticate(request),
  authorize: identity.authorize,
});
