import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { type Foundation, startFoundation } from '../../test/harness/foundation.ts';
import { system } from '../kernel/events.ts';
import { readEventsAfter } from '../platform/events/log.ts';
import type { Role } from '../platform/http/principal.ts';
import { sql } from '../platform/postgres/sql.ts';
import { projectsEvents } from './events.ts';
import type { Project, Projects } from './index.ts';

type Push = z.output<(typeof projectsEvents.schemas)['push.received']>;

let test: Foundation;
let directory: string;
let projects: Projects;
let url: string;
const run = promisify(execFile);

beforeAll(async () => {
  test = await startFoundation();
  ({ directory, projects, url } = test);
});
afterAll(() => test?.close());

const tokenWith = (role: Role, scopes: string[] | null = null): Promise<string> => test.token(role, scopes);

const newProject = (slug: string): Promise<Project> => projects.create({ name: slug, slug }, system('test'));

const address = (slug: string, token: string): string =>
  `${url.replace('http://', `http://x:${token}@`)}/git/${slug}.git`;

/** A working tree whose origin is the project; `git` runs there and gives what it printed on both outputs. */
async function workingTree(slug: string, token: string) {
  const path = join(directory, `work-${slug}-${randomBytes(4).toString('hex')}`);
  await mkdir(path, { recursive: true });
  const git = async (...argv: string[]): Promise<string> => {
    const config = ['-c', 'user.name=Bob', '-c', 'user.email=bob@example.org', '-c', 'protocol.version=2'];
    const env = { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1', HOME: path };
    const { stdout, stderr } = await run('git', [...config, '-C', path, ...argv], { env, maxBuffer: 64e6 });
    return stdout + stderr;
  };
  await git('init', '-q', '-b', 'main');
  await git('remote', 'add', 'origin', address(slug, token));
  const commit = async (name: string, content: string | Buffer): Promise<string> => {
    await writeFile(join(path, name), content);
    await git('add', '-A');
    await git('commit', '-q', '-m', `Change ${name}`);
    return (await git('rev-parse', 'HEAD')).trim();
  };
  return { path, git, commit };
}

async function pushesOf(project: Project): Promise<Push[]> {
  const events = await readEventsAfter(test.database, 0, { types: ['projects.push.received'], projectId: project.id });
  return events.map((event) => projectsEvents.schemas['push.received'].parse(event.data));
}

const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it worked',
    (error: { stderr?: string; message: string }) => `${error.message}\n${error.stderr ?? ''}`,
  );

