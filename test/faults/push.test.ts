import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { z } from 'zod';
import { system } from '../../src/kernel/events.ts';
import { readEventsAfter } from '../../src/platform/events/log.ts';
import { freePort } from '../../src/platform/sockets/free-port.ts';
import { projectsEvents } from '../../src/projects/events.ts';
import { type Foundation, foundationMigrations, startFoundation } from '../harness/foundation.ts';
import { type TestDatabase, testDatabase } from '../harness/postgres.ts';

type Push = z.output<(typeof projectsEvents.schemas)['push.received']>;

const kills = 25;
const run = promisify(execFile);
let test: TestDatabase;
let directory: string;
/** Reads the same installation, and serves nothing that the test uses. */
let observer: Foundation;
let port: number;
let server: ChildProcess | undefined;

async function startServer(): Promise<void> {
  const entry = new URL('./push-server.ts', import.meta.url).pathname;
  const argv = ['--import', 'tsx', entry, test.url, directory, String(port)];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  server = child;
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => chunk.toString().includes('ready') && resolve());
    child.once('exit', () => reject(new Error('the server ended before it was ready')));
  });
}

async function killServer(): Promise<void> {
  const gone = new Promise((resolve) => server!.once('exit', resolve));
  server!.kill('SIGKILL');
  await gone;
}

beforeAll(async () => {
  test = await testDatabase(foundationMigrations);
  directory = await mkdtemp(join(tmpdir(), 'millrace-push-fault-'));
  port = await freePort();
  observer = await startFoundation({ databaseUrl: test.url, directory, port: 0 });
});
afterAll(async () => {
  if (server?.exitCode === null) await killServer();
  await observer?.close();
  await test?.close();
  await rm(directory, { recursive: true, force: true });
});

it('loses and doubles no push, whenever its server is killed', async () => {
  const project = await observer.projects.create({ name: 'shop' }, system('test'));
  const token = await observer.token('developer');
  const work = join(directory, 'work');
  await mkdir(work);
  const git = async (...argv: string[]): Promise<string> => {
    const config = ['-c', 'user.name=Bob', '-c', 'user.email=b@example.org'];
    const { stdout, stderr } = await run('git', [...config, '-C', work, ...argv]);
    return stdout + stderr;
  };
  await git('init', '-q', '-b', 'main');
  await git('remote', 'add', 'origin', `http://x:${token}@127.0.0.1:${port}/git/shop.git`);
  await startServer();
  const printed: string[] = [];
  const shas: string[] = [];
  for (let round = 0; round < kills; round += 1) {
    await writeFile(join(work, 'a.txt'), `${round}`);
    await git('add', '-A');
    await git('commit', '-q', '-m', `Round ${round}`);
    shas.push((await git('rev-parse', 'HEAD')).trim());
    const pushing = git('push', 'origin', 'main', `main:refs/heads/round-${round}`).then(
      (text) => printed.push(...[...text.matchAll(/runs\/([0-9a-f-]{36})/g)].map((match) => match[1]!)),
      () => undefined,
    );
    // A push takes about 300 ms here: some die early, some late, some live.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
    await killServer();
    await pushing;
    await startServer();
  }
  await git('push', 'origin', '--all');

  const told = async (): Promise<Push[]> => {
    const events = await readEventsAfter(test.database, 0, { types: ['projects.push.received'] }, 1000);
    return events.map((event) => projectsEvents.schemas['push.received'].parse(event.data));
  };
  const repository = observer.projects.repositoryPath(project.id);
  const { stdout } = await run('git', ['-C', repository, 'for-each-ref', '--format=%(refname) %(objectname)']);
  const refs = new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
  expect(refs.get('refs/heads/main')).toBe(shas.at(-1));
  const tips = async (): Promise<Map<string, string | null>> =>
    new Map((await told()).map((push): [string, string | null] => [push.ref, push.after]));
  await expect.poll(tips, { timeout: 60_000, interval: 500 }).toEqual(refs);

  const pushes = await told();
  for (const ref of refs.keys()) {
    let at: string | null = null;
    for (const push of pushes.filter((each) => each.ref === ref)) {
      expect(push.before, ref).toBe(at);
      at = push.after;
    }
  }
  const runs = pushes.map((push) => push.runId);
  expect(new Set(runs).size).toBe(runs.length);
  // Every address that anybody saw leads to a run.
  for (const id of printed) expect(runs).toContain(id);
  expect(printed.length).toBeGreaterThan(0);
});
