import type { Readable } from 'node:stream';
import { Fault } from '../../kernel/faults.ts';
import * as commands from './commands.ts';
import {
  type BlamedLine,
  type Commit,
  parseBlame,
  parseLog,
  parsePaths,
  parseRefs,
  parseTree,
  type Ref,
  type TreeEntry,
} from './output.ts';
import { checkRevision, checkTreePath, isSha } from './refs.ts';
import { GitFailure, runGit, streamGit } from './run.ts';

/** Makes an empty bare repository; nothing happens to one that is there. */
export async function createRepository(repository: string, defaultBranch: string): Promise<void> {
  checkRevision(defaultBranch);
  await runGit(commands.initBare(repository, defaultBranch));
}

export async function setDefaultBranch(repository: string, branch: string): Promise<void> {
  await runGit(commands.setHead(repository, checkRevision(branch)));
}

/**
 * The commit a branch, tag or (abbreviated) object name stands for; undefined when there is none. A branch wins over a
 * tag of the same name, as people expect of a page that says "main".
 */
export async function resolve(repository: string, revision: string): Promise<string | undefined> {
  checkRevision(revision);
  const candidates =
    isSha(revision) || revision.startsWith('refs/')
      ? [revision]
      : [`refs/heads/${revision}`, `refs/tags/${revision}`, revision];
  for (const candidate of candidates) {
    const result = await runGit(commands.resolveCommit(repository, candidate), { acceptable: [0, 1, 128] });
    if (result.code === 0) return result.stdout.toString().trim();
  }
  return undefined;
}

/** Branches and tags, or the refs under `patterns`. */
export async function refs(repository: string, patterns?: string[]): Promise<Ref[]> {
  return parseRefs((await runGit(commands.listRefs(repository, patterns))).stdout);
}

/** Commits reachable from `to` and not from `not`, newest first. Both are full object names. */
export async function commits(
  repository: string,
  range: { to: string; not?: string | undefined; limit: number; skip?: number; path?: string | undefined },
): Promise<Commit[]> {
  checkRevision(range.to);
  if (range.not !== undefined) checkRevision(range.not);
  if (range.path !== undefined) checkTreePath(range.path);
  return parseLog((await runGit(commands.log(repository, range))).stdout);
}

/** The entries of a directory (or, recursively, all files below it); undefined when there is no such directory. */
export async function tree(
  repository: string,
  sha: string,
  options: { recursive: boolean; path?: string | undefined },
): Promise<TreeEntry[] | undefined> {
  const path = checkTreePath(options.path ?? '');
  const command = commands.lsTree(repository, checkRevision(sha), { ...options, path });
  const result = await runGit(command, { acceptable: [0, 128] });
  return result.code === 0 ? parseTree(result.stdout, path) : undefined;
}

/** A tar of all files of a commit. Ends git when destroyed. */
export function archive(repository: string, sha: string): Readable {
  return streamGit(commands.archive(repository, checkRevision(sha)));
}

/** Paths that differ between two commits; all paths when `from` is null or is not here any more. */
export async function changedFiles(repository: string, from: string | null, to: string): Promise<string[]> {
  checkRevision(to);
  if (from !== null && (await resolve(repository, from)) === undefined) return changedFiles(repository, null, to);
  return parsePaths((await runGit(commands.changedFiles(repository, from, to))).stdout);
}

/** Paths a commit changed against its first parent. */
export async function changedByCommit(repository: string, sha: string): Promise<string[]> {
  return [...new Set(parsePaths((await runGit(commands.changedByCommit(repository, checkRevision(sha)))).stdout))];
}

const blameMs = 3000;
const blamedBytes = 1024 * 1024;

/**
 * The commit that last changed a line of a file as it is in `sha`, among those `not` cannot reach (all when null); undefined
 * when it is older, or there is no such line, or the file is over 1 MiB. Gives up after 3 s with an `unavailable` Fault.
 */
export async function blameLine(
  repository: string,
  place: { sha: string; path: string; line: number; not: string | null },
): Promise<BlamedLine | undefined> {
  checkRevision(place.sha);
  if (place.not !== null) checkRevision(place.not);
  checkTreePath(place.path);
  const size = await runGit(commands.sizeOfFile(repository, place.sha, place.path), { acceptable: [0, 128] });
  if (size.code !== 0 || Number(size.stdout) > blamedBytes) return undefined;
  const limits = { acceptable: [0, 128], timeoutMs: blameMs, outputBytes: 2 * blamedBytes };
  const blamed = await runGit(commands.blameLine(repository, place), limits);
  return blamed.code === 0 ? parseBlame(blamed.stdout) : undefined;
}

/** The best common ancestor, or undefined. */
export async function mergeBase(repository: string, left: string, right: string): Promise<string | undefined> {
  const command = commands.mergeBase(repository, checkRevision(left), checkRevision(right));
  const result = await runGit(command, { acceptable: [0, 1] });
  return result.code === 0 ? result.stdout.toString().trim() : undefined;
}

/** Whether `ancestor` is part of the history of `descendant`; false when either is gone. */
export async function isAncestor(repository: string, ancestor: string, descendant: string): Promise<boolean> {
  const command = commands.isAncestor(repository, checkRevision(ancestor), checkRevision(descendant));
  return (await runGit(command, { acceptable: [0, 1, 128] })).code === 0;
}

/** Packs what many small pushes left behind. Up to 10 minutes. */
export async function housekeeping(repository: string): Promise<void> {
  await runGit(commands.housekeeping(repository), { timeoutMs: 600_000, guarded: true });
}

const fetchMs = 30 * 60_000;

/** Fetches all branches, tags and `more`. Faults: `unavailable` with what git said when the remote refuses. */
export async function fetchMirror(
  repository: string,
  remote: commands.RemoteAddress,
  more: string[] = [],
): Promise<void> {
  const command = commands.fetchMirror(repository, remote, more);
  await fromRemote(remote, () => runGit(command, { timeoutMs: fetchMs, guarded: true }));
}

/** What the remote's HEAD points at; undefined when it does not say. */
export async function remoteHead(remote: commands.RemoteAddress): Promise<Buffer> {
  return (await fromRemote(remote, () => runGit(commands.remoteHead(remote)))).stdout;
}

async function fromRemote<Result>(remote: commands.RemoteAddress, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    const said = error.stderr.trim().split('\n').at(-1) ?? '';
    throw new Fault('unavailable', `Fetching from ${remote.url} failed: ${said}`, {
      code: 'git.remote',
      hint: 'Check the address and the access token, then sync again.',
      cause: error,
    });
  }
}
