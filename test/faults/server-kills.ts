import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, createClient } from '../../src/client/index.ts';
import { newId } from '../../src/kernel/ids.ts';
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

const kills = 50;
const killsAPush = 7;
/** Every fourth kill hits a server that is still starting. */
const duringStart = 4;
const seed = process.env.MILLRACE_TEST_SEED ?? newId();
const finalDeployment = ['succeeded', 'failed', 'canceled', 'superseded', 'rolled_back'];

/** The n-th random number of this seed, from 0 to 1. */
const random = (n: number): number => createHash('sha256').update(`${seed} ${n}`).digest().readUInt32BE() / 2 ** 32;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let dataDir: string;
let millrace: RunningMillrace;
let project: SmallProject | undefined;
let ports: { port: number; gatewayPort: number };
const environment = { MILLRACE_RUNTIME: 'process', MILLRACE_JOBS: '4' };

beforeAll(async () => {
  dataDir = await temporaryDirectory();
  millrace = await startMillrace({ dataDir, env: environment });
  ports = { port: Number(new URL(millrace.url).port), gatewayPort: Number(new URL(millrace.gatewayUrl).port) };
});
afterAll(async () => {
  if (millrace?.child.exitCode === null && millrace.child.signalCode === null) await millrace.stop();
  await project?.remove();
  if (!process.env.KEEPX) await removeDirectory(dataDir);
});