describe('git with the real client', () => {
  it('takes a push, prints the address of its run at once, and tells it once', async () => {
    const project = await newProject('first');
    const work = await workingTree('first', await tokenWith('developer'));
    const sha = await work.commit('a.txt', 'one');
    const printed = await work.git('push', 'origin', 'main');
    const [push, ...others] = await pushesOf(project);
    expect(others).toEqual([]);
    expect(printed).toContain(`remote: Millrace: run ${url}/first/runs/${push!.runId}`);
    expect(push).toMatchObject({ ref: 'refs/heads/main', branch: 'main', before: null, after: sha, forced: false });
    expect(push!.pusher.name).toContain('Ada');
    expect(push!.commits).toEqual([
      { sha, author: { name: 'Bob', email: 'bob@example.org' }, message: 'Change a.txt', at: expect.any(String) },
    ]);
    expect(await readdir(join(directory, 'data', 'receipts', project.id))).toEqual([]);
    expect(await projects.resolve(project.id, 'main')).toBe(sha);
    expect(await projects.tree(project.id, sha).read('a.txt')).toBe('one');
    expect(await projects.tree(project.id, sha).list()).toEqual(['a.txt']);
  });

  it('tells several refs, forced pushes, tags and deletions apart', async () => {
    const project = await newProject('moves');
    const work = await workingTree('moves', await tokenWith('developer'));
    const first = await work.commit('a.txt', '1');
    await work.git('tag', '-a', 'v1', '-m', 'First');
    await work.git('branch', 'side');
    const printed = await work.git('push', 'origin', 'main', 'side', 'v1');
    expect(printed.match(/Millrace: run /g)).toHaveLength(3);
    const second = await work.commit('a.txt', '2');
    await work.git('push', 'origin', 'main');
    await work.git('reset', '-q', '--hard', first);
    const third = await work.commit('a.txt', '3');
    await work.git('push', '--force', 'origin', 'main');
    await work.git('push', 'origin', ':side');
    const told = (await pushesOf(project)).map((push) => [
      push.branch ?? push.tag,
      push.before,
      push.after,
      push.forced,
    ]);
    expect(told.slice(0, 3).sort()).toEqual([
      ['main', null, first, false],
      ['side', null, first, false],
      ['v1', null, first, false],
    ]);
    expect(told.slice(3)).toEqual([
      ['main', first, second, false],
      ['main', second, third, true],
      ['side', first, null, false],
    ]);
    const runs = (await pushesOf(project)).map((push) => push.runId);
    expect(new Set(runs).size).toBe(runs.length);
  });

  it('follows a first push to another branch than expected', async () => {
    const project = await newProject('trunk');
    const work = await workingTree('trunk', await tokenWith('developer'));
    const sha = await work.commit('a.txt', '1');
    await work.git('push', 'origin', 'main:trunk');
    expect((await projects.get(project.id)).defaultBranch).toBe('trunk');
    await run('git', ['clone', '-q', address('trunk', await tokenWith('viewer')), join(directory, 'trunk-clone')]);
    const { stdout } = await run('git', ['-C', join(directory, 'trunk-clone'), 'rev-parse', 'HEAD']);
    expect(stdout.trim()).toBe(sha);
  });

  it('serves shallow, partial and old-protocol clones', async () => {
    await newProject('clones');
    const work = await workingTree('clones', await tokenWith('developer'));
    for (let n = 0; n < 5; n += 1) await work.commit('a.txt', `content ${n}`);
    await work.git('push', 'origin', 'main');
    const from = address('clones', await tokenWith('viewer', ['projects:read']));
    const into = (name: string): string => join(directory, `clones-${name}`);
    const count = async (name: string): Promise<string> =>
      (await run('git', ['-C', into(name), 'rev-list', '--count', 'HEAD'])).stdout.trim();
    await run('git', ['clone', '-q', '--depth', '2', from, into('shallow')]);
    expect(await count('shallow')).toBe('2');
    await run('git', ['-C', into('shallow'), 'fetch', '-q', '--unshallow']);
    expect(await count('shallow')).toBe('5');
    await run('git', ['clone', '-q', '--filter=blob:none', '--no-checkout', from, into('partial')]);
    const missing = await run('git', ['-C', into('partial'), 'rev-list', '--objects', '--all', '--missing=print']);
    expect(missing.stdout.match(/^\?/gm)).toHaveLength(5);
    await run('git', ['-C', into('partial'), 'checkout', '-q', 'main']);
    await run('git', ['-c', 'protocol.version=0', 'clone', '-q', from, into('old')]);
    expect(await count('old')).toBe('5');
    // Many haves make git compress its request.
    for (let n = 0; n < 30; n += 1) await work.commit('b.txt', `${n}`);
    await work.git('push', 'origin', 'main');
    await run('git', ['-C', into('old'), 'pull', '-q']);
    expect(await count('old')).toBe('35');
  });

  it('lets in by role and scope, and says why not', async () => {
    const project = await newProject('rights');
    const viewer = await tokenWith('viewer');
    const work = await workingTree('rights', viewer);
    await work.commit('a.txt', '1');
    expect(await failure(work.git('push', 'origin', 'main'))).toContain('This needs the role developer');
    await work.git('remote', 'set-url', 'origin', address('rights', await tokenWith('owner', ['projects:read'])));
    expect(await failure(work.git('push', 'origin', 'main'))).toContain('403');
    await work.git('remote', 'set-url', 'origin', `${url}/git/rights.git`);
    expect(await failure(work.git('ls-remote', 'origin'))).toMatch(/could not read Username|Authentication failed/);
    await work.git('remote', 'set-url', 'origin', address('rights', 'mr_wrong'));
    expect(await failure(work.git('ls-remote', 'origin'))).toContain('unknown or revoked');
    await work.git('remote', 'set-url', 'origin', address('no-such', viewer));
    expect(await failure(work.git('ls-remote', 'origin'))).toContain('There is no project "no-such"');
    const withPassword = url.replace('http://', 'http://ada%40example.org:correct%20horse%20battery@');
    await work.git('remote', 'set-url', 'origin', `${withPassword}/git/rights.git`);
    expect(await work.git('push', 'origin', 'main')).toContain('Millrace: run');
    expect(await pushesOf(project)).toHaveLength(1);
  });

  it('refuses refs that are neither branches nor tags', async () => {
    const project = await newProject('refs');
    const work = await workingTree('refs', await tokenWith('owner'));
    await work.commit('a.txt', '1');
    expect(await failure(work.git('push', 'origin', 'main:refs/pull/1/head'))).toContain('hidden ref');
    expect(await failure(work.git('push', 'origin', 'main:refs/millrace/x'))).toContain('hidden ref');
    expect(await pushesOf(project)).toEqual([]);
  });

  it('prints ref names, and never runs them', async () => {
    const project = await newProject('hostile');
    const work = await workingTree('hostile', await tokenWith('developer'));
    await work.commit('a.txt', '1');
    const flag = join(directory, 'hacked');
    const names = [`$(touch\${IFS}${flag})`, `\`touch\${IFS}${flag}\``, `;touch\${IFS}${flag};`, '%s%n', "'x'", '"x"'];
    for (const name of names) await work.git('push', 'origin', `main:refs/heads/${name}`, 'main:refs/heads/main');
    expect(existsSync(flag)).toBe(false);
    const told = new Set((await pushesOf(project)).map((push) => push.branch));
    for (const name of names) expect(told).toContain(name);
  });

  it('streams a large push without holding it', async () => {
    const project = await newProject('large');
    const work = await workingTree('large', await tokenWith('developer'));
    const sha = await work.commit('blob.bin', randomBytes(60_000_000));
    let most = 0;
    global.gc?.();
    const before = process.memoryUsage().rss;
    const sampler = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 20);
    await work.git('push', 'origin', 'main');
    clearInterval(sampler);
    expect((await pushesOf(project)).map((push) => push.after)).toEqual([sha]);
    expect(most - before).toBeLessThan(40_000_000);
  });

  it('refuses a push over the limit of the project and goes on', async () => {
    const project = await newProject('small');
    await test.database.execute(sql`
      update projects_projects set settings = settings || '{"pushLimitBytes": 1000000}' where id = ${project.id}`);
    const work = await workingTree('small', await tokenWith('developer'));
    await work.commit('blob.bin', randomBytes(3_000_000));
    expect(await failure(work.git('push', 'origin', 'main'))).toMatch(/exceeds maximum allowed size|error: /);
    expect(await pushesOf(project)).toEqual([]);
    await work.git('checkout', '-q', '--orphan', 'tiny');
    await rm(join(work.path, 'blob.bin'));
    await work.commit('a.txt', 'small');
    await work.git('push', 'origin', 'tiny:main');
    expect(await pushesOf(project)).toHaveLength(1);
  });

  it('tells each of many pushes at the same time once, in an order that holds together', async () => {
    const project = await newProject('busy');
    const token = await tokenWith('developer');
    const trees = await Promise.all([0, 1, 2, 3].map(() => workingTree('busy', token)));
    await Promise.all(
      trees.map(async (tree, n) => {
        for (let round = 0; round < 4; round += 1) {
          await tree.commit('a.txt', `${n} ${round}`);
          await tree.git('push', 'origin', `main:branch-${n}`);
          // All of them fight for this one; losers are refused by git and try no more.
          await failure(tree.git('push', '--force', 'origin', 'main:shared'));
        }
      }),
    );
    const pushes = await pushesOf(project);
    for (const branch of ['branch-0', 'branch-1', 'branch-2', 'branch-3', 'shared']) {
      const mine = pushes.filter((push) => push.branch === branch);
      let at: string | null = null;
      for (const push of mine) {
        expect(push.before).toBe(at);
        at = push.after;
      }
      expect(await projects.resolve(project.id, branch)).toBe(at);
      if (branch !== 'shared') expect(mine).toHaveLength(4);
    }
    expect(new Set(pushes.map((push) => push.runId)).size).toBe(pushes.length);
  });

  it('tells what a killed server left untold', async () => {
    const project = await newProject('killed');
    const work = await workingTree('killed', await tokenWith('developer'));
    const first = await work.commit('a.txt', '1');
    await work.git('push', 'origin', 'main');
    // A receipt whose server died before the commit, and a ref that moved without even a receipt.
    const second = await work.commit('a.txt', '2');
    const bare = projects.repositoryPath(project.id);
    await work.git('push', '-q', bare, 'main', 'main:refs/heads/lost');
    const receipts = join(directory, 'data', 'receipts', project.id);
    const [pushId, runId] = ['01890000-0000-7000-8000-000000000000', '01890000-0000-7000-8000-000000010000'];
    const header = JSON.stringify({ runId, pusher: { personId: null, name: 'Ghost' } });
    await writeFile(join(receipts, pushId), `${header}\n${first} ${second} refs/heads/main\n`);
    test.startLoop('projects.pushes');
    await expect.poll(() => pushesOf(project), { timeout: 60_000, interval: 300 }).toHaveLength(3);
    const [, fromReceipt, lost] = await pushesOf(project);
    expect(fromReceipt).toMatchObject({ pushId, runId, before: first, after: second, pusher: { name: 'Ghost' } });
    expect(lost).toMatchObject({ branch: 'lost', before: null, after: second });
    expect(await readdir(receipts)).toEqual([]);
  });

  it('gives up on a client that goes away in the middle of its push', async () => {
    const project = await newProject('gone');
    const work = await workingTree('gone', await tokenWith('developer'));
    await work.commit('blob.bin', randomBytes(20_000_000));
    const child = spawn('git', ['-C', work.path, 'push', '-q', 'origin', 'main'], { detached: true, stdio: 'ignore' });
    await new Promise((resolve) => setTimeout(resolve, 250));
    process.kill(-child.pid!, 'SIGKILL');
    await expect
      .poll(async () => (await run('ps', ['-eo', 'args'])).stdout.includes(`${project.id}.git`), { timeout: 20_000 })
      .toBe(false);
    await work.git('push', 'origin', 'main');
    expect(await projects.resolve(project.id, 'main')).toBeDefined();
  });
});
