import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { busyboxImage, ensureBusyboxImage } from '../harness/busybox-image.ts';
import { eventually, type RunningMillrace, removeDirectory, startMillrace } from '../harness/millrace.ts';
import { createOwnEngine, type OwnEngine, whyNoOwnEngine } from '../harness/own-engine.ts';
import { createSmallProject, type SmallProject } from '../harness/small-project.ts';

const reason = whyNoOwnEngine();
/** Long enough for an engine to restart on a slow machine, short enough to wait for its end. */
const patienceSeconds = 20;
const lines = 60;
const patient = 180_000;

let engine: OwnEngine;
let millrace: RunningMillrace;
let client: Client;
let token: string;
const projects: SmallProject[] = [];

beforeAll(async () => {
  if (reason) return;
  engine = await createOwnEngine();
  await engine.start();
  await ensureBusyboxImage(engine.host);
  millrace = await startMillrace({
    env: { DOCKER_HOST: engine.host, MILLRACE_RUNTIME: 'docker', MILLRACE_ENGINE_AWAY: String(patienceSeconds) },
  });
  ({ client, token } = await millrace.owner());
});
afterAll(async () => {
  await millrace?.stop();
  for (const project of projects) await project.remove();
  await engine?.remove();
  if (millrace) await removeDirectory(millrace.dataDir);
});

// A test that fails half-way leaves the next one a running engine all the same.
beforeEach(() => engine?.start());

const pipeline = (slug: string): string => `version: 2.1
jobs:
  ${slug}:
    ${slug === 'shop' ? 'machine: true' : `docker: [{ image: "${busyboxImage}" }]`}
    steps:
      - checkout
      - run: { name: Count, command: 'i=1; while [ $i -le ${slug === 'shop' ? 1 : lines} ]; do echo "line $i"; i=$((i+1)); sleep 0.1; done' }
      - store_artifacts: { path: version.txt }
workflows:
  all: { jobs: [${slug}] }
`;
const counted = Array.from({ length: lines }, (_, index) => `line ${index + 1}\n`).join('');

async function newProject(slug: string, more: Record<string, string | null>): Promise<SmallProject> {
  const files = { '.circleci/config.yml': pipeline(slug), 'server.cjs': null, 'deps.txt': null, ...more };
  const project = await createSmallProject({ client, token, url: millrace.url, slug }, files);
  projects.push(project);
  return project;
}

type Run = Awaited<ReturnType<Client['pipelines']['getRun']>>;
type Job = Awaited<ReturnType<Client['pipelines']['getJob']>>;

const newestRun = async (slug: string, sha: string): Promise<Run | undefined> => {
  const { items } = await client.pipelines.listRuns({ query: { project: slug, limit: 5 } });
  const found = items.find((run) => run.sha === sha);
  return found && client.pipelines.getRun({ params: { id: found.id } });
};
const jobOf = async (run: Run): Promise<Job> => client.pipelines.getJob({ params: { id: run.jobs[0]!.id } });

/** The log of the counting step, as far as the server has it. */
async function logOf(job: Job): Promise<string> {
  const step = job.steps.find((each) => each.name === 'Count');
  if (!step) return '';
  const address = `${millrace.url}/api/v1/jobs/${job.id}/steps/${step.number}/log/raw`;
  const answer = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  return answer.ok ? answer.text() : '';
}

/** Pushes and waits until the job has printed a few lines; resolves to them. */
async function pushAndCount(project: SmallProject, version: string): Promise<{ sha: string; job: Job; seen: string }> {
  const sha = await project.commit(version);
  await project.push();
  return eventually(
    'the job prints lines',
    async () => {
      const run = await newestRun(project.slug, sha);
      const job = run?.jobs[0] && (await jobOf(run));
      const seen = job ? await logOf(job) : '';
      return job && seen.includes('line 5\n') && { sha, job, seen };
    },
    patient,
  );
}

const ended = (id: string): Promise<Job> =>
  eventually(
    'the job ends',
    async () => {
      const job = await client.pipelines.getJob({ params: { id } });
      return job.finishedAt !== null && job;
    },
    patient,
  );

async function rerun(job: Job): Promise<Job> {
  const run = await client.pipelines.rerun({ params: { id: job.runId }, body: { from: 'start' } });
  const again = await eventually('the rerun has its job', async () => {
    const { jobs } = await client.pipelines.getRun({ params: { id: run.id } });
    return jobs[0];
  });
  return ended(again.id);
}

it.skipIf(reason)('finds a job again whose engine was away for a moment, with every line of its log', async () => {
  const { job, seen } = await pushAndCount(await newProject('brief', {}), 'one');
  await engine.kill('go on');
  // What the job prints meanwhile is seen meanwhile: its log does not go through the engine.
  const later = await eventually('more lines', async () => {
    const log = await logOf(job);
    return log.length > seen.length && log;
  });
  expect(later.startsWith(seen)).toBe(true);
  await engine.start();
  expect(await ended(job.id)).toMatchObject({ status: 'success', reason: null });
  expect(await logOf(job)).toBe(counted);
});

