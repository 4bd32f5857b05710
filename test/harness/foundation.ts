import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createIdentity, type Identity } from '../../src/identity/index.ts';
import { identityMigrations } from '../../src/identity/migrations/index.ts';
import { gitea } from '../../src/integrations/gitea/index.ts';
import { github } from '../../src/integrations/github/index.ts';
import { gitlab } from '../../src/integrations/gitlab/index.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { system } from '../../src/kernel/events.ts';
import { type Keyring, openKeyring } from '../../src/platform/crypto/keyring.ts';
import { idempotencyMigrations } from '../../src/platform/http/idempotency.ts';
import type { Role } from '../../src/platform/http/principal.ts';
import { createHttpServer } from '../../src/platform/http/server.ts';
import { openLog } from '../../src/platform/observe/log.ts';
import { type Database, openDatabase } from '../../src/platform/postgres/database.ts';
import { createProjects, type Projects } from '../../src/projects/index.ts';
import { projectsMigrations } from '../../src/projects/migrations/index.ts';
import { createSecrets, type Secrets } from '../../src/secrets/index.ts';
import { secretsMigrations } from '../../src/secrets/migrations/index.ts';
import { testDatabase } from './postgres.ts';

/** The three foundation rooms on a real database, listening on a free loopback port, with an owner (Ada). */
export interface Foundation {
  database: Database;
  /** Removed at the end. */
  directory: string;
  dataDir: string;
  identity: Identity;
  projects: Projects;
  secrets: Secrets;
  keyring: Keyring;
  app: FastifyInstance;
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** A new API token of Ada's. */
  token(role: Role, scopes?: string[] | null): Promise<string>;
  /** Starts one loop of a room; it ends with `close`. */
  startLoop(name: string): void;
  close(): Promise<void>;
}

export const foundationMigrations = [
  ...identityMigrations,
  ...projectsMigrations,
  ...secretsMigrations,
  ...idempotencyMigrations,
];

/** Where another process of the same installation keeps its state; nothing of it is removed at the end. */
export interface Shared {
  databaseUrl: string;
  directory: string;
  port: number;
}

export async function startFoundation(shared?: Shared): Promise<Foundation> {
  const log = openLog({ level: 'error' });
  const test = shared
    ? { database: openDatabase(shared.databaseUrl), close: async () => undefined }
    : await testDatabase(foundationMigrations);
  const { database } = test;
  const directory = shared?.directory ?? (await mkdtemp(join(tmpdir(), 'millrace-foundation-')));
  const dataDir = join(directory, 'data');
  const keyring = await openKeyring({ directory: join(dataDir, 'keys') });
  let url = '';
  const publicUrl = (): string => url;
  const identity = createIdentity({ database, clock: systemClock, log, publicUrl });
  const owner =
    (await identity.personByEmail('ada@example.org')) ??
    (await identity.createOwner({ name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' }));
  const projects: Projects = createProjects({
    database,
    clock: systemClock,
    log,
    dataDir,
    publicUrl,
    identity,
    keyring,
    forges: [github, gitlab, gitea],
    remoteTokens: { read: (projectId, name) => secrets.read(projectId, name) },
  });
  const secrets: Secrets = createSecrets({
    database,
    clock: systemClock,
    log,
    keyring,
    projects,
    publicUrl,
  });
  const rooms = [identity.room, projects.room, secrets.room];
  const app = await createHttpServer({
    database,
    log,
    gatekeeper: identity,
    contracts: rooms.flatMap((room) => room.contracts),
    intakes: rooms.flatMap((room) => room.intakes),
    version: '0.0.0',
  });
  url = await app.listen({ port: shared?.port ?? 0, host: '127.0.0.1' });
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  return {
    database,
    directory,
    dataDir,
    identity,
    projects,
    secrets,
    keyring,
    app,
    url,
    async token(role, scopes = null) {
      const input = { personId: owner.id, name: `${role} token`, role, scopes, expiresAt: null };
      return (await identity.createToken(input, system('test'))).text;
    },
    startLoop(name) {
      const loop = rooms.flatMap((room) => room.loops).find((each) => each.name === name);
      if (!loop) throw new Error(`no loop ${name}`);
      running.push(loop.run(stop.signal));
    },
    async close() {
      stop.abort();
      await Promise.all(running);
      await app.close();
      await test.close();
      if (!shared) await rm(directory, { recursive: true, force: true });
    },
  };
}
