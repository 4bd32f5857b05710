import { appendFile, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type GitCommand, gitEnvironment } from '../platform/git/commands.ts';
import { copyObjectStore, listObjectStore } from '../platform/git/copy-objects.ts';
import { type GitLimits, runGit } from '../platform/git/run.ts';
import {
  type CloneRefs,
  type CloneRequest,
  cloneConfig,
  copiesWhole,
  type Extent,
  fetchShallow,
  leftOutFrom,
  listAllRefs,
  packedRefs,
  parseRefList,
  splitRefs,
} from './checkout-plan.ts';

/** A clone of much takes minutes, and must not go on when its server is gone. */
const limits: GitLimits = { timeoutMs: 600_000, guarded: true };
/** Names of six million objects. */
const listBytes = 256 * 1024 * 1024;

/**
 * Makes a clone with its own `.git` and objects of its own, HEAD at the commit. Nothing in it is shared with the repository, which
 * a job must not be able to write to, and which may be repacked while the job runs.
 */
export async function cloneAt(request: CloneRequest): Promise<void> {
  const { directory, repository } = request;
  await mkdir(directory, { recursive: true });
  const env = gitEnvironment([
    ['protocol.file.allow', 'always'],
    // It is thrown away with its job: nothing is waited for until it is on the disk.
    ['core.fsync', 'none'],
    ['pack.window', '0'],
    ['pack.compression', '0'],
  ]);
  const here = (...argv: string[]): GitCommand => ({ argv, cwd: directory, env });
  const there = (...argv: string[]): GitCommand => ({ argv: ['-C', repository, ...argv], env });
  const [listed, found] = await Promise.all([
    runGit(there(...listAllRefs)),
    runGit(there('rev-parse', '--git-path', 'objects', '--git-path', 'shallow')),
    runGit(here('init', '--quiet')),
  ]);
  const refs = splitRefs(parseRefList(listed.stdout.toString()), request);
  const [objects, shallow] = found.stdout
    .toString()
    .split('\n')
    .map((path) => resolve(repository, path)) as [string, string];
  const git = join(directory, '.git');
  let partial = false;
  if (typeof request.extent === 'object') {
    await runGit(here(...fetchShallow(request.repository, request.sha, request.extent.depth)), limits);
  } else {
    await copyFile(shallow, join(git, 'shallow')).catch(unlessAbsent);
    const whole = await takeWhole(request.extent, objects, git);
    if (!whole) partial = await packNeeded(git, refs, request, there);
  }
  await Promise.all([
    writeFile(join(git, 'packed-refs'), packedRefs(request, refs)),
    appendFile(join(git, 'config'), cloneConfig(request, partial)),
    writeOriginHead(git, request, refs),
  ]);
  const head = request.branch ? ['-B', request.branch] : ['--detach'];
  await runGit(here('checkout', '--quiet', '--force', ...head, request.sha), limits);
}

const unlessAbsent = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'ENOENT') throw error;
};

/** Copies the object store as it is where that is wanted or the cheaper way. False when git has to choose the objects. */
async function takeWhole(extent: Extent, objects: string, git: string): Promise<boolean> {
  try {
    const store = await listObjectStore(objects);
    if (!store || !(extent === 'full' || copiesWhole(store))) return false;
    await copyObjectStore(objects, store, join(git, 'objects'));
    return true;
  } catch (error) {
    // git repacked it meanwhile; choosing objects by git itself is always right.
    unlessAbsent(error as NodeJS.ErrnoException);
    return false;
  }
}

/**
 * Packs what the run needs in full, and of the other branches all but large files. Resolves to whether some were left out.
 * A pack is written where it will be used, with what is compressed already taken over as it is.
 */
async function packNeeded(
  git: string,
  refs: CloneRefs,
  request: CloneRequest,
  there: (...argv: string[]) => GitCommand,
): Promise<boolean> {
  const pack = async (list: string, content: string, ...flags: string[]): Promise<string> => {
    const inputFile = join(git, list);
    await writeFile(inputFile, content);
    const command = there('pack-objects', '--quiet', '--delta-base-offset', ...flags, join(git, 'objects/pack/pack'));
    const { stdout } = await runGit(command, { ...limits, inputFile });
    await rm(inputFile);
    return stdout.toString().trim();
  };
  const needed = [...new Set([request.sha, ...refs.needed.map((ref) => ref.object)])];
  const others = [...new Set(refs.others.map((ref) => ref.object))];
  if (request.extent === 'full') {
    await pack('needed', `${[...needed, ...others].join('\n')}\n`, '--revs');
    return false;
  }
  const rest = async (): Promise<boolean> => {
    if (others.length === 0) return false;
    const inputFile = join(git, 'others');
    await writeFile(inputFile, `${[...others, ...needed.map((object) => `^${object}`)].join('\n')}\n`);
    const list = await runGit(there(...leftOutFrom), { ...limits, inputFile, outputBytes: listBytes });
    await rm(inputFile);
    const names = list.stdout.toString().split('\n');
    const taken = names.filter((name) => name !== '' && !name.startsWith('~'));
    const leftOut = names.some((name) => name.startsWith('~'));
    if (taken.length === 0) return leftOut;
    const name = await pack('rest', `${taken.join('\n')}\n`);
    // Says that what this pack's objects name and is not here can be had from `origin`.
    if (leftOut) await writeFile(join(git, `objects/pack/pack-${name}.promisor`), '');
    return leftOut;
  };
  const [partial] = await Promise.all([rest(), pack('needed', `${needed.join('\n')}\n`, '--revs')]);
  return partial;
}

/** What `origin/HEAD` stands for, as after `git clone`. */
async function writeOriginHead(git: string, request: CloneRequest, refs: CloneRefs): Promise<void> {
  const name = `refs/heads/${request.defaultBranch}`;
  if (typeof request.extent === 'object' || ![...refs.needed, ...refs.others].some((ref) => ref.name === name)) return;
  const directory = join(git, 'refs/remotes/origin');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'HEAD'), `ref: refs/remotes/origin/${request.defaultBranch}\n`);
}
