import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../test/harness/engine.ts';
import { cloneAt } from './checkout-clone.ts';
import type { Extent } from './checkout-plan.ts';

let home: Awaited<ReturnType<typeof temporaryDirectory>>;
let sha: string;
let clones = 0;
const git = (directory: string, ...argv: string[]): string =>
  execFileSync('git', ['-C', directory, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.test', ...argv], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();

/** A history on main with a tag, a branch of one commit, and a branch that holds a large file. */
beforeAll(async () => {
  home = await temporaryDirectory();
  const work = join(home.path, 'work');
  execFileSync('git', ['init', '-q', '-b', 'main', work]);
  const commit = async (file: string, content: string | Buffer): Promise<void> => {
    await writeFile(join(work, file), content);
    git(work, 'add', '.');
    git(work, 'commit', '-q', '-m', `Change ${file}`);
  };
  for (const n of [1, 2, 3]) await commit(`file${n}`, `${n}\n`);
  git(work, 'tag', '-a', 'v1', '-m', 'v1');
  git(work, 'checkout', '-q', '-b', 'assets');
  await writeFile(join(work, 'note'), 'small\n');
  await commit('film.bin', randomBytes(24e6));
  git(work, 'checkout', '-q', 'main');
  await commit('file4', '4\n');
  git(work, 'checkout', '-q', '-b', 'feature');
  await commit('file5', '5\n');
  sha = git(work, 'rev-parse', 'HEAD');
  execFileSync('git', ['clone', '-q', '--mirror', `file://${work}`, join(home.path, 'large.git')]);
  git(join(home.path, 'large.git'), 'repack', '-q', '-a', '-d');
  execFileSync('git', ['clone', '-q', '--mirror', `file://${work}`, join(home.path, 'small.git')]);
  const small = join(home.path, 'small.git');
  git(small, 'update-ref', '-d', 'refs/heads/assets');
  git(small, 'gc', '-q', '--prune=now');
}, 120_000);
afterAll(async () => home?.remove());

async function clone(repository: string, extent: Extent): Promise<string> {
  clones += 1;
  const directory = join(home.path, `clone-${clones}`);
  await cloneAt({
    repository: join(home.path, repository),
    sha,
    branch: 'feature',
    defaultBranch: 'main',
    extent,
    directory,
    url: 'http://localhost:1/git/shop.git',
  });
  return directory;
}

async function bytesOf(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory, { recursive: true })) bytes += (await stat(join(directory, name))).size;
  return bytes;
}

describe('a clone for a job', () => {
  it.each(['small.git', 'large.git'])('answers what people ask of %s', async (repository) => {
    const there = await clone(repository, 'usual');
    expect(git(there, 'status', '--short', '--branch')).toBe('## feature...origin/feature');
    expect(git(there, 'describe')).toMatch(/^v1-2-g/);
    expect(git(there, 'log', '--format=%s', '-p', '--stat').match(/Change file/g)).toHaveLength(5);
    expect(git(there, 'diff', '--name-only', 'origin/main...HEAD')).toBe('file5');
    expect(git(there, 'rev-parse', '--abbrev-ref', 'origin/HEAD')).toBe('origin/main');
    expect(git(there, 'remote', 'get-url', 'origin')).toBe('http://localhost:1/git/shop.git');
    git(there, 'fsck', '--strict');
  });

  it('leaves the large files of other branches out, and nothing else', async () => {
    const there = await clone('large.git', 'usual');
    expect(await bytesOf(join(there, '.git'))).toBeLessThan(2e6);
    expect(git(there, 'show', 'origin/assets:note')).toBe('small');
    expect(git(there, 'diff', '--name-only', '--no-renames', 'origin/main', 'origin/assets').split('\n')).toContain(
      'film.bin',
    );
    expect(git(there, 'merge-base', 'HEAD', 'origin/assets')).toBe(git(there, 'rev-parse', 'v1^{commit}'));
  });

  it('holds all of it when asked to, in files of its own', async () => {
    const there = await clone('large.git', 'full');
    expect(git(there, 'cat-file', '-s', 'origin/assets:film.bin')).toBe('24000000');
    git(there, 'fsck', '--strict');
    const packs = join(there, '.git/objects/pack');
    for (const name of await readdir(packs)) expect((await stat(join(packs, name))).nlink).toBe(1);
  });

  it('holds the last commits only when shallow', async () => {
    const there = await clone('large.git', { depth: 2 });
    expect(git(there, 'rev-list', '--count', 'HEAD')).toBe('2');
    expect(git(there, 'status', '--short', '--branch')).toBe('## feature...origin/feature');
    expect(await bytesOf(join(there, '.git'))).toBeLessThan(1e6);
  });

  it('takes a shallow or borrowing repository for what it is', async () => {
    const large = `file://${join(home.path, 'large.git')}`;
    execFileSync('git', ['clone', '-q', '--depth=2', '--branch=feature', large, join(home.path, 'cut')]);
    expect(git(await clone('cut', 'usual'), 'rev-list', '--count', 'HEAD')).toBe('2');
    execFileSync('git', ['clone', '-q', '--shared', join(home.path, 'large.git'), join(home.path, 'borrower')]);
    git(join(home.path, 'borrower'), 'checkout', '-q', 'feature');
    const there = await clone('borrower', 'full');
    expect(git(there, 'rev-list', '--count', 'HEAD')).toBe('5');
    git(there, 'fsck', '--strict');
  });
});
