import type { Actor } from '../kernel/events.ts';
import type { Room } from '../platform/room.ts';
import { createContext, setSecret } from './change-secrets.ts';
import type { SecretsDeps } from './deps.ts';
import { secretsEvents } from './events.ts';
import { type JobSubject, jobClaims, signToken } from './job-token.ts';
import { createMasker, type Masker } from './masker.ts';
import { secretsMigrations } from './migrations/index.ts';
import { oidcIntake } from './oidc-intake.ts';
import { projectMaskers } from './project-masker.ts';
import {
  oneProjectSecret,
  type RunRequest,
  type SecretValue,
  secretsForEnvironment,
  secretsForRun,
} from './read-secrets.ts';
import { secretsRoutes } from './routes.ts';
import type { Place } from './secret.ts';
import { signingKey } from './signing-keys.ts';
import { deleteOfProject } from './store.ts';
import { forgetOldAccesses } from './worker.ts';

export { createMasker, type Masker } from './masker.ts';
export type { SecretValue } from './read-secrets.ts';

/** The door of the secrets room. Masking (`createMasker`) needs no room and stands beside it. */
export interface Secrets {
  room: Room;
  /**
   * What a job gets: the project's secrets, then those of its contexts (the last named wins). Nothing when `trusted` is
   * false. `reader` (`run:<id>`) goes into the access list. Throws `forbidden` for an unknown or closed context.
   */
  forRun(request: Omit<RunRequest, 'reader'> & { reader?: string | undefined }): Promise<SecretValue[]>;
  /** What the services of an environment get. `reader` is `deployment:<id>`. */
  forEnvironment(request: { projectId: string; environment: string; reader: string }): Promise<SecretValue[]>;
  /** One secret of a project, for Millrace itself; the projects room reads the tokens of remotes with it. */
  read(projectId: string, name: string): Promise<string | undefined>;
  /** Sets a secret of a project, or of one of its environments. */
  set(
    input: { projectId: string; environment?: string | undefined; name: string; value: string },
    actor: Actor,
  ): Promise<void>;
  createContext(
    input: { name: string; description: string; projectIds: string[] | null },
    actor: Actor,
  ): Promise<{ id: string }>;
  /** Hides these values, and their encoded forms, in texts and streams. Pure; also exported beside the room. */
  createMasker(values: Iterable<string>): Masker;
  /**
   * Hides every secret the project may hold, its environments' and contexts' too: for what its services send of themselves. A changed
   * secret counts within two seconds. Rejects only while the database is away and the project was not asked for before.
   */
  maskerOf(projectId: string): Promise<Masker>;
  /**
   * Signs a token by which a job proves to others who it is; they check it with the keys at `/.well-known/jwks.json`. The same job,
   * version, audience and second give the same token.
   */
  jobToken(
    subject: JobSubject,
    token: { version: 1 | 2; audience?: string | undefined; nowSeconds: number },
  ): Promise<string>;
  /** Removes everything kept for a project that was deleted. */
  forgetProject(projectId: string): Promise<void>;
}

export function createSecrets(deps: SecretsDeps): Secrets {
  return {
    room: {
      name: 'secrets',
      migrations: secretsMigrations,
      events: [secretsEvents],
      contracts: [secretsRoutes(deps)],
      intakes: [oidcIntake({ database: deps.database, issuer: deps.publicUrl })],
      loops: [{ name: 'secrets.accesses', run: (signal) => forgetOldAccesses(deps, signal) }],
      subscriptions: [],
    },
    forRun: (request) => secretsForRun(deps, { ...request, reader: request.reader ?? 'run' }),
    forEnvironment: (request) => secretsForEnvironment(deps, request),
    read: (projectId, name) => oneProjectSecret(deps, projectId, name, 'remote'),
    async set({ projectId, environment, name, value }, actor) {
      const place: Place =
        environment === undefined ? { kind: 'project', projectId } : { kind: 'environment', projectId, environment };
      await setSecret(deps, place, { name, value }, actor);
    },
    createContext: (input, actor) => createContext(deps, input, actor),
    createMasker,
    maskerOf: projectMaskers(deps),
    async jobToken(subject, token) {
      const id = `${subject.jobId}/${token.version}/${token.nowSeconds}`;
      return signToken(jobClaims(subject, { ...token, issuer: deps.publicUrl(), id }), await signingKey(deps));
    },
    forgetProject: (projectId) => deps.database.transaction((tx) => deleteOfProject(tx, projectId)),
  };
}
