import type { Readable } from 'node:stream';
import { Fault } from '../kernel/faults.ts';
import { type ObjectReader, openObjectReader } from '../platform/git/objects.ts';
import type { Commit, TreeEntry } from '../platform/git/output.ts';
import { checkTreePath } from '../platform/git/refs.ts';
import * as git from '../platform/git/repository.ts';
import type { ProjectsDeps } from './deps.ts';
import { readLimits } from './limits.ts';
import { repositoryPath } from './record-pushes.ts';

/** Files of one commit, read on demand. */
export interface CommitTree {
  /** Paths of all files from the root; a `too-large` Fault over 50,000. */
  list(): Promise<string[]>;
  /** Content as text, or undefined when there is no such file. A `too-large` Fault over 5 MB. */
  read(path: string): Promise<string | undefined>;
}

/** Reads repositories by project id. Shas are full object names; refs are branches, tags or (short) shas. */
export interface RepositoryReader {
  path(projectId: string): string;
  /** The commit a ref stands for; undefined when there is none. */
  resolve(projectId: string, ref: string): Promise<string | undefined>;
  /** As `resolve`, with a `missing` Fault. */
  mustResolve(projectId: string, ref: string): Promise<string>;
  commit(projectId: string, ref: string): Promise<Commit | undefined>;
  tree(projectId: string, sha: string): CommitTree;
  directory(projectId: string, sha: string, path: string): Promise<TreeEntry[]>;
  /** Content as bytes; undefined when there is no such file. */
  file(projectId: string, sha: string, path: string): Promise<Buffer | undefined>;
  archive(projectId: string, sha: string): Readable;
}

export function readRepositories(deps: Pick<ProjectsDeps, 'dataDir'>): RepositoryReader {
  const readers = new Map<string, ObjectReader>();
  const path = (projectId: string): string => repositoryPath(deps.dataDir, projectId);
  const reader = (projectId: string): ObjectReader => {
    // An idle reader holds no process, so the map may keep it.
    const known = readers.get(projectId) ?? openObjectReader(path(projectId));
    readers.set(projectId, known);
    return known;
  };
  const file = (projectId: string, sha: string, name: string): Promise<Buffer | undefined> =>
    reader(projectId).blob(`${sha}:${checkTreePath(name)}`, readLimits.fileBytes);
  const resolve = (projectId: string, ref: string): Promise<string | undefined> => git.resolve(path(projectId), ref);
  return {
    path,
    resolve,
    file,
    async mustResolve(projectId, ref) {
      const sha = await resolve(projectId, ref);
      if (sha) return sha;
      throw new Fault('missing', `There is no branch, tag or commit "${ref}"`, { code: 'projects.ref-not-found' });
    },
    async commit(projectId, ref) {
      const sha = await resolve(projectId, ref);
      return sha ? (await git.commits(path(projectId), { to: sha, limit: 1 }))[0] : undefined;
    },
    tree(projectId, sha) {
      let listed: Promise<string[]> | undefined;
      return {
        list() {
          listed ??= listFiles(path(projectId), sha);
          return listed;
        },
        read: async (name) => (await file(projectId, sha, name))?.toString(),
      };
    },
    async directory(projectId, sha, name) {
      const entries = await git.tree(path(projectId), sha, { recursive: false, path: name });
      if (entries) return entries;
      throw new Fault('missing', `There is no directory "${name}" in this commit`, { code: 'projects.path-not-found' });
    },
    archive: (projectId, sha) => git.archive(path(projectId), sha),
  };
}

async function listFiles(repository: string, sha: string): Promise<string[]> {
  const entries = (await git.tree(repository, sha, { recursive: true })) ?? [];
  if (entries.length > readLimits.listedPaths) {
    throw new Fault(
      'too-large',
      `This commit has ${entries.length} files; at most ${readLimits.listedPaths} are read`,
      {
        code: 'projects.too-many-files',
      },
    );
  }
  return entries.filter((entry) => entry.kind !== 'submodule').map((entry) => entry.path);
}
