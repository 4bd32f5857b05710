import { Fault } from '../kernel/faults.ts';
import { nameOfRef } from '../platform/git/refs.ts';
import * as git from '../platform/git/repository.ts';
import { type Handlers, type MountedContract, mountOn } from '../platform/http/contract.ts';
import { projectsContract } from './api.ts';
import { changeProject, createProject, removeProject } from './change-projects.ts';
import type { ProjectsDeps } from './deps.ts';
import type { Project } from './project.ts';
import type { RepositoryReader } from './read.ts';
import { connectRemote, disconnectRemote, syncRemote } from './remote.ts';
import * as store from './store.ts';
import { commitView, contentView, entryViews, projectView, remoteView } from './views.ts';

const done = { done: true } as const;
const mostCommits = 500;

type Get = (idOrSlug: string) => Promise<Project>;

/** The handlers of the projects contract. `get` finds a project by id or slug, or throws `missing`. */
export const projectsRoutes = (deps: ProjectsDeps, reader: RepositoryReader, get: Get): MountedContract =>
  mountOn(projectsContract, deps.database, (database) => handlersOf({ ...deps, database }, reader, get));

function handlersOf(
  deps: ProjectsDeps,
  reader: RepositoryReader,
  get: Get,
): Handlers<typeof projectsContract.operations> {
  const view = async (project: Project, remote?: store.Remote | undefined) => {
    const head = await reader.resolve(project.id, `refs/heads/${project.defaultBranch}`);
    return projectView(project, remote, head, deps.publicUrl());
  };
  const fullView = async (project: Project) => view(project, await store.remoteOf(deps.database, project.id));
  /** The commit a page is about: the one asked for, or the head of the default branch. */
  const at = async (projectName: string, ref: string | undefined): Promise<{ project: Project; sha: string }> => {
    const project = await get(projectName);
    return { project, sha: await reader.mustResolve(project.id, ref ?? `refs/heads/${project.defaultBranch}`) };
  };

  return {
    list: async () => {
      const remotes = await store.remotesByProject(deps.database);
      const projects = await store.allProjects(deps.database);
      return { items: await Promise.all(projects.map((project) => view(project, remotes.get(project.id)))) };
    },
    create: async ({ body, actor }) => fullView(await createProject(deps, body, actor)),
    get: async ({ params }) => fullView(await get(params.project)),
    change: async ({ params, body, ifMatch, actor }) => {
      const { id } = await get(params.project);
      return fullView(await changeProject(deps, id, body, ifMatch, actor));
    },
    remove: async ({ params, actor }) => {
      await removeProject(deps, (await get(params.project)).id, actor);
      return done;
    },
    refs: async ({ params }) => {
      const { id } = await get(params.project);
      const refs = await git.refs(reader.path(id));
      return {
        items: refs
          .sort((a, b) => b.at - a.at)
          .map((ref) => {
            const named = nameOfRef(ref.name);
            const [kind, name] =
              named && 'tag' in named
                ? (['tag', named.tag] as const)
                : (['branch', named?.branch ?? ref.name] as const);
            return { kind, name, sha: ref.target, subject: ref.subject, at: new Date(ref.at).toISOString() };
          }),
      };
    },
    commits: async ({ params, query }) => {
      const { project, sha } = await at(params.project, query.ref);
      // The first commit and how many were shown: stable while others push.
      const [from = sha, shown = '0'] = query.cursor?.split('.') ?? [];
      const skip = Number.parseInt(shown, 10) || 0;
      const to = await reader.mustResolve(project.id, from);
      const range = { to, skip, limit: query.limit + 1, path: query.path || undefined };
      const commits = await git.commits(reader.path(project.id), range);
      const next = commits.length > query.limit ? `${to}.${skip + query.limit}` : null;
      return { items: commits.slice(0, query.limit).map(commitView), next };
    },
    commit: async ({ params }) => {
      const { project, sha } = await at(params.project, params.ref);
      const commit = await reader.commit(project.id, sha);
      const changedFiles = await git.changedByCommit(reader.path(project.id), sha);
      return { ...commitView(commit!), changedFiles };
    },
    compare: async ({ params, query }) => {
      const { project, sha: to } = await at(params.project, query.to);
      const from = await reader.mustResolve(project.id, query.from);
      const path = reader.path(project.id);
      const commits = await git.commits(path, { to, not: from, limit: mostCommits });
      return { commits: commits.map(commitView), changedFiles: await git.changedFiles(path, from, to) };
    },
    tree: async ({ params, query }) => {
      const { project, sha } = await at(params.project, query.ref);
      return { sha, items: entryViews(await reader.directory(project.id, sha, query.path)) };
    },
    file: async ({ params, query }) => {
      const { project, sha } = await at(params.project, query.ref);
      const bytes = await reader.file(project.id, sha, query.path);
      if (!bytes) {
        throw new Fault('missing', `There is no file "${query.path}" in this commit`, {
          code: 'projects.path-not-found',
        });
      }
      return { sha, path: query.path, ...contentView(bytes) };
    },
    connectRemote: async ({ params, body, actor }) => {
      const { id } = await get(params.project);
      const { remote, webhookSecret } = await connectRemote(deps, id, body, actor);
      return { ...remoteView(remote, deps.publicUrl()), webhookSecret };
    },
    disconnectRemote: async ({ params, actor }) => {
      await disconnectRemote(deps, (await get(params.project)).id, actor);
      return done;
    },
    sync: async ({ params, principal }) => ({
      updated: await syncRemote(deps, (await get(params.project)).id, principal.name),
    }),
  };
}
