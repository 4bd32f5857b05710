import type { Readable } from 'node:stream';
import type { Actor } from '../kernel/events.ts';
import { isId } from '../kernel/ids.ts';
import type { BlamedLine, Commit } from '../platform/git/output.ts';
import * as git from '../platform/git/repository.ts';
import type { Room } from '../platform/room.ts';
import { createProject, missingProject, type NewProject } from './change-projects.ts';
import type { ProjectsDeps } from './deps.ts';
import { projectsEvents } from './events.ts';
import { gitIntake } from './git-http.ts';
import { ingestKeys } from './ingest.ts';
import { projectsMigrations } from './migrations/index.ts';
import { dsnOf, type Project } from './project.ts';
import { type CommitTree, readRepositories } from './read.ts';
import { connectRemote, type NewRemote, resealWebhooks, syncRemote } from './remote.ts';
import { projectsRoutes } from './routes.ts';
import * as store from './store.ts';
import { hooksIntake } from './webhooks.ts';
import { createWaker, projectsLoops } from './worker.ts';

export type { Commit } from '../platform/git/output.ts';
export type { NewProject } from './change-projects.ts';
export type { ProjectsDeps } from './deps.ts';
export { projectsEvents } from './events.ts';
export type { Project } from './project.ts';
export type { CommitTree } from './read.ts';
export type { NewRemote } from './remote.ts';

/** The door of the projects room. Where a `sha` is asked for, a full commit name is meant. */
export interface Projects {
  room: Room;
  /** By id or slug. Throws a `missing` Fault. */
  get(idOrSlug: string): Promise<Project>;
  /** By id or slug; undefined when there is none. */
  find(idOrSlug: string): Promise<Project | undefined>;
  list(): Promise<Project[]>;
  create(input: NewProject, actor: Actor): Promise<Project>;
  /** Files of a commit, read on demand; `list` is bounded to 50,000 paths, `read` to 5 MB. */
  tree(projectId: string, sha: string): CommitTree;
  /** A tar stream of a commit's files. Destroying it ends git. */
  archive(projectId: string, sha: string): Readable;
  /** The commit a branch, tag or (short) sha stands for. */
  commit(projectId: string, ref: string): Promise<Commit | undefined>;
  /** The full commit name of a branch, tag or (short) sha. */
  resolve(projectId: string, ref: string): Promise<string | undefined>;
  /** Commits reachable from `to` and not from `from`, newest first, at most `limit`. */
  commitsBetween(projectId: string, from: string | null, to: string, limit: number): Promise<Commit[]>;
  /** Paths that differ between two commits; all paths when `from` is null or gone. */
  changedFiles(projectId: string, from: string | null, to: string): Promise<string[]>;
  /**
   * The commit that last changed a line (from 1) of a file as it is in `sha`, among those that came after `from`; undefined when
   * it is older, or the file or line is not there. Bounded to files of 1 MiB and 3 s.
   */
  blameLine(
    projectId: string,
    from: string | null,
    place: { sha: string; path: string; line: number },
  ): Promise<BlamedLine | undefined>;
  /** Absolute path of the bare repository. Read it only; pushes and fetches are this room's. */
  repositoryPath(projectId: string): string;
  /** The public key that DSNs and telemetry of this project carry. */
  keyFor(projectId: string): Promise<{ ingestId: number; publicKey: string }>;
  /**
   * The project an event is for; undefined when number and key do not belong together. Without a key, whoever asks
   * compares `publicKey` itself. Answers from memory for 30 s.
   */
  projectByIngest(ingestId: number, publicKey?: string): Promise<Project | undefined>;
  /** The project of a key alone (OTLP sends no number). */
  projectByKey(publicKey: string): Promise<Project | undefined>;
  /** The DSN of a project, seen from `baseUrl` (default: how people reach this server). */
  dsn(projectId: string, baseUrl?: string): Promise<string>;
  /** Makes a project the mirror of a repository elsewhere; the webhook secret is given once. */
  connectRemote(projectId: string, input: NewRemote, actor: Actor): Promise<{ webhookSecret: string }>;
  /** Fetches from the remote now and tells what moved. */
  sync(projectId: string, by: string): Promise<void>;
  /** Seals what this room keeps with the current key; to be called when the key was rotated. Resolves to how many. */
  resealSecrets(): Promise<number>;
}

export function createProjects(deps: ProjectsDeps): Projects {
  const reader = readRepositories(deps);
  const find = (idOrSlug: string): Promise<Project | undefined> =>
    isId(idOrSlug) ? store.projectById(deps.database, idOrSlug) : store.projectBySlug(deps.database, idOrSlug);
  const get = async (idOrSlug: string): Promise<Project> => {
    const project = await find(idOrSlug);
    if (project) return project;
    throw missingProject(idOrSlug);
  };
  const { intake, underWay } = gitIntake(deps);
  const deliveries = createWaker();
  const keys = ingestKeys(deps);
  return {
    room: {
      name: 'projects',
      migrations: projectsMigrations,
      events: [projectsEvents],
      contracts: [projectsRoutes(deps, reader, get)],
      intakes: [intake, hooksIntake(deps, deliveries.wake)],
      loops: projectsLoops(deps, underWay, deliveries),
      subscriptions: [],
    },
    find,
    get,
    list: () => store.allProjects(deps.database),
    create: (input, actor) => createProject(deps, input, actor),
    tree: reader.tree,
    archive: reader.archive,
    commit: reader.commit,
    resolve: reader.resolve,
    async commitsBetween(projectId, from, to, limit) {
      // A commit that was rewritten away bounds nothing.
      const not = from === null ? undefined : await reader.resolve(projectId, from);
      return git.commits(reader.path(projectId), { to, not, limit });
    },
    changedFiles: (projectId, from, to) => git.changedFiles(reader.path(projectId), from, to),
    async blameLine(projectId, from, place) {
      const not = from === null ? undefined : await reader.resolve(projectId, from);
      return git.blameLine(reader.path(projectId), { ...place, not: not ?? null });
    },
    repositoryPath: reader.path,
    async keyFor(projectId) {
      const { ingestId, publicKey } = await get(projectId);
      return { ingestId, publicKey };
    },
    projectByIngest: keys.byIngest,
    projectByKey: keys.byKey,
    dsn: async (projectId, baseUrl) => dsnOf(await get(projectId), baseUrl ?? deps.publicUrl()),
    async connectRemote(projectId, input, actor) {
      const { webhookSecret } = await connectRemote(deps, projectId, input, actor);
      return { webhookSecret };
    },
    async sync(projectId, by) {
      await syncRemote(deps, projectId, by);
    },
    resealSecrets: () => resealWebhooks(deps),
  };
}
