import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openObjectReader } from './objects.ts';
import * as git from './repository.ts';
import { runGit } from './run.ts';
import { removeLeftovers } from './stale.ts';

let directory: string;
let bare: string;
const commitsMade: string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-git-'));
  bare = join(directory, 'r.git');
  const work = join(directory, 'work');
  await git.createRepository(bare, 'main');
  const run = (...argv: string[]): string =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-C', work, ...argv]).toString();
  execFileSync('git', ['clone', '-q', bare, work], { stdio: 'ignore' });
  run('checkout', '-q', '-b', 'main');
  for (const step of [1, 2, 3]) {
    await writeFile(join(work, `file ${step}.txt`), `content ${step}\n`);
    await writeFile(join(work, 'big.bin'), Buffer.alloc(200_000, step));
    run('add', '-A');
    run('commit', '-q', '-m', `Step ${step}\n\nWhy ${step}.`);
    commitsMade.push(run('rev-parse', 'HEAD').trim());
  }
  run('tag', '-a', 'v1', '-m', 'First');
  run('push', '-q', 'origin', 'main', 'v1');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('a real repository', () => {
  it('resolves branches, tags and abbreviations, and nothing else', async () => {
    const head = commitsMade[2]!;
    expect(await git.resolve(bare, 'main')).toBe(head);
    expect(await git.resolve(bare, 'v1')).toBe(head);
    expect(await git.resolve(bare, head.slice(0, 8))).toBe(head);
    expect(await git.resolve(bare, 'gone')).toBeUndefined();
    expect(await git.resolve(bare, 'f'.repeat(40))).toBeUndefined();
  });

  it('reads history, trees and changes', async () => {
    const list = await git.commits(bare, { to: commitsMade[2]!, not: commitsMade[0], limit: 10 });
    expect(list.map((commit) => commit.message)).toEqual(['Step 3\n\nWhy 3.', 'Step 2\n\nWhy 2.']);
    expect(list[0]!.author).toEqual({ name: 'Ada', email: 'ada@example.org' });
    expect(await git.changedFiles(bare, commitsMade[0]!, commitsMade[1]!)).toEqual(['big.bin', 'file 2.txt']);
    expect(await git.changedFiles(bare, null, commitsMade[0]!)).toEqual(['big.bin', 'file 1.txt']);
    expect(await git.changedByCommit(bare, commitsMade[0]!)).toEqual(['big.bin', 'file 1.txt']);
    expect(await git.isAncestor(bare, commitsMade[0]!, commitsMade[2]!)).toBe(true);
    expect(await git.isAncestor(bare, commitsMade[2]!, commitsMade[0]!)).toBe(false);
    expect(await git.mergeBase(bare, commitsMade[0]!, commitsMade[2]!)).toBe(commitsMade[0]);
    expect((await git.tree(bare, commitsMade[0]!, { recursive: true }))!.map((entry) => entry.path)).toEqual([
      'big.bin',
      'file 1.txt',
    ]);
    expect(await git.tree(bare, commitsMade[0]!, { recursive: false, path: 'nowhere' })).toBeUndefined();
    expect((await git.refs(bare)).map((ref) => [ref.name, ref.target])).toEqual([
      ['refs/heads/main', commitsMade[2]],
      ['refs/tags/v1', commitsMade[2]],
    ]);
  });

  it('reads many files through one process, refuses large ones, and goes on', async () => {
    const reader = openObjectReader(bare);
    const head = commitsMade[2]!;
    const answers = await Promise.all([
      reader.blob(`${head}:file 1.txt`, 1000),
      reader.blob(`${head}:big.bin`, 1000).catch((error: Error) => (error as { code?: string }).code),
      reader.blob(`${head}:no such file`, 1000),
      reader.blob(`${head}:`, 1000),
      reader.blob(`${head}:big.bin`, 1_000_000),
      reader.blob(`${head}:file 3.txt`, 1000),
      reader.blob(`${head}:a\nHEAD:file 1.txt`, 1000),
    ]);
    expect(answers[0]?.toString()).toBe('content 1\n');
    expect(answers[1]).toBe('git.file-too-large');
    expect(answers[2]).toBeUndefined();
    expect(answers[3]).toBeUndefined();
    expect(answers[4]).toEqual(Buffer.alloc(200_000, 3));
    expect(answers[5]?.toString()).toBe('content 3\n');
    expect(answers[6]).toBeUndefined();
    reader.close();
  });

  it('takes a push again after a git that was killed left its locks', async () => {
    const lock = join(bare, 'refs', 'heads', 'main.lock');
    await writeFile(lock, '');
    await mkdir(join(bare, 'objects', 'tmp_objdir-incoming-x'));
    const now = Date.now();
    expect(await removeLeftovers(bare, now, 300_000)).toEqual([]);
    await utimes(lock, now / 1000 - 600, now / 1000 - 600);
    expect(await removeLeftovers(bare, now, 300_000)).toEqual([lock]);
    expect(await removeLeftovers(bare, now + 90_000_000, 300_000)).toEqual([
      join(bare, 'objects', 'tmp_objdir-incoming-x'),
    ]);
  });

  it('ends what runs long when it takes too long, or when whoever started it is killed', async () => {
    const slow = { argv: ['-c', 'alias.wait=!sleep 301', 'wait'], env: { PATH: process.env.PATH ?? '' } };
    const running = (): boolean => execFileSync('ps', ['-eo', 'args']).toString().includes('sleep 301');
    await expect(runGit(slow, { timeoutMs: 300, guarded: true })).rejects.toMatchObject({ code: 'git.timeout' });
    expect(running()).toBe(false);
    const result = await runGit({ ...slow, argv: ['--version'] }, { guarded: true });
    expect(result.stdout.toString()).toContain('git version');
    const failed = await runGit({ ...slow, argv: ['no-such-command'] }, { guarded: true, acceptable: [1] });
    expect(failed.code).toBe(1);

    const script = join(directory, 'starter.ts');
    const module = new URL('./run.ts', import.meta.url).pathname;
    await writeFile(
      script,
      `import { runGit } from ${JSON.stringify(module)}; void runGit(${JSON.stringify(slow)}, { guarded: true });`,
    );
    const starter = spawn(process.execPath, ['--import', 'tsx', script], { stdio: 'ignore', cwd: process.cwd() });
    await expect.poll(running, { timeout: 20_000 }).toBe(true);
    starter.kill('SIGKILL');
    await expect.poll(running, { timeout: 5000 }).toBe(false);
  });

  it('streams an archive, and its failure', async () => {
    const size = async (sha: string): Promise<number> => {
      let total = 0;
      for await (const chunk of git.archive(bare, sha)) total += (chunk as Buffer).length;
      return total;
    };
    expect(await size(commitsMade[2]!)).toBeGreaterThan(200_000);
    await expect(size('f'.repeat(40))).rejects.toThrow(/archive/);
  });
});
