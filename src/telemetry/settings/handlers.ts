import type { Handlers } from '../../platform/http/contract.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { Store } from '../store.ts';
import type { settingsOperations } from './operations.ts';
import { daysOf, kindOf, offeredTypes, readDays, type SetDays, setDays, wholeKinds } from './retention.ts';
import { type Held, readHeld } from './stored.ts';

const nothing: Held = { records: 0, bytes: 0, oldestAt: null };

function present(type: string, set: SetDays, held: Map<string, Held>) {
  const { records, bytes, oldestAt } = held.get(type) ?? nothing;
  const without = new Map([...set].filter(([name]) => name !== type));
  return {
    type,
    days: daysOf(type, set),
    default: daysOf(type, without),
    set: set.has(type),
    records,
    bytes,
    oldestAt: oldestAt === null ? null : new Date(oldestAt).toISOString(),
  };
}

/** Most kinds listed: type names come from outside. */
const mostListed = 500;

/** The handlers of {@link settingsOperations}. */
export function settingsHandlers(deps: {
  database: Database;
  store: Store;
  ready: () => Promise<void>;
  /** Days were just changed. */
  keepChanged: () => void;
}): Handlers<typeof settingsOperations> {
  const { database, store } = deps;
  return {
    async retention() {
      await deps.ready();
      const [set, held] = await Promise.all([readDays(database), readHeld(store)]);
      const own = wholeKinds.map(({ name }) => name);
      const shared = [...new Set([...offeredTypes, ...set.keys(), ...held.keys()])].filter(
        (name) => !own.includes(name),
      );
      shared.sort((one, next) => (held.get(next)?.bytes ?? 0) - (held.get(one)?.bytes ?? 0) || one.localeCompare(next));
      const names = [...own.slice(0, -1), ...shared.slice(0, mostListed), ...own.slice(-1)];
      return { items: names.map((name) => present(name, set, held)) };
    },

    async setRetention({ params, body, actor }) {
      await setDays(database, params.type, body.days, actor);
      deps.keepChanged();
      await deps.ready();
      return present(kindOf(params.type).name, await readDays(database), await readHeld(store));
    },
  };
}
