import type { EventCatalogue } from './events/catalogue.ts';
import type { Subscription } from './events/subscriptions.ts';
import type { HttpIntake, MountedContract } from './http/contract.ts';
import type { Migration } from './postgres/migrations.ts';

/** A long-running loop of a room. The supervisor names it, restarts it with back-off, and shows its health. */
export interface Loop {
  name: string;
  /** Runs until `signal` aborts. A rejection is logged and the loop is started again. */
  run: (signal: AbortSignal) => Promise<void>;
}

/** What the composition root needs to know of a room; each room's `create<Room>` returns its door plus this. */
export interface Room {
  name: string;
  migrations: Migration[];
  events: EventCatalogue[];
  /** Contract routes under /api/v1, with their handlers. */
  contracts: MountedContract[];
  /** Foreign protocols with their own parsers and authentication (git, envelopes, OTLP, webhooks). */
  intakes: HttpIntake[];
  loops: Loop[];
  /** Reactions of a room to its own facts. Reactions across rooms stand in `flows/`. */
  subscriptions: Subscription[];
}
