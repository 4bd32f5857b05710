import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, open, readFile, rm, rmdir, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { eventually, processesNaming, type RunningMillrace, startMillrace } from '../harness/millrace.ts';
import { createSmallProject, type SmallProject } from '../harness/small-project.ts';

const isRoot = process.getuid?.() === 0;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const patient = 180_000;

let directory: string;
let millrace: RunningMillrace | undefined;
let project: SmallProject | undefined;
let client: Client;
let token: string;
let filler: { stop(): Promise<void> } | undefined;

beforeAll(async () => {
  if (!isRoot) return;
  directory = await mkdtemp(join(tmpdir(), 'millrace-small-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=500m,mode=755', 'tmpfs', directory]);
  await chmod(directory, 0o755);
  millrace = await startMillrace({ dataDir: directory, env: { MILLRACE_RUNTIME: 'process' } });
  ({ client, token } = await millrace.owner());
  project = await createSmallProject({ client, token, url: millrace.url });
});
afterAll(async () => {
  if (!isRoot) return;
  await filler?.stop();
  if (millrace?.child.exitCode === null && millrace.child.signalCode === null) await millrace.stop();
  await project?.remove();
  execFileSync('umount', ['-l', directory]);
  await rmdir(directory);
});

interface Answer {
  status: number;
  text: string;
}

interface Sender {
  /** What was sent, each until it was acknowledged. */
  ids: string[];
  acknowledged: number;
  /** Every answer that was no acknowledgement, with how often it came. */
  refusals: Map<string, number>;
  stop(): Promise<void>;
}

/** Sends something new again and again, each thing until it is acknowledged, as a sender with a retrying transport does. */
function keepSending(post: (id: string) => Promise<Answer>, pauseMs = 40): Sender {
  let isOpen = true;
  const sender: Sender = {
    ids: [],
    acknowledged: 0,
    refusals: new Map(),
    async stop() {
      isOpen = false;
      await Promise.all(lanes);
    },
  };
  const lane = async (): Promise<void> => {
    while (isOpen) {
      const id = newId().replaceAll('-', '');
      sender.ids.push(id);
      for (;;) {
        const { status, text } = await post(id).catch((error: Error) => ({
          status: 0,
          text: String(error.cause ?? error),
        }));
        if (status === 200 || status === 201) break;
        const key = `${status} ${text}`.replace(/\d+ MB/, 'some MB').slice(0, 400);
        sender.refusals.set(key, (sender.refusals.get(key) ?? 0) + 1);
        await sleep(200);
      }
      sender.acknowledged += 1;
      await sleep(pauseMs);
    }
  };
  const lanes = [lane(), lane()];
  return sender;
}

async function post(path: string, headers: Record<string, string>, body: string): Promise<Answer> {
  const answer = await fetch(`${millrace!.url}${path}`, {
    method: 'POST',
    headers,
    body,
    signal: AbortSignal.timeout(20_000),
  });
  return { status: answer.status, text: await answer.text() };
}

function sendErrors(dsn: URL): Sender {
  return keepSending((id) => {
    const frames = [{ function: 'total', filename: 'shop/cart.py', lineno: 7, in_app: true }];
    const exception = { values: [{ type: 'KeyError', value: "'percent'", stacktrace: { frames } }] };
    const event = { event_id: id, platform: 'python', level: 'error', timestamp: Date.now() / 1000, exception };
    const envelope = [{ event_id: id }, { type: 'event' }, event].map((part) => JSON.stringify(part)).join('\n');
    const auth = { 'x-sentry-auth': `Sentry sentry_key=${dsn.username}, sentry_version=7` };
    return post(`/api${dsn.pathname}/envelope/`, auth, envelope);
  });
}

function sendLogs(dsn: URL): Sender {
  return keepSending((id) => {
    const record = { timeUnixNano: `${Date.now()}000000`, body: { stringValue: `small disk ${id}` } };
    const logs = { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] };
    const headers = { authorization: `Bearer ${dsn.username}`, 'content-type': 'application/json' };
    return post('/v1/logs', headers, JSON.stringify(logs));
  });
}

/** Makes projects, which is a row, an event and a repository each. */
const makeProjects = (): Sender =>
  keepSending((id) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': id };
    return post('/api/v1/projects', headers, JSON.stringify({ slug: `made-${id.slice(-12)}`, name: id }));
  }, 400);

/** Fills the disk to its last byte, and takes what becomes free, until it is stopped; then all of it is given back. */
function fillDisk(): { stop(): Promise<void> } {
  let isOpen = true;
  const path = join(directory, 'filler');
  const filling = (async () => {
    const file = await open(path, 'w');
    let size = 4 * 1024 * 1024;
    while (isOpen) {
      try {
        await file.write(Buffer.alloc(size));
      } catch {
        size = Math.max(4096, size / 4);
        await sleep(50);
      }
    }
    await file.close();
  })();
  return {
    async stop() {
      isOpen = false;
      await filling;
      await rm(path, { force: true });
    },
  };
}

async function killPostgres(): Promise<void> {
  const running = await processesNaming(directory);
  const postmaster = running.find(({ command }) => /\/bin\/postgres -D /.test(command));
  expect(postmaster, running.map(({ command }) => command).join('\n')).toBeDefined();
  process.kill(postmaster!.pid, 'SIGKILL');
}

interface Health {
  status: string;
  problems: { code: string; message: string }[];
}

async function health(): Promise<Health> {
  const answer = await fetch(`${millrace!.url}/api/v1/health`, { signal: AbortSignal.timeout(10_000) });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Health;
}

