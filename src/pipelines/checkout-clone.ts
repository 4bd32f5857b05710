import { appendFile, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type GitCommand, gitEnvironment } from '../platform/git/commands.ts';
import { copyObjectStore, listObjectStore, type ObjectStore } from '../platform/git/copy-objects.ts';
import { type GitLimits, runGit } from '../platform/git/run.ts';
import {
  type CloneRefs,
  type CloneRequest,
  cloneConfig,
  copiesFaster,
  copiesWhole,
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
    partial = await takeObjects({ request, refs, objects, git, there });
  }
  await Promise.all([
    writeFile(join(git, 'packed-refs'), packedRefs(request, refs)),
    appendFile(join(git, 'config'), cloneConfig(request, partial)),
    writeOriginHead(git, request, refs),
  ]);
  const head = request.branch ? ['-B', request.branch] : ['--detach'];
  await runGit(here('checkout', '--quiet', '--force', ...head, request.sha), limits);
}

const unlessAbsent = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw error;
};

interface Taking {
  request: CloneRequest;
  refs: CloneRefs;
  /** Where the repository keeps its objects. */
  objects: string;
  /** The clone's `.git`. */
  git: string;
  there: (...argv: string[]) => GitCommand;
}

/**
 * Brings the objects the clone needs, whichever way is the faster one. Resolves to whether some of other branches were left out, which
 * is done only where it spares something large.
 */
async function takeObjects(taking: Taking): Promise<boolean> {
  const { request, refs, objects } = taking;
  // A store that borrows objects cannot be copied by itself.
  const store = await listObjectStore(objects).catch(unlessAbsent);
  if (store && copiesWhole(store) && (await copied(store, taking))) return false;
  const rest = request.extent === 'full' ? undefined : await listRest(taking);
  if (!rest?.leftOut && store && copiesFaster(store) && (await copied(store, taking))) return false;
  const needed = rest ? refs.needed : [...refs.needed, ...refs.others];
  const revisions = new Set([request.sha, ...needed.map((ref) => ref.object)]);
  await Promise.all([pack(taking, 'needed', [...revisions], '--revs'), rest ? packRest(taking, rest) : undefined]);
  return rest?.leftOut ?? false;
}

async function copied(store: ObjectStore, { objects, git }: Taking): Promise<boolean> {
  try {
    await copyObjectStore(objects, store, join(git, 'objects'));
    return true;
  } catch (error) {
    // git repacked it meanwhile; choosing objects by git itself is always right.
    unlessAbsent(error as NodeJS.ErrnoException);
    return false;
  }
}

interface Rest {
  /** Names of the objects of other branches that the clone takes. */
  taken: string[];
  leftOut: boolean;
}

/** What the other branches have that the needed ones have not, and whether files among it are too large to be taken along. */
async function listRest({ request, refs, git, there }: Taking): Promise<Rest> {
  if (refs.others.length === 0) return { taken: [], leftOut: false };
  const needed = [request.sha, ...refs.needed.map((ref) => ref.object)];
  const revisions = new Set([...refs.others.map((ref) => ref.object), ...needed.map((object) => `^${object}`)]);
  const inputFile = await list(git, 'others', [...revisions]);
  const { stdout } = await runGit(there(...leftOutFrom), { ...limits, inputFile, outputBytes: listBytes });
  await rm(inputFile);
  const names = stdout.toString().split('\n');
  return {
    taken: names.filter((name) => name !== '' && !name.startsWith('~')),
    leftOut: names.some((name) => name.startsWith('~')),
  };
}

async function packRest(taking: Taking, rest: Rest): Promise<void> {
  if (rest.taken.length === 0) return;
  const name = await pack(taking, 'rest', rest.taken);
  // Says that what this pack's objects name and is not here can be had from `origin`.
  if (rest.leftOut) await writeFile(join(taking.git, `objects/pack/pack-${name}.promisor`), '');
}

/** Writes a pack of what is listed where it will be used, with what is compressed already taken over as it is. Resolves to its name. */
async function pack({ git, there }: Taking, what: string, listed: string[], ...flags: string[]): Promise<string> {
  const inputFile = await list(git, what, listed);
  const command = there('pack-objects', '--quiet', '--delta-base-offset', ...flags, join(git, 'objects/pack/pack'));
  const { stdout } = await runGit(command, { ...limits, inputFile });
  await rm(inputFile);
  return stdout.toString().trim();
}

async function list(git: string, what: string, lines: readonly string[]): Promise<string> {
  const file = join(git, what);
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

/** What `origin/HEAD` stands for, as after `git clone`. */
async function writeOriginHead(git: string, request: CloneRequest, refs: CloneRefs): Promise<void> {
  const name = `refs/heads/${request.defaultBranch}`;
  if (typeof request.extent === 'object' || ![...refs.needed, ...refs.others].some((ref) => ref.name === name)) return;
  const directory = join(git, 'refs/remotes/origin');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'HEAD'), `ref: refs/remotes/origin/${request.defaultBranch}\n`);
}
