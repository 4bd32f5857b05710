import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Client, createClient } from '../../src/client/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { endProcess, findProcessesIn } from '../../src/platform/process/orphans.ts';
import {
  eventually,
  killWhileStarting,
  processesNaming,
  type RunningMillrace,
  removeDirectory,
  startMillrace,
  temporaryDirectory,
} from '../harness/millrace.ts';
import { countedLines, countedText, createSmallProject, type SmallProject } from '../harness/small-project.ts';
import { createContexts, sendErrors, visit } from '../harness/traffic.ts';

const kills = 50;
const killsAPush = 6;
/** Every fourth kill hits a server that is still starting. */
const duringStart = 4;
/** Every fifth takes the server's own helpers (stores, launcher) at the same instant. */
const withHelpers = 5;
const seed = process.env.MILLRACE_TEST_SEED ?? newId();
const finalDeployment = ['succeeded', 'failed', 'canceled', 'superseded', 'rolled_back'];
/** On a slow machine much is slow; what hangs is found by this all the same. */
const patienceMs = 240_000;

/** The n-th random number of this seed, from 0 to 1. */
const random = (n: number): number => createHash('sha256').update(`${seed} ${n}`).digest().readUInt32BE() / 2 ** 32;

let dataDir: string;
let millrace: RunningMillrace | undefined;
let project: SmallProject | undefined;
const environment = { MILLRACE_RUNTIME: 'process', MILLRACE_JOBS: '4' };

beforeAll(async () => {
  // Builds what is out of date, so that it is the server that the kills hit.
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, '..', '..', 'bin', 'millrace.js'), '--help']);
});
beforeEach(async () => {
  console.log(`seed ${seed} (MILLRACE_TEST_SEED repeats it)`);
  dataDir = await temporaryDirectory();
});
afterEach(async () => {
  if (millrace?.child.exitCode === null && millrace.child.signalCode === null) await millrace.stop();
  await project?.remove();
  await removeDirectory(dataDir);
});

/** The server's own processes, jobs and services apart: those belong to others, and jobs go on without it. */
async function helpers(): Promise<number[]> {
  const node = basename(process.execPath);
  const found = await Promise.all([
    findProcessesIn(join(dataDir, 'launcher'), node),
    findProcessesIn(join(dataDir, 'clickhouse'), node),
    findProcessesIn(join(dataDir, 'postgres', 'data'), 'postgres'),
  ]);
  return found.flat();
}

it('begins anew when its first start is killed at any moment', async () => {
  for (let kill = 0; kill < 8; kill += 1)
    await killWhileStarting(dataDir, { env: environment }, 200 + random(1000 + kill) * 800 * (kill + 1));
  millrace = await startMillrace({ dataDir, env: environment });
  const { client } = await millrace.owner();
  expect((await client.projects.list()).items).toEqual([]);
  expect(await millrace.stop()).toBe(0);
  expect(await processesNaming(dataDir)).toEqual([]);
});

type Event = Awaited<ReturnType<Client['insights']['listEvents']>>['items'][number];

/** Every event of these types, oldest first. */
async function eventsOf(client: Client, types: string): Promise<Event[]> {
  const found: Event[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.insights.listEvents({ query: { types, limit: 100, ...(cursor ? { cursor } : {}) } });
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor);
  return found.reverse();
}

/** Git is asked again and again, until it says that the push is done. */
async function pushUntilDone({ push }: SmallProject): Promise<void> {
  await eventually('git says the push is done', () => push().then(() => true), patienceMs);
}

