import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../kernel/faults.ts';
import type { SourceTree, Trigger } from '../pipelines/port.ts';

const run = promisify(execFile);
const mostFiles = 50_000;
const largestFile = 5_000_000;
const passedOver = new Set(['.git', 'node_modules', '.millrace']);

/** What git knows of a directory; every field is undefined outside a repository. */
export interface Checkout {
  root: string;
  branch: string | undefined;
  sha: string | undefined;
  /** Address of `origin`, else of the first remote. */
  remote: string | undefined;
  /** Addresses of all remotes. */
  remotes: string[];
  commit: Trigger['commit'];
}

async function git(directory: string, args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run('git', ['-C', directory, ...args], { maxBuffer: 64_000_000 });
    return stdout;
  } catch {
    return undefined;
  }
}

/** Reads branch, commit and remote of the repository a directory is in. */
export async function readCheckout(directory: string): Promise<Checkout> {
  const root = (await git(directory, ['rev-parse', '--show-toplevel']))?.trim();
  if (root === undefined)
    return { root: directory, branch: undefined, sha: undefined, remote: undefined, remotes: [], commit: undefined };
  const [branch, sha, listed, shown] = await Promise.all([
    git(root, ['symbolic-ref', '--short', '-q', 'HEAD']),
    git(root, ['rev-parse', '-q', '--verify', 'HEAD']),
    git(root, ['config', '--get-regexp', '^remote\\..*\\.url$']),
    git(root, ['log', '-1', '--format=%an%x00%ae%x00%B']),
  ]);
  const [author, email, message] = shown?.split('\0') ?? [];
  const remotes = (listed ?? '').split('\n').flatMap((line) => {
    const match = /^remote\.(.+)\.url (.+)$/.exec(line);
    return match ? [{ name: match[1]!, url: match[2]! }] : [];
  });
  return {
    root,
    branch: branch?.trim() || undefined,
    sha: sha?.trim() || undefined,
    remote: (remotes.find(({ name }) => name === 'origin') ?? remotes[0])?.url,
    remotes: remotes.map(({ url }) => url),
    commit:
      author === undefined
        ? undefined
        : { message: message?.trim() ?? '', author: { name: author, email: email ?? '' } },
  };
}

/** The files of a working tree: what git would commit, else everything but what is plainly not source. */
export function workingTree(root: string): SourceTree {
  let listed: Promise<string[]> | undefined;
  return {
    list: () => (listed ??= listFiles(root)),
    async read(path) {
      const full = join(root, path);
      const found = await stat(full).catch(() => undefined);
      if (!found?.isFile()) return undefined;
      if (found.size > largestFile) {
        throw new Fault('too-large', `${path} is larger than ${largestFile / 1e6} MB`, { code: 'cli.file-too-large' });
      }
      return readFile(full, 'utf8');
    },
  };
}

async function listFiles(root: string): Promise<string[]> {
  const listed = await git(root, ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  if (listed !== undefined)
    return listed
      .split('\0')
      .filter((path) => path !== '')
      .slice(0, mostFiles);
  const found: string[] = [];
  const queue = [root];
  for (let folder = queue.shift(); folder !== undefined && found.length < mostFiles; folder = queue.shift()) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (passedOver.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) queue.push(path);
      else if (entry.isFile()) found.push(relative(root, path).split(sep).join('/'));
    }
  }
  return found;
}

/** The trigger that stands for "as it is here, now". */
export function localTrigger(
  checkout: Checkout,
  wanted: {
    branch?: string | undefined;
    tag?: string | undefined;
    schedule?: string | undefined;
    parameters?: Trigger['parameters'] | undefined;
  },
): Trigger {
  const name = basename(checkout.root);
  return {
    kind: wanted.schedule === undefined ? 'local' : 'schedule',
    schedule: wanted.schedule === undefined ? undefined : { workflow: wanted.schedule },
    branch: wanted.tag === undefined ? (wanted.branch ?? checkout.branch ?? 'main') : undefined,
    tag: wanted.tag,
    sha: checkout.sha ?? '0'.repeat(40),
    parameters: wanted.parameters ?? {},
    pipeline: { id: '00000000-0000-7000-8000-000000000000', number: 1 },
    project: { id: '00000000-0000-7000-8000-000000000000', slug: name, gitUrl: checkout.remote ?? '' },
    commit: checkout.commit,
  };
}
