import { execFile, execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, rmdir, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { eventually, processesNaming, type RunningMillrace, startMillrace } from '../harness/millrace.ts';
import { type Answer, type Filler, fillDisk, keepSending, type Sender } from '../harness/small-disk.ts';
import { createSmallProject, type SmallProject } from '../harness/small-project.ts';

const isRoot = process.getuid?.() === 0;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const patient = 180_000;
/** Below the reserve that the server keeps free, above what it gives up in need. */
const nearlyFull = 40 * 1024 * 1024;

/** A job whose first step has lines enough to notice a full disk, and goes on until a file is there. */
const slowPipeline = (go: string): string => `version: 2.1
jobs:
  short:
    machine: true
    steps:
      - run: { name: Count, command: 'i=1; while [ $i -le 60 ]; do echo "short line $i"; i=$((i+1)); sleep 0.1; done' }
  long:
    machine: true
    steps:
      - run: { name: Count, command: 'i=1; while [ ! -e ${go} ]; do printf "long line %d %0150d\\\\n" $i 0; i=$((i+1)); sleep 0.03; done' }
      - run: { name: Last, command: 'echo the last line' }
workflows:
  all: { jobs: [short, long] }
`;

let directory: string;
let millrace: RunningMillrace | undefined;
let project: SmallProject | undefined;
/** Its jobs run while the disk becomes full. */
let slow: SmallProject | undefined;
/** Ends the long job. */
let goFile: string;
let client: Client;
let token: string;
let filler: Filler | undefined;

beforeAll(async () => {
  if (!isRoot) return;
  directory = await mkdtemp(join(tmpdir(), 'millrace-small-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=500m,mode=755', 'tmpfs', directory]);
  await chmod(directory, 0o755);
  millrace = await startMillrace({ dataDir: directory, env: { MILLRACE_RUNTIME: 'process', MILLRACE_JOBS: '4' } });
  ({ client, token } = await millrace.owner());
  project = await createSmallProject({ client, token, url: millrace.url });
  goFile = `${directory}-go`;
  slow = await createSmallProject(
    { client, token, url: millrace.url, slug: 'slow' },
    { '.circleci/config.yml': slowPipeline(goFile), 'compose.yaml': null, 'millrace.yaml': null },
  );
});
afterAll(async () => {
  if (!isRoot) return;
  await filler?.stop();
  if (millrace?.child.exitCode === null && millrace.child.signalCode === null) await millrace.stop();
  await project?.remove();
  await slow?.remove();
  await rm(goFile, { force: true });
  execFileSync('umount', ['-l', directory]);
  await rmdir(directory);
});

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

/** What `millrace doctor` says of the disk. */
async function doctorOnDisk(): Promise<{ state: string; detail: string; cost?: string }> {
  const argv = [join(import.meta.dirname, '..', '..', 'bin', 'millrace.js'), 'doctor', '--json'];
  const env = { ...process.env, MILLRACE_DATA: directory };
  const { stdout } = await promisify(execFile)(process.execPath, argv, { env }).catch(
    // Something required is missing: it ends with 1.
    (error: { stdout: string }) => error,
  );
  const { findings } = JSON.parse(stdout) as { findings: { id: string; state: string; detail: string }[] };
  return findings.find((one) => one.id === 'disk')!;
}

interface Job {
  status: string;
  reason: string | null;
  /** The raw log of its counting step, by lines. */
  lines: string[];
}

/** A job of the only run of the slow project. */
async function slowJob(name: string): Promise<Job> {
  const { items } = await client.pipelines.listRuns({ query: { project: 'slow', limit: 10 } });
  expect(items).toHaveLength(1);
  const { jobs } = await client.pipelines.getRun({ params: { id: items[0]!.id } });
  const job = jobs.find((one) => one.name === name)!;
  const { steps } = await client.pipelines.getJob({ params: { id: job.id } });
  const number = steps.find((step) => step.name === 'Count')?.number ?? 1;
  const address = `${millrace!.url}/api/v1/jobs/${job.id}/steps/${number}/log/raw`;
  const log = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  const text = log.status === 200 ? await log.text() : '';
  return { status: job.status, reason: job.reason, lines: text.split('\n').filter((line) => line !== '') };
}

const numbersOf = (lines: string[]): number[] => lines.map((line) => Number(/ line (\d+)/.exec(line)?.[1]));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

async function health(): Promise<Health> {
  const answer = await fetch(`${millrace!.url}/api/v1/health`, { signal: AbortSignal.timeout(10_000) });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Health;
}

const countOf = async (nrql: string, of = project!): Promise<number> => {
  const { rows } = await client.telemetry.query({ body: { nrql, projectId: of.id } });
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
  await slow!.commit('slow');
  await slow!.push();
  await eventually('both jobs run', async () => {
    const jobs = [await slowJob('short'), await slowJob('long')];
    return jobs.every((job) => job.status === 'running' && job.lines.length > 3);
  });

  // Nearly full: what has begun goes on, and has room to end in; nothing else begins.
  filler = fillDisk(directory, nearlyFull);
  await eventually('health says that the disk is full', async () =>
    (await health()).problems.some((problem) => problem.code === 'platform.disk-full'),
  );
  const doctor = await doctorOnDisk();
  expect(doctor.state).toBe('missing');
  expect(doctor.detail).toMatch(/^full: \d+ MB free for /);
  expect(doctor.cost).toMatch(/refused/);
  const second = await project!.commit('v2');
  const tryToPush = (): Promise<string> =>
    project!.push().then(
      () => 'it was taken',
      (error: { stderr?: string }) => String(error.stderr),
    );
  expect(await tryToPush()).toMatch(/disk is full/);
  await eventually('a job that runs ends well', async () => (await slowJob('short')).status === 'success', patient);
  const short = await slowJob('short');
  expect(numbersOf(short.lines)).toEqual(upTo(60));
  expect((await slowJob('long')).status).toBe('running');

  // Nothing is free for a good while, not even for what the server gives up.
  filler.leave(0);
  await nothingIsFree();
  expect(await tryToPush()).toMatch(/disk is full|not available at this moment|503/);
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
  await writeFile(goFile, '');

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
  expect(projects.map((one) => one.name).sort()).toEqual(['small', 'slow', ...made.ids].sort());
  const { items: runs } = await client.pipelines.listRuns({ query: { project: 'small', limit: 10 } });
  expect(runs.map((run) => [run.sha, run.status])).toEqual([
    [second, 'success'],
    [first, 'success'],
  ]);
  await slowJobEnded();
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

/** The job that ran all the while either printed every line, or says what it failed of; telemetry has each line of it, once. */
async function slowJobEnded(): Promise<void> {
  const ended = await eventually(
    'the long job ends',
    async () => {
      const job = await slowJob('long');
      return !['queued', 'running'].includes(job.status) && job;
    },
    patient,
  );
  console.log('the long job:', ended.status, ended.reason, ended.lines.length, 'lines');
  if (ended.status === 'success') expect(ended.reason).toBeNull();
  else expect([ended.status, ended.reason]).toEqual(['infrastructure_fail', expect.stringMatching(/disk was full/)]);
  // The disk may have become full in the midst of its last line.
  const whole = ended.lines.filter((line, index) => index < ended.lines.length - 1 || line.endsWith('0'.repeat(150)));
  expect(numbersOf(whole)).toEqual(upTo(whole.length));
  const lines = { short: 60, long: ended.lines.length };
  for (const [job, count] of Object.entries(lines)) {
    const from = `FROM Log WHERE source = 'pipeline' AND step = 'Count' AND job = '${job}' SINCE 1 hour ago`;
    await eventually(
      `every line of ${job} is there`,
      async () => (await countOf(`SELECT count(*) ${from}`, slow)) >= count,
      patient,
    );
    expect(await countOf(`SELECT count(*) ${from}`, slow)).toBe(count);
    expect(await countOf(`SELECT uniqueCount(message) ${from}`, slow)).toBe(count);
  }
  await eventually(
    'the run is in telemetry',
    async () => (await countOf('SELECT count(*) FROM PipelineRun SINCE 1 hour ago', slow)) === 1,
    patient,
  );
  const again = await slow!.commit('slow again');
  await slow!.push();
  await eventually('the next run is green', async () => {
    const { items } = await client.pipelines.listRuns({ query: { project: 'slow', limit: 10 } });
    return items[0]!.sha === again && items[0]!.status === 'success';
  });
  expect((await client.pipelines.listRuns({ query: { project: 'slow', limit: 10 } })).items).toHaveLength(2);
}

/** The kernel counts free pages in each core by itself, so that a few may be left that nobody can have. */
const nothingIsFree = (): Promise<boolean> =>
  eventually('nothing is free', async () => {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize < 128 * 1024;
  });

it('ends when it is asked to, however full the disk is and whatever died of it', async ({ skip }) => {
  if (!isRoot) skip('mounting a small disk needs root');
  millrace = await startMillrace({ dataDir: directory, env: { MILLRACE_RUNTIME: 'process' } });
  filler = fillDisk(directory);
  await eventually('health says that the disk is full', async () => (await health()).status === 'impaired');
  await nothingIsFree();
  await killPostgres();
  expect(await millrace.stop()).toBe(0);
  expect(await processesNaming(directory)).toEqual([]);
});
