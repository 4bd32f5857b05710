import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { gitEnvironment } from '../platform/git/commands.ts';
import { runGit } from '../platform/git/run.ts';
import { cloneAt } from './checkout-clone.ts';
import type { RunCommit, RunProject, Sources, SourceTree } from './port.ts';

const mostFiles = 50_000;
const largestRead = 5 * 1024 * 1024;
/** What a commit id reads like where there is no commit. */
const noCommit = '0'.repeat(40);

export interface WorkingTree {
  sources: Sources;
  project: RunProject;
  sha: string;
  branch: string | undefined;
  commit: RunCommit;
}

/**
 * A directory as the source of a run: its files as they stand now, committed or not; ignored ones are left out where git
 * says so. The clone a job gets is of the last commit, with those files laid over it.
 */
export async function openWorkingTree(directory: string, projectId: string): Promise<WorkingTree> {
  const root = resolve(directory);
  const git = async (...argv: string[]): Promise<string | undefined> => {
    const done = await runGit(
      { argv: ['-C', root, ...argv], env: gitEnvironment([['safe.directory', '*']]) },
      { acceptable: [0, 1, 128] },
    );
    return done.code === 0 ? done.stdout.toString() : undefined;
  };
  const sha = (await git('rev-parse', 'HEAD'))?.trim();
  const branch = (await git('symbolic-ref', '--short', 'HEAD'))?.trim();
  const top = (await git('rev-parse', '--show-toplevel'))?.trim();
  const list = async (): Promise<string[]> => {
    const known = await git('ls-files', '-z', '--cached', '--others', '--exclude-standard');
    const files = known?.split('\0').filter((file) => file !== '') ?? (await walk(root, ''));
    return files.slice(0, mostFiles);
  };
  const tree: SourceTree = {
    list,
    async read(path) {
      const file = resolve(root, path);
      if (!file.startsWith(`${root}/`)) return undefined;
      const facts = await lstat(file).catch(() => undefined);
      if (!facts?.isFile() || facts.size > largestRead) return undefined;
      return readFile(file, 'utf8');
    },
  };
  const fields = (await git('log', '-1', '--format=%an%x00%ae%x00%at%x00%B'))?.split('\0');
  const commit: RunCommit = {
    message: fields?.[3]?.trim() ?? 'Working tree',
    author: { name: fields?.[0] ?? 'nobody', email: fields?.[1] ?? 'nobody@localhost' },
    at: fields?.[2] ? Number(fields[2]) * 1000 : null,
  };
  const project: RunProject = {
    id: projectId,
    slug: root.split('/').at(-1) ?? 'project',
    defaultBranch: branch ?? 'main',
    gitUrl: `file://${root}`,
  };
  const sources: Sources = {
    project: async (idOrSlug) => (idOrSlug === project.id || idOrSlug === project.slug ? project : undefined),
    tree: () => tree,
    resolve: async () => ({ sha: sha ?? noCommit, ...(branch === undefined ? {} : { branch }) }),
    commit: async () => commit,
    async checkout(request) {
      if (sha && top) {
        await cloneAt({
          repository: top,
          sha,
          branch,
          defaultBranch: project.defaultBranch,
          extent: request.extent,
          directory: request.directory,
          url: top,
        });
      }
      const prefix = top && root !== top ? root.slice(top.length + 1) : '';
      const target = join(request.directory, prefix);
      await mkdir(target, { recursive: true });
      for (const path of await list()) await copyEntry(join(root, path), join(target, path));
    },
  };
  return { sources, project, sha: sha ?? noCommit, branch, commit };
}

/** Copies a file or link; one that is gone from the working tree goes from the copy too. */
async function copyEntry(from: string, to: string): Promise<void> {
  const facts = await lstat(from).catch(() => undefined);
  await rm(to, { recursive: true, force: true });
  if (!facts) return;
  await mkdir(dirname(to), { recursive: true });
  if (facts.isSymbolicLink()) await symlink(await readlink(from), to);
  else if (facts.isFile()) await copyFile(from, to, constants.COPYFILE_FICLONE);
}

async function walk(root: string, below: string): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    if (entry.name === '.git' || entry.name === 'node_modules') continue;
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) files.push(...(await walk(root, path)));
    else files.push(path);
    if (files.length > mostFiles) break;
  }
  return files;
}
