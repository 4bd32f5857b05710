import type { Transaction } from '../platform/postgres/database.ts';
import type { Room } from '../platform/room.ts';
import { resealChannels } from './change.ts';
import type { AlertsDeps } from './deps.ts';
import { evaluationLoop } from './evaluate.ts';
import { alertEvents } from './events.ts';
import { configureMail, type MailServer } from './mail-server.ts';
import { alertMigrations } from './migrations/index.ts';
import { deliveryLoop, type Notification, notify } from './notify.ts';
import { alertsRoutes } from './routes.ts';

export type { AlertsDeps } from './deps.ts';
export { alertEvents } from './events.ts';
export type { MailServer } from './mail-server.ts';
export type { Notification } from './notify.ts';

/** The alerts room's door. */
export interface Alerts {
  room: Room;
  /**
   * Puts a message into the outbox, in the caller's transaction when given. The same key is one message. Resolves once it is
   * durable, to the ids of the deliveries made now; sending follows, with retries, and ends as `alerts.notification.sent` or `.failed`.
   */
  notify(message: Notification, tx?: Transaction): Promise<string[]>;
  /** Makes, changes or takes away the channel of the mail server that the settings name. Idempotent. */
  configureMail(server: MailServer | undefined): Promise<void>;
  /** Seals the secrets of channels under the current key where an older one did. Resolves to how many. Idempotent. */
  resealSecrets(): Promise<number>;
}

export function createAlerts(deps: AlertsDeps): Alerts {
  return {
    room: {
      name: 'alerts',
      migrations: alertMigrations,
      events: [alertEvents],
      contracts: [alertsRoutes(deps)],
      intakes: [],
      loops: [evaluationLoop(deps), deliveryLoop(deps)],
      subscriptions: [],
    },
    notify(message, tx) {
      const now = deps.clock.now();
      return tx ? notify(tx, message, now) : deps.database.transaction((own) => notify(own, message, now));
    },
    configureMail: (server) => configureMail(deps, server),
    resealSecrets: () => resealChannels(deps),
  };
}