it.skipIf(reason)('says plainly that the engine went away, keeps what it has shown, and clears up later', async () => {
  const project = await newProject('gone', {});
  const { job, seen } = await pushAndCount(project, 'one');
  const container = engine.docker('ps', '-q', '--filter', `label=millrace.place=${job.id}`).trim();
  expect(container).not.toBe('');
  await engine.kill('go on');
  // One that is asked for now is not quietly moved to the bare machine.
  const sha = await project.commit('two');
  await project.push();
  const lost = await ended(job.id);
  // The driver in the container may have come to its end meanwhile; the copy after it cannot.
  expect(lost).toMatchObject({ status: 'infrastructure_fail', reason: 'The container engine went away' });
  expect((await logOf(lost)).startsWith(seen)).toBe(true);
  const second = await eventually('the second run has its job', async () => (await newestRun('gone', sha))?.jobs[0]);
  const refused = await ended(second.id);
  expect(refused.status).toBe('infrastructure_fail');
  expect(refused.reason).toMatch(/^The container engine went away/);

  await engine.start();
  expect(await rerun(lost)).toMatchObject({ status: 'success' });
  await eventually(
    'the place of the lost job is removed',
    async () => engine.docker('ps', '-aq', '--filter', `label=millrace.place=${job.id}`).trim() === '',
    patient,
  );
});

const host = 'production.shop.localhost';
const shop = {
  'compose.yaml': 'services:\n  web:\n    build: .\n    ports: ["8000"]\n    x-millrace: { health: / }\n',
  'millrace.yaml':
    'environments:\n  production: { from: main }\nrollout: { healthyWithin: 60s, drain: 1s, verify: { for: 1s } }\n',
  Dockerfile: `FROM ${busyboxImage}\nCOPY version.txt /www/index.html\nCMD ["sh", "-c", "sleep 3; exec httpd -f -p 8000 -h /www"]\n`,
};

function visit(): Promise<string> {
  return new Promise((resolve) => {
    const { port } = new URL(millrace.gatewayUrl);
    const options = { host: '127.0.0.1', port, headers: { host }, agent: false, timeout: 5000 };
    const outgoing = request(options, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        body += part;
      });
      answer.on('end', () => resolve(answer.statusCode === 200 ? body.trim() : `${answer.statusCode} ${body}`));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', (error) => resolve(error.message));
    outgoing.end();
  });
}

/** Visits all the time; what came besides the versions expected is a failure of somebody's request. */
function visitors(): { stop(): Promise<string[]> } {
  const answers = new Set<string>();
  let open = true;
  const visiting = (async () => {
    while (open) {
      answers.add(await visit());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    async stop() {
      open = false;
      await visiting;
      return [...answers].sort();
    },
  };
}

type Deployment = Awaited<ReturnType<Client['deployments']['listDeployments']>>['items'][number];

/** The deployment of a commit once it is so. */
const deploymentOf = (sha: string, what: string, is: (one: Deployment) => boolean): Promise<Deployment> =>
  eventually(
    what,
    async () => {
      const { items } = await client.deployments.listDeployments({ query: { project: 'shop', limit: 20 } });
      return items.find((one) => one.release.sha === sha && is(one));
    },
    patient,
  );

it.skipIf(reason)('keeps serving while the engine is away, and goes on with a rollout where it stood', async () => {
  const project = await newProject('shop', shop);
  const first = await project.commit('v1');
  await project.push();
  await deploymentOf(first, 'v1 is good', (one) => one.status === 'succeeded');
  expect(await visit()).toBe('v1');

  const all = visitors();
  const second = await project.commit('v2');
  await project.push();
  const { id } = await deploymentOf(second, 'v2 is being rolled out', (one) => one.status === 'running');
  await eventually('the container of v2 is there', async () => engine.docker('ps', '-q').split('\n').length > 2);
  await engine.kill('go on');
  await eventually('the rollout says what it waits for', async () => {
    const { steps } = await client.deployments.getDeployment({ params: { id } });
    return steps.at(-1)!.detail.startsWith('Waiting: The container engine does not answer');
  });
  await engine.start();
  await deploymentOf(second, 'v2 is good', (one) => one.status === 'succeeded');
  expect(await all.stop()).toEqual(['v1', 'v2']);
});

it.skipIf(reason)('fails a release plainly when the engine stays away, and what serves goes on', async () => {
  const project = projects.find((one) => one.slug === 'shop')!;
  const all = visitors();
  await engine.kill('go on');
  const third = await project.commit('v3');
  await project.push();
  const failed = await eventually(
    'the release of v3 fails',
    async () => {
      const { items } = await client.deployments.listReleases({ params: { project: 'shop' }, query: { limit: 5 } });
      return items.find((one) => one.sha === third && one.status === 'failed');
    },
    patient,
  );
  expect(failed.reason).toMatch(/^The container engine went away/);
  expect(await all.stop()).toEqual(['v2']);
  await engine.start();
  // This time what ran ends with the engine, as with a restart of the machine.
  await engine.kill('end');
  await engine.start();
  await eventually('v2 serves again', async () => (await visit()) === 'v2', patient);
  const fourth = await project.commit('v4');
  await project.push();
  await deploymentOf(fourth, 'v4 is good', (one) => one.status === 'succeeded');
  expect(await visit()).toBe('v4');
  const { items } = await client.deployments.listDeployments({ query: { project: 'shop', limit: 20 } });
  expect(items.map((one) => [one.release.sha, one.status]).reverse()).toEqual(
    [...new Set(items.map((one) => one.release.sha))].reverse().map((sha) => [sha, 'succeeded']),
  );
});

it.skipIf(reason)('tells a job whose container the engine took along from one that failed', async () => {
  const project = projects.find((one) => one.slug === 'brief')!;
  const { job, seen } = await pushAndCount(project, 'two');
  await engine.kill('end');
  await engine.start();
  const lost = await ended(job.id);
  expect(lost.status).toBe('infrastructure_fail');
  // An engine that is back within a second may not have been missed.
  expect(lost.reason).toMatch(
    /^The container engine went away, and the job’s container with it$|ended with status \d+$/,
  );
  expect((await logOf(lost)).startsWith(seen)).toBe(true);
  expect(await rerun(lost)).toMatchObject({ status: 'success' });
});
