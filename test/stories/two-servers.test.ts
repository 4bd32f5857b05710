import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestClickHouse, testClickHouse } from '../harness/clickhouse.ts';
import {
  eventually,
  type RunningMillrace,
  removeDirectory,
  startMillrace,
  temporaryDirectory,
} from '../harness/millrace.ts';
import { startTemporaryPostgres } from '../harness/postgres.ts';
import { createSmallProject, type SmallProject } from '../harness/small-project.ts';

/** Two whole servers with stores that are not their own: one PostgreSQL, one ClickHouse, shared files. */
let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;
let clickhouse: TestClickHouse;
let directory: string;
let servers: RunningMillrace[] = [];
let project: SmallProject | undefined;

beforeAll(async () => {
  directory = await temporaryDirectory();
  [postgres, clickhouse] = await Promise.all([startTemporaryPostgres(), testClickHouse()]);
  await mkdir(join(directory, 'shared'));
  const env = {
    DATABASE_URL: postgres.url,
    CLICKHOUSE_URL: clickhouse.url,
    MILLRACE_SHARED: join(directory, 'shared'),
    MILLRACE_JOBS: '2',
  };
  // At once, on an empty database: they must not trip over each other's first steps.
  servers = await Promise.all(['one', 'two'].map((name) => startMillrace({ dataDir: join(directory, name), env })));
});
afterAll(async () => {
  await project?.remove();
  await Promise.all(servers.map((server) => server.stop()));
  await clickhouse?.close();
  await postgres?.close();
  await removeDirectory(directory);
});

it('answer for each other and never run a job twice', async () => {
  const [one, two] = servers as [RunningMillrace, RunningMillrace];
  const withLink = one.ownerLink ? one : two;
  const { client, token } = await withLink.owner();
  const trace = join(directory, 'trace');
  await writeFile(trace, '');
  const jobs = ['a', 'b', 'c'];
  const pipeline = `version: 2.1
jobs:
${jobs.map((job) => `  ${job}: { machine: true, steps: [checkout, run: 'echo "$(cat version.txt) ${job}" >> ${trace}; sleep 0.3'] }`).join('\n')}
workflows:
  all: { jobs: [${jobs.join(', ')}] }
`;
  const files = { '.circleci/config.yml': pipeline, 'compose.yaml': null, 'millrace.yaml': null, 'server.cjs': null };
  project = await createSmallProject({ client, token, url: one.url }, files);
  const git = (server: RunningMillrace) => `${server.url.replace('://', `://x:${token}@`)}/git/${project!.slug}.git`;
  const rounds = 8;
  for (let round = 1; round <= rounds; round += 1) {
    await project.commit(`v${round}`);
    // Each push through the other of the two.
    expect(await project.push(git(servers[round % 2]!))).toContain('/runs/');
  }

  const busy = new Set<string>();
  const expected = Array.from({ length: rounds }, (_, index) => jobs.map((job) => `v${index + 1} ${job}`)).flat();
  const runs = await eventually(
    'all runs end',
    async () => {
      const agents = await client.agents.listAgents();
      for (const agent of agents.items) if (agent.busy > 0) busy.add(agent.id);
      const { items } = await client.pipelines.listRuns({ query: { project: project!.slug } });
      return items.length === rounds && items.every((run) => run.finishedAt !== null) && items;
    },
    300_000,
  );
  expect(runs.map((run) => run.status)).toEqual(runs.map(() => 'success'));
  const ran = (await readFile(trace, 'utf8')).trim().split('\n');
  expect(ran.toSorted()).toEqual(expected.toSorted());
  expect(busy.size, 'servers that worked').toBe(2);

  // What one server ran, the other shows: both read the same logs, and telemetry holds each run once.
  for (const server of servers) {
    const headers = { authorization: `Bearer ${token}` };
    for (const run of runs.slice(0, 2)) {
      const detail = await fetch(`${server.url}/api/v1/runs/${run.id}`, { headers });
      const { jobs: shown } = (await detail.json()) as { jobs: { id: string; name: string }[] };
      const log = await fetch(`${server.url}/api/v1/jobs/${shown[0]!.id}/steps/1/log`, { headers });
      expect(JSON.stringify(await log.json())).toContain('HEAD is now at');
    }
  }
  await eventually('telemetry holds every run once', async () => {
    const answer = await client.telemetry.query({
      body: { nrql: 'SELECT count(*), uniqueCount(runId) FROM PipelineRun SINCE 1 hour ago' },
    });
    return JSON.stringify(answer).includes(`${rounds}`) && answer;
  });
});

it('go on with one when the other is gone', async () => {
  await rm(join(directory, 'trace'), { force: true });
  const [one, two] = servers as [RunningMillrace, RunningMillrace];
  await two.kill();
  await project!.commit('after');
  const said = await project!.push();
  expect(said).toContain('/runs/');
  await eventually(
    'the run ends',
    async () => (await readFile(join(directory, 'trace'), 'utf8')).trim().split('\n').length === 3,
    120_000,
  );
  expect((await fetch(one.url)).status).toBe(200);
});