const countsBy = (values: unknown[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1;
  return counts;
};
const more = (values: unknown[]): string[] =>
  Object.entries(countsBy(values)).flatMap(([value, times]) => (times > 1 ? [value] : []));

it(`loses and doubles nothing over ${kills} kills of the server across the loop`, async () => {
  millrace = await startMillrace({ dataDir, env: environment });
  const ports = { port: Number(new URL(millrace.url).port), gatewayPort: Number(new URL(millrace.gatewayUrl).port) };
  const { token } = await millrace.owner();
  const { url } = millrace;
  const client = createClient({ baseUrl: url, token });
  project = await createSmallProject({ client, token, url });
  const hosts = ['staging.small.localhost', 'production.small.localhost'];
  const visits = hosts.map((host) => visit(ports.gatewayPort, host));
  const errors = Array.from({ length: 3 }, () => sendErrors(project!.dsn));
  const contexts = createContexts(client);
  const shas: string[] = [];
  let pushing: Promise<void> = Promise.resolve();
  for (let kill = 0; kill < kills; kill += 1) {
    if (kill % killsAPush === 0) {
      await pushing;
      shas.push(await project.commit(`v${shas.length + 1}`));
      pushing = pushUntilDone(project);
    }
    if (kill % duringStart === duringStart - 1) {
      await killWhileStarting(dataDir, { env: environment, ...ports }, 300 + random(kill) * 3000);
    } else {
      await sleep(100 + random(kill) * 2400);
      const others = kill % withHelpers === 0 ? await helpers() : [];
      const killed = millrace.kill();
      for (const pid of others) endProcess(pid, 'SIGKILL');
      await killed;
      // The next one is killed before it is ready.
      if (kill % duringStart === duringStart - 2 && kill + 1 < kills) continue;
    }
    millrace = await startMillrace({ dataDir, env: environment, ...ports });
  }
  await pushing;
  await Promise.all([contexts, ...errors].map((lane) => lane.stop()));
  await checkRuns(client, { url, token }, shas);
  await checkDeployments(client, shas);
  for (const visited of visits) {
    const last = `v${shas.length}`;
    await eventually(`${last} answers`, async () => visited.done.at(-1) === last, patienceMs);
    await visited.stop();
    // Nobody is ever shown an older release again, and what serves is back soon after each start.
    const seen = visited.done.map((version) => Number(version.slice(1)));
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
    expect(seen.length).toBeGreaterThan(kills);
  }
  await checkTelemetry(client, project.id, shas);
  await checkErrors(
    client,
    project.id,
    errors.flatMap((lane) => lane.done),
  );
  const { items } = await client.secrets.contexts();
  expect(items.map((context) => context.name).sort()).toEqual([...contexts.done].sort());

  expect(await millrace.stop()).toBe(0);
  expect(await processesNaming(dataDir)).toEqual([]);
});

/** Each push became one run; each run is green; each counting step has its lines, once and in order. */
async function checkRuns(client: Client, server: { url: string; token: string }, shas: string[]): Promise<void> {
  const pushes = await eventually('an event for each push', async () => {
    const events = await eventsOf(client, 'projects.push.received');
    return events.length >= shas.length && events;
  });
  expect(pushes.map((event) => event.data.after)).toEqual(shas);
  const runs = await eventually(
    'every run ends',
    async () => {
      const { items } = await client.pipelines.listRuns({ query: { project: 'small', limit: 100 } });
      return items.length >= shas.length && items.every((run) => run.finishedAt !== null) && items.reverse();
    },
    patienceMs,
  );
  expect(runs.map((run) => [run.sha, run.status])).toEqual(shas.map((sha) => [sha, 'success']));
  for (const { id } of runs) {
    const { jobs } = await client.pipelines.getRun({ params: { id } });
    expect(jobs.map((job) => job.name).sort()).toEqual(['build', 'one', 'two']);
    for (const job of jobs) {
      const { steps } = await client.pipelines.getJob({ params: { id: job.id } });
      const counting = steps.find((step) => step.name === 'Count')!;
      const address = `${server.url}/api/v1/jobs/${job.id}/steps/${counting.number}/log/raw`;
      const log = await fetch(address, { headers: { authorization: `Bearer ${server.token}` } });
      expect(await log.text(), `${job.name} of run ${id}`).toBe(countedText(job.name));
      expect(counting.lines).toBe(countedLines);
    }
  }
  for (const type of ['run.queued', 'run.started', 'run.finished', 'job.started', 'job.finished'])
    expect(more((await eventsOf(client, `pipelines.${type}`)).map((event) => event.subject)), type).toEqual([]);
}

/** Each run was released once, each release deployed once to each environment; the last one serves. */
async function checkDeployments(client: Client, shas: string[]): Promise<void> {
  await eventually(
    `the last commit serves in production`,
    async () => {
      const { items } = await client.deployments.listDeployments({ query: { project: 'small', limit: 100 } });
      const last = items.find((one) => one.environment === 'production' && one.release.sha === shas.at(-1));
      const { items: releases } = await client.deployments.listReleases({
        params: { project: 'small' },
        query: { limit: 100 },
      });
      return (
        last?.status === 'succeeded' &&
        items.every((one) => finalDeployment.includes(one.status)) &&
        releases.length === shas.length &&
        releases.every((release) => release.finishedAt !== null)
      );
    },
    patienceMs,
  );
  const { items: releases } = await client.deployments.listReleases({
    params: { project: 'small' },
    query: { limit: 100 },
  });
  const cut = releases.map((release) => `${release.sha} ${release.status}`);
  expect(cut.sort()).toEqual(shas.map((sha) => `${sha} ready`).sort());
  const { items } = await client.deployments.listDeployments({ query: { project: 'small', limit: 100 } });
  expect(more(items.map((one) => `${one.release.version} in ${one.environment}`))).toEqual([]);
  expect(items.filter((one) => !['succeeded', 'superseded'].includes(one.status))).toEqual([]);
  for (const type of ['release.cut', 'deployment.switched', 'deployment.succeeded'])
    expect(more((await eventsOf(client, `deployments.${type}`)).map((event) => event.subject)), type).toEqual([]);
}

/** Telemetry has each line of each job, each run, each rollout and each fact, once. */
async function checkTelemetry(client: Client, projectId: string, shas: string[]): Promise<void> {
  const ask = async (nrql: string): Promise<number> => {
    const { rows } = await client.telemetry.query({ body: { nrql: `${nrql} SINCE 2 hours ago`, projectId } });
    return Number(rows[0]?.[0]);
  };
  const { items } = await client.deployments.listDeployments({ query: { project: 'small', limit: 100 } });
  const expected = {
    "SELECT count(*) FROM Log WHERE source = 'pipeline' AND step = 'Count'": shas.length * 3 * countedLines,
    'SELECT count(*) FROM PipelineRun': shas.length,
    'SELECT count(*) FROM Deployment': items.filter((one) => one.status !== 'superseded').length,
    "SELECT count(*) FROM Event WHERE event = 'pipelines.job.finished'": shas.length * 3,
  };
  for (const [nrql, times] of Object.entries(expected)) {
    await eventually(nrql, async () => (await ask(nrql)) >= times, patienceMs);
    expect(await ask(nrql), nrql).toBe(times);
  }
  expect(await ask('SELECT count(*) FROM Event')).toBe(await ask('SELECT uniqueCount(eventId) FROM Event'));
}

/** Each acknowledged event is counted, once. */
async function checkErrors(client: Client, projectId: string, ids: string[]): Promise<void> {
  expect(ids.length).toBeGreaterThan(200);
  const counted = async (): Promise<number> => {
    const { items } = await client.errors.listIssues({ query: { project: 'small' } });
    return items.reduce((sum, issue) => sum + issue.count, 0);
  };
  await eventually('every error event is counted', async () => (await counted()) >= ids.length, patienceMs);
  expect(await counted()).toBe(ids.length);
  const told = async (): Promise<unknown> => {
    const { rows } = await client.telemetry.query({
      body: { nrql: 'SELECT count(*) FROM ErrorEvent SINCE 1 hour ago', projectId },
    });
    return rows[0]?.[0];
  };
  await eventually('every error event is in telemetry', async () => Number(await told()) >= ids.length, patienceMs);
  expect(await told()).toBe(ids.length);
}
