import { Fault } from '../../kernel/faults.ts';
import type { Handlers } from '../../platform/http/contract.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { ProjectNames } from '../port.ts';
import type { Usage } from '../quota.ts';
import type { Store } from '../store.ts';
import type { settingsOperations } from './operations.ts';
import { readProject, readQuotas, setQuota, setScrubbing, type TermsBook } from './project-settings.ts';
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
  projects: ProjectNames;
  /** What each project sent of late. */
  usage: () => Map<string, Usage>;
  /** For projects that have no quota of their own. */
  recordsPerMinute: number;
  terms: TermsBook;
  /** Days were just changed. */
  keepChanged: () => void;
}): Handlers<typeof settingsOperations> {
  const { database, store, terms } = deps;

  async function idOf(project: string): Promise<string> {
    const id = await deps.projects.idOf(project);
    if (id !== undefined) return id;
    throw new Fault('missing', `There is no project "${project}"`, { code: 'telemetry.no-project' });
  }

  const presentQuota = (projectId: string, own: number | null | undefined) => ({
    projectId,
    recordsPerMinute: own ?? deps.recordsPerMinute,
    set: typeof own === 'number',
    ...(deps.usage().get(projectId) ?? { lastMinute: 0, refused: 0 }),
  });

  return {
    async quotas() {
      const set = await readQuotas(database);
      const ids = new Set([...set.keys(), ...deps.usage().keys()].filter((id) => id !== ''));
      const items = [...ids].map((id) => presentQuota(id, set.get(id)));
      return { recordsPerMinute: deps.recordsPerMinute, items };
    },

    async setQuota({ params, body, actor }) {
      const projectId = await idOf(params.project);
      await setQuota(database, projectId, body.recordsPerMinute, actor);
      terms.forget(projectId);
      return presentQuota(projectId, body.recordsPerMinute);
    },

    async scrubbing({ params }) {
      return (await readProject(database, await idOf(params.project))).scrubbing;
    },

    async setScrubbing({ params, body, actor }) {
      const projectId = await idOf(params.project);
      await setScrubbing(database, projectId, body, actor);
      terms.forget(projectId);
      return body;
    },

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
