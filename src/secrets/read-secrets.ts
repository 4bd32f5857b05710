import { Fault } from '../kernel/faults.ts';
import type { SecretsDeps } from './deps.ts';
import { effective, mayUse, type Place, scopeOf, sealPlace } from './secret.ts';
import * as store from './store.ts';

export interface SecretValue {
  name: string;
  value: string;
}

export interface RunRequest {
  projectId: string;
  /** Contexts the job names, in its order. */
  contexts: string[];
  /** False for code from outside (forks): it gets nothing. */
  trusted: boolean;
  /** For the access list: `run:<id>`. */
  reader: string;
}

/**
 * What a job gets: the project's secrets and those of its contexts; where names clash, the context named last wins. Each
 * read is written down first. Faults: `forbidden` for a context that is unknown or closed to the project.
 */
export async function secretsForRun(deps: SecretsDeps, request: RunRequest): Promise<SecretValue[]> {
  if (!request.trusted) return [];
  const { projectId } = request;
  const places: Place[] = [{ kind: 'project', projectId }];
  for (const name of request.contexts) {
    const context = await store.contextByName(deps.database, name);
    if (!context || !mayUse(context, projectId)) {
      throw new Fault('forbidden', `The context "${name}" does not exist or is closed to this project`, {
        code: 'secrets.context',
        hint: 'Create it, or open it to the project, under Settings, Secrets.',
      });
    }
    places.push({ kind: 'context', contextId: context.id, context: name });
  }
  return readPlaces(deps, places, projectId, request.reader);
}

/** What the services of an environment get. */
export function secretsForEnvironment(
  deps: SecretsDeps,
  request: { projectId: string; environment: string; reader: string },
): Promise<SecretValue[]> {
  const { projectId, environment, reader } = request;
  return readPlaces(deps, [{ kind: 'environment', projectId, environment }], projectId, reader);
}

/** One secret of a project by name, for Millrace's own use (a remote's token). */
export async function oneProjectSecret(
  deps: SecretsDeps,
  projectId: string,
  name: string,
  reader: string,
): Promise<string | undefined> {
  const place: Place = { kind: 'project', projectId };
  const values = await readPlaces(deps, [place], projectId, reader, (secret) => secret.name === name);
  return values[0]?.value;
}

async function readPlaces(
  deps: SecretsDeps,
  places: Place[],
  projectId: string,
  reader: string,
  wanted: (secret: { name: string }) => boolean = () => true,
): Promise<SecretValue[]> {
  const chosen = await deps.database.transaction(async (tx) => {
    const found = [];
    for (const place of places) {
      const sealed = await store.sealedIn(tx, place);
      found.push(sealed.filter(wanted).map((secret) => ({ ...secret, scope: scopeOf(place) })));
    }
    const used = effective(...found);
    await store.insertAccesses(tx, used, projectId, reader);
    await store.markRead(
      tx,
      used.map(({ id }) => id),
    );
    return used;
  });
  const values: SecretValue[] = [];
  for (const { id, name, sealed } of chosen) {
    values.push({ name, value: await deps.keyring.open(sealed, sealPlace(id)) });
  }
  return values;
}