/** Sends one event in an envelope; resolves to whether it was acknowledged. */
async function sendError(dsn: string, eventId: string): Promise<boolean> {
  const { protocol, host, username, pathname } = new URL(dsn);
  const event = {
    event_id: eventId,
    timestamp: Date.now() / 1000,
    platform: 'python',
    level: 'error',
    exception: {
      values: [
        {
          type: 'KeyError',
          value: "'percent'",
          stacktrace: { frames: [{ function: 'total', filename: 'shop/cart.py', lineno: 7, in_app: true }] },
        },
      ],
    },
  };
  const envelope = [{ event_id: eventId, dsn }, { type: 'event' }, event]
    .map((part) => JSON.stringify(part))
    .join('\n');
  try {
    const response = await fetch(`${protocol}//${host}/api${pathname}/envelope/`, {
      method: 'POST',
      headers: { 'x-sentry-auth': `Sentry sentry_key=${username}, sentry_version=7` },
      body: envelope,
      signal: AbortSignal.timeout(5000),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Sends events until told to stop, each again until it is acknowledged, as an SDK with a retrying transport would. */
function sendErrors(dsn: string): { ids: string[]; stop(): Promise<void> } {
  const ids: string[] = [];
  let open = true;
  const lane = async (): Promise<void> => {
    while (open) {
      const id = newId().replaceAll('-', '');
      ids.push(id);
      while (!(await sendError(dsn, id))) await sleep(100);
      await sleep(60);
    }
  };
  const lanes = Promise.all([lane(), lane(), lane()]);
  return {
    ids,
    async stop() {
      open = false;
      await lanes;
    },
  };
}

function askApp(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: ports.gatewayPort, headers: { host }, agent: false, timeout: 5000 };
    const outgoing = request(options, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        body += part;
      });
      answer.on('end', () => resolve(body.trim()));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

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
  await eventually('git says the push is done', () => push().then(() => true), 120_000);
}

const countsBy = (values: unknown[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1;
  return counts;
};
const more = (values: unknown[]): string[] =>
  Object.entries(countsBy(values)).flatMap(([value, times]) => (times > 1 ? [value] : []));

it(`loses and doubles nothing over ${kills} kills of the server across the loop`, async () => {
  console.log(`seed ${seed} (MILLRACE_TEST_SEED repeats it)`);
  const { client, token } = await millrace.owner();
  project = await createSmallProject({ client, token, url: millrace.url });
  const errors = sendErrors(project.dsn);
  const shas: string[] = [];
  let version = '';
  let pushing: Promise<void> = Promise.resolve();
  for (let kill = 0; kill < kills; kill += 1) {
    if (kill % killsAPush === 0) {
      await pushing;
      version = `v${shas.length + 1}`;
      shas.push(await project.commit(version));
      pushing = pushUntilDone(project);
    }
    if (kill % duringStart === duringStart - 1) {
      await killWhileStarting(dataDir, { env: environment, ...ports }, 300 + random(kill) * 3000);
    } else {
      await sleep(100 + random(kill) * 2900);
      await millrace.kill();
      // The next one is killed before it is ready.
      if (kill % duringStart === duringStart - 2 && kill + 1 < kills) continue;
    }
    millrace = await startMillrace({ dataDir, env: environment, ...ports });
  }
  await pushing;
  await errors.stop();
  const again = createClient({ baseUrl: millrace.url, token });
  await checkRuns(again, token, shas);
  await checkDeployments(again, shas, version);
  await checkErrors(again, project.id, errors.ids);

  expect(await millrace.stop()).toBe(0);
  expect(await processesNaming(dataDir)).toEqual([]);
});

/** Each push became one run; each run is green; each counting step has its lines, once and in order. */
async function checkRuns(client: Client, token: string, shas: string[]): Promise<void> {
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
    120_000,
  );
  expect(runs.map((run) => [run.sha, run.status])).toEqual(shas.map((sha) => [sha, 'success']));
  for (const { id } of runs) {
    const { jobs } = await client.pipelines.getRun({ params: { id } });
    expect(jobs.map((job) => job.name).sort()).toEqual(['build', 'one', 'two']);
    for (const job of jobs) {
      const { steps } = await client.pipelines.getJob({ params: { id: job.id } });
      const counting = steps.find((step) => step.name === 'Count')!;
      const address = `${millrace.url}/api/v1/jobs/${job.id}/steps/${counting.number}/log/raw`;
      const log = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
      expect(await log.text(), `${job.name} of run ${id}`).toBe(countedText(job.name));
      expect(counting.lines).toBe(countedLines);
    }
  }
  for (const type of ['run.queued', 'run.started', 'run.finished', 'job.started', 'job.finished'])
    expect(more((await eventsOf(client, `pipelines.${type}`)).map((event) => event.subject)), type).toEqual([]);
}

/** Each run was released once, each release deployed once to each environment; the last one answers. */
async function checkDeployments(client: Client, shas: string[], version: string): Promise<void> {
  await eventually(
    `the last commit serves in production`,
    async () => {
      const { items } = await client.deployments.listDeployments({ query: { project: 'small', limit: 100 } });
      const last = items.find((one) => one.environment === 'production' && one.release.sha === shas.at(-1));
      return last?.status === 'succeeded' && items.every((one) => finalDeployment.includes(one.status));
    },
    120_000,
  );
  const { items: releases } = await client.deployments.listReleases({
    params: { project: 'small' },
    query: { limit: 100 },
  });
  expect(releases.map((release) => [release.sha, release.status]).reverse()).toEqual(shas.map((sha) => [sha, 'ready']));
  const { items } = await client.deployments.listDeployments({ query: { project: 'small', limit: 100 } });
  expect(more(items.map((one) => `${one.release.version} in ${one.environment}`))).toEqual([]);
  expect(items.filter((one) => !['succeeded', 'superseded'].includes(one.status))).toEqual([]);
  for (const type of ['release.cut', 'deployment.switched', 'deployment.succeeded'])
    expect(more((await eventsOf(client, `deployments.${type}`)).map((event) => event.subject)), type).toEqual([]);
  for (const host of ['staging.small.localhost', 'production.small.localhost'])
    await expect
      .poll(() => askApp(host).catch(String), { message: host, timeout: 60_000, interval: 500 })
      .toBe(version);
}

/** Each acknowledged event is counted, once. */
async function checkErrors(client: Client, projectId: string, ids: string[]): Promise<void> {
  expect(ids.length).toBeGreaterThan(200);
  const counted = async (): Promise<number> => {
    const { items } = await client.errors.listIssues({ query: { project: 'small' } });
    return items.reduce((sum, issue) => sum + issue.count, 0);
  };
  await eventually('every error event is counted', async () => (await counted()) >= ids.length);
  expect(await counted()).toBe(ids.length);
  const told = async (): Promise<unknown> => {
    const { rows } = await client.telemetry.query({
      body: { nrql: 'SELECT count(*) FROM ErrorEvent SINCE 1 hour ago', projectId },
    });
    return rows[0]?.[0];
  };
  await eventually('every error event is in telemetry', async () => Number(await told()) >= ids.length);
  expect(await told()).toBe(ids.length);
}
