import { expect } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { eventually } from './millrace.ts';
import { countedLines, countedText, type SmallProject } from './small-project.ts';
import type { Lane } from './traffic.ts';

const finalDeployment = ['succeeded', 'failed', 'canceled', 'superseded', 'rolled_back'];
/** On a slow machine much is slow; what hangs is found by this all the same. */
const patienceMs = 240_000;

/** Git is asked again and again, until it says that the push is done. */
export async function pushUntilDone({ push }: SmallProject): Promise<void> {
  await eventually('git says the push is done', () => push().then(() => true), patienceMs);
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

const countsBy = (values: unknown[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1;
  return counts;
};
const more = (values: unknown[]): string[] =>
  Object.entries(countsBy(values)).flatMap(([value, times]) => (times > 1 ? [value] : []));

/** As `eventually`, for as long as `count` grows: a slow machine is no fault, `patienceMs` without progress is. */
async function whileItGrows<Result>(
  what: string,
  probe: () => Promise<Result | false>,
  count: () => Promise<number>,
): Promise<Result> {
  for (let before = -1; ; ) {
    const now = await count();
    if (now === before) return eventually(what, probe, patienceMs);
    before = now;
    try {
      return await eventually(what, probe, 60_000);
    } catch {
      // Another look at how far it is.
    }
  }
}

/** What the runs that have not ended are at. */
async function openSteps(client: Client): Promise<string[]> {
  const { items } = await client.pipelines.listRuns({ query: { project: 'small', limit: 100 } });
  const found: string[] = [];
  for (const run of items.filter((one) => one.finishedAt === null)) {
    const { jobs } = await client.pipelines.getRun({ params: { id: run.id } });
    for (const job of jobs) {
      const { steps } = await client.pipelines.getJob({ params: { id: job.id } });
      const told = steps.map(
        (step) => `${step.number} ${step.name}: ${step.status}, ${step.startedAt}, ${step.finishedAt}`,
      );
      found.push(`run ${run.id} ${run.status}, job ${job.name} ${job.id} ${job.status}`, ...told);
    }
  }
  return found;
}

/** Each push became one run; each run is green; each counting step has its lines, once and in order. */
export async function checkRuns(client: Client, server: { url: string; token: string }, shas: string[]): Promise<void> {
  const pushes = await eventually('an event for each push', async () => {
    const events = await eventsOf(client, 'projects.push.received');
    return events.length >= shas.length && events;
  });
  expect(pushes.map((event) => event.data.after)).toEqual(shas);
  const runsEnd = async () => {
    const { items } = await client.pipelines.listRuns({ query: { project: 'small', limit: 100 } });
    return items.length >= shas.length && items.every((run) => run.finishedAt !== null) && items.reverse();
  };
  const runs = await whileItGrows(
    'every run ends',
    runsEnd,
    async () => (await eventsOf(client, 'pipelines.job.started,pipelines.job.finished')).length,
  ).catch(async (error: unknown) => {
    throw new Error(`Some runs did not end:\n${(await openSteps(client)).join('\n')}`, { cause: error });
  });
  const ends: string[][] = [];
  for (const { id, sha, status } of runs) {
    const { jobs } = await client.pipelines.getRun({ params: { id } });
    const others = jobs.filter((job) => job.status !== 'success');
    ends.push([sha, status, ...others.map((job) => `${job.name} ${job.id}: ${job.status}, ${job.reason}`)]);
  }
  expect(ends).toEqual(shas.map((sha) => [sha, 'success']));
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
export async function checkDeployments(client: Client, shas: string[]): Promise<void> {
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
export async function checkTelemetry(client: Client, projectId: string, shas: string[]): Promise<void> {
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
export async function checkErrors(client: Client, projectId: string, ids: string[], atLeast = 200): Promise<void> {
  expect(ids.length).toBeGreaterThan(atLeast);
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

/** Each acknowledged line is there, once; one that was sent and not acknowledged may be there, once. */
export async function checkLines(client: Client, projectId: string, acknowledged: string[]): Promise<void> {
  const ask = async (what: string): Promise<unknown> => {
    const nrql = `SELECT ${what} FROM Log WHERE source = 'lane' SINCE 2 hours ago`;
    const { rows } = await client.telemetry.query({ body: { nrql, projectId } });
    return rows[0]?.[0];
  };
  const kept = async (): Promise<Set<string>> => new Set((await ask('uniques(message, 10000)')) as string[]);
  await eventually(
    'every line is there',
    async () => {
      const there = await kept();
      return acknowledged.every((line) => there.has(line));
    },
    patienceMs,
  );
  expect(await ask('count(*)')).toBe((await kept()).size);
}

/**
 * Every visitor is at the newest release in the end, and none was ever shown an older one again. Ends the visits; resolves to the
 * versions each saw, in their order.
 */
export async function checkVisits(visits: Lane<string>[], shas: string[]): Promise<number[][]> {
  const all: number[][] = [];
  for (const visited of visits) {
    const last = `v${shas.length}`;
    await eventually(`${last} answers`, async () => visited.done.at(-1) === last, patienceMs);
    await visited.stop();
    const seen = visited.done.map((version) => Number(version.slice(1)));
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
    all.push(seen);
  }
  return all;
}
