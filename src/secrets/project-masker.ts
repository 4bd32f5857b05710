import type { SecretsDeps } from './deps.ts';
import { createMasker, type Masker } from './masker.ts';
import { sealPlace } from './secret.ts';
import * as store from './store.ts';

/** For so long a masker is used without a look at whether the secrets changed. */
const freshMs = 2000;
/** Projects whose maskers are held at once; the one made first goes first. */
const mostHeld = 1000;

interface Held {
  /** Ids and versions of the secrets it hides. */
  edition: string;
  masker: Promise<Masker>;
  checkedAt: number;
}

/**
 * Maskers of everything a project may hold: its own secrets, those of its environments and of the contexts open to it. They are for
 * what services send of themselves, where nobody knows which of the secrets the sender was given. A changed secret counts within
 * two seconds. While the database is away the last known masker goes on; without one the call rejects as the database does.
 */
export function projectMaskers(deps: SecretsDeps): (projectId: string) => Promise<Masker> {
  const held = new Map<string, Held>();
  const looks = new Map<string, Promise<Masker>>();

  async function look(projectId: string): Promise<Masker> {
    const known = held.get(projectId);
    const sealed = await store.sealedForProject(deps.database, projectId).catch((error: unknown) => {
      if (known) return undefined;
      throw error;
    });
    if (known && !sealed) return known.masker;
    const edition = sealed!.map(({ id, version }) => `${id} ${version}`).join();
    const checkedAt = deps.clock.now();
    if (known?.edition === edition) {
      known.checkedAt = checkedAt;
      return known.masker;
    }
    const masker = open(deps, projectId, sealed!);
    masker.catch(() => held.delete(projectId));
    held.delete(projectId);
    held.set(projectId, { edition, masker, checkedAt });
    const [oldest] = held.keys();
    if (held.size > mostHeld && oldest !== undefined) held.delete(oldest);
    return masker;
  }

  return (projectId) => {
    const known = held.get(projectId);
    if (known && deps.clock.now() - known.checkedAt < freshMs) return known.masker;
    let looking = looks.get(projectId);
    if (!looking) {
      looking = look(projectId).finally(() => looks.delete(projectId));
      looks.set(projectId, looking);
    }
    return looking;
  };
}

async function open(deps: SecretsDeps, projectId: string, sealed: store.ProjectSecret[]): Promise<Masker> {
  await deps.database.transaction((tx) => store.insertAccesses(tx, sealed, projectId, 'masking'));
  const values: string[] = [];
  for (const secret of sealed) values.push(await deps.keyring.open(secret.sealed, sealPlace(secret.id)));
  return createMasker(values);
}