const countOf = async (nrql: string): Promise<number> => {
  const { rows } = await client.telemetry.query({ body: { nrql, projectId: project!.id } });
  return Number(rows[0]?.[0]);
};

const versionIn = async (sha: string): Promise<string | undefined> => {
  const { items } = await client.deployments.listDeployments({ query: { project: 'small', limit: 50 } });
  return items.find((one) => one.release.sha === sha && one.environment === 'production')?.status;
};

it('takes nothing new when the disk is full, says so, loses and doubles nothing, and goes on when there is room', async ({
  skip,
}) => {
  if (!isRoot) skip('mounting a small disk needs root');
  const dsn = new URL(project!.dsn);
  const first = await project!.commit('v1');
  await project!.push();
  await eventually('v1 serves', async () => (await versionIn(first)) === 'succeeded', patient);
  expect((await health()).status).toBe('ok');

  const errors = sendErrors(dsn);
  const logs = sendLogs(dsn);
  const made = makeProjects();
  const all = [errors, logs, made];
  await eventually('all are acknowledged', async () => all.every((sender) => sender.acknowledged > 3));
  filler = fillDisk();
  await eventually('health says that the disk is full', async () =>
    (await health()).problems.some((problem) => problem.code === 'platform.disk-full'),
  );
  // Nothing is free for a good while, not even for what the server gives up.
  const second = await project!.commit('v2');
  const refusedPush = await project!.push().then(
    () => 'it was taken',
    (error: { stderr?: string }) => String(error.stderr),
  );
  expect(refusedPush).toMatch(/disk is full|not available at this moment|503/);
  for (let n = 0; n < 20; n += 1) {
    // A store that dies now finds no room to start in.
    if (n === 8) await killPostgres();
    const { status, problems } = await health();
    expect(status).toBe('impaired');
    expect(problems[0]?.message).toMatch(/^The server’s disk is full: \d+ MB are free\. Nothing new is taken\.$/);
    const asked = await fetch(`${millrace!.url}/api/v1/projects`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(20_000),
    });
    expect([200, 503]).toContain(asked.status);
    if (asked.status === 503) expect(await asked.text()).toMatch(/disk is full|not available at this moment/);
    else await asked.arrayBuffer();
    await sleep(300);
  }
  expect(millrace!.child.exitCode).toBeNull();
  await filler.stop();

  await eventually('health is well again', async () => (await health()).status === 'ok', patient);
  await eventually('git says the push is done', () => project!.push().then(() => true), patient);
  const before = all.map((sender) => sender.acknowledged);
  await eventually(
    'what was refused is taken',
    async () => all.every((sender, index) => sender.acknowledged > before[index]! + 3),
    patient,
  );
  for (const sender of all) await sender.stop();
  for (const sender of all)
    console.log(sender.acknowledged, 'acknowledged; refused:', Object.fromEntries(sender.refusals));
  expect(errors.refusals.size).toBeGreaterThan(0);
  expect(logs.refusals.size).toBeGreaterThan(0);
  for (const sender of all) {
    expect(sender.acknowledged).toBe(sender.ids.length);
    for (const refusal of sender.refusals.keys()) expect(refusal).toMatch(/^503 .*(disk|not available at this moment)/);
  }

  await eventually('v2 serves', async () => (await versionIn(second)) === 'succeeded', patient);
  const { items: projects } = await client.projects.list();
  expect(projects.map((one) => one.name).sort()).toEqual(['small', ...made.ids].sort());
  const { items: runs } = await client.pipelines.listRuns({ query: { project: 'small', limit: 10 } });
  expect(runs.map((run) => [run.sha, run.status])).toEqual([
    [second, 'success'],
    [first, 'success'],
  ]);
  const issues = async (): Promise<number> => {
    const { items } = await client.errors.listIssues({ query: { project: 'small' } });
    return items.reduce((sum, issue) => sum + issue.count, 0);
  };
  const kept = "SELECT count(*) FROM Log WHERE message LIKE 'small disk %' SINCE 1 hour ago";
  const kinds = "SELECT uniqueCount(message) FROM Log WHERE message LIKE 'small disk %' SINCE 1 hour ago";
  await eventually('every error is counted', async () => (await issues()) >= errors.ids.length, patient);
  await eventually('every log line is there', async () => (await countOf(kept)) >= logs.ids.length, patient);
  await eventually(
    'every error is in telemetry',
    async () => (await countOf('SELECT count(*) FROM ErrorEvent SINCE 1 hour ago')) >= errors.ids.length,
    patient,
  );
  expect(await issues()).toBe(errors.ids.length);
  expect(await countOf(kept)).toBe(logs.ids.length);
  expect(await countOf(kinds)).toBe(logs.ids.length);
  expect(await countOf('SELECT count(*) FROM ErrorEvent SINCE 1 hour ago')).toBe(errors.ids.length);

  expect(await millrace!.stop()).toBe(0);
  expect(await processesNaming(directory)).toEqual([]);
  const log = await readFile(join(directory, 'log', 'server.log'), 'utf8');
  expect(log).toContain('the disk is full: nothing new is taken until there is room');
  expect(log).toContain('there is room on the disk again');
});

it('ends when it is asked to, however full the disk is and whatever died of it', async ({ skip }) => {
  if (!isRoot) skip('mounting a small disk needs root');
  millrace = await startMillrace({ dataDir: directory, env: { MILLRACE_RUNTIME: 'process' } });
  filler = fillDisk();
  await eventually('health says that the disk is full', async () => (await health()).status === 'impaired');
  await eventually('nothing is free', async () => (await statfs(directory)).bavail === 0);
  await killPostgres();
  expect(await millrace.stop()).toBe(0);
  expect(await processesNaming(directory)).toEqual([]);
});
