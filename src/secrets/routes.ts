import { type Handlers, type MountedContract, mountOn } from '../platform/http/contract.ts';
import { numberCursor } from '../platform/http/cursor.ts';
import { secretsContract } from './api.ts';
import {
  changeContext,
  createContext,
  missingContext,
  removeContext,
  removeSecret,
  rotateKey,
  setSecret,
} from './change-secrets.ts';
import type { SecretsDeps } from './deps.ts';
import type { Context, Place, Secret } from './secret.ts';
import * as store from './store.ts';

const done = { done: true } as const;
const iso = (ms: number): string => new Date(ms).toISOString();

function secretView(secret: Secret) {
  const { name, fingerprint, version, updatedBy } = secret;
  return {
    name,
    fingerprint,
    version,
    updatedBy,
    updatedAt: iso(secret.updatedAt),
    lastReadAt: secret.lastReadAt === null ? null : iso(secret.lastReadAt),
  };
}

function contextView(context: Context, secrets: Secret[]) {
  const { id, name, description, projectIds } = context;
  return {
    id,
    name,
    description,
    projectIds,
    secrets: secrets.map(secretView),
    createdAt: iso(context.createdAt),
  };
}

/** The handlers of the secrets contract. */
export const secretsRoutes = (deps: SecretsDeps): MountedContract =>
  mountOn(secretsContract, deps.database, (database) => handlersOf({ ...deps, database }));

function handlersOf(deps: SecretsDeps): Handlers<typeof secretsContract.operations> {
  const ofContext = async (name: string): Promise<Place & { kind: 'context' }> => {
    const context = await store.contextByName(deps.database, name);
    if (!context) throw missingContext(name);
    return { kind: 'context', contextId: context.id, context: context.name };
  };
  const ofProject = async (project: string): Promise<Place> => ({
    kind: 'project',
    projectId: (await deps.projects.get(project)).id,
  });
  const ofEnvironment = async (params: { project: string; environment: string }): Promise<Place> => ({
    kind: 'environment',
    projectId: (await deps.projects.get(params.project)).id,
    environment: params.environment,
  });
  const listed = async (place: Place) => ({ items: (await store.secretsIn(deps.database, place)).map(secretView) });
  const withSecrets = async (context: Context) => {
    const place: Place = { kind: 'context', contextId: context.id, context: context.name };
    return contextView(context, await store.secretsIn(deps.database, place));
  };

  return {
    contexts: async () => {
      const secrets = await store.secretsOfContexts(deps.database);
      const contexts = await store.allContexts(deps.database);
      const own = (id: string) => secrets.filter((secret) => secret.contextId === id);
      return { items: contexts.map((context) => contextView(context, own(context.id))) };
    },
    createContext: async ({ body, actor }) => withSecrets(await createContext(deps, body, actor)),
    changeContext: async ({ params, body, actor }) =>
      withSecrets(await changeContext(deps, params.context, body, actor)),
    removeContext: async ({ params, actor }) => {
      await removeContext(deps, params.context, actor);
      return done;
    },
    setContextSecret: async ({ params, body, actor }) => {
      const place = await ofContext(params.context);
      return secretView(await setSecret(deps, place, { name: params.name, value: body.value }, actor));
    },
    removeContextSecret: async ({ params, actor }) => {
      await removeSecret(deps, await ofContext(params.context), params.name, actor);
      return done;
    },
    projectSecrets: async ({ params }) => listed(await ofProject(params.project)),
    setProjectSecret: async ({ params, body, actor }) => {
      const place = await ofProject(params.project);
      return secretView(await setSecret(deps, place, { name: params.name, value: body.value }, actor));
    },
    removeProjectSecret: async ({ params, actor }) => {
      await removeSecret(deps, await ofProject(params.project), params.name, actor);
      return done;
    },
    environmentSecrets: async ({ params }) => listed(await ofEnvironment(params)),
    setEnvironmentSecret: async ({ params, body, actor }) => {
      const place = await ofEnvironment(params);
      return secretView(await setSecret(deps, place, { name: params.name, value: body.value }, actor));
    },
    removeEnvironmentSecret: async ({ params, actor }) => {
      await removeSecret(deps, await ofEnvironment(params), params.name, actor);
      return done;
    },
    accesses: async ({ query }) => {
      const before = numberCursor(query.cursor);
      const { projectId, name } = query;
      const found = await store.accesses(deps.database, { projectId, name, before }, query.limit + 1);
      const items = found.slice(0, query.limit);
      return {
        items: items.map((access) => ({ ...access, id: String(access.id), at: iso(access.at) })),
        next: found.length > query.limit ? String(items.at(-1)!.id) : null,
      };
    },
    rotateKey: async ({ actor }) => rotateKey(deps, actor),
  };
}
