import { agentsMigrations, createAgents } from '../src/agents/index.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { system } from '../src/kernel/events.ts';
import { newId } from '../src/kernel/ids.ts';
import { pipelinesMigrations } from '../src/pipelines/index.ts';
import { jobRows, numberJobs } from '../src/pipelines/job-rows.ts';
import type { PlannedJob } from '../src/pipelines/plan.ts';
import { insertJobs, insertRun, listJobs } from '../src/pipelines/store.ts';
import { applyFact } from '../src/pipelines/transition.ts';
import { openLog } from '../src/platform/observe/log.ts';
import { testDatabase } from '../test/harness/postgres.ts';

/**
 * What one transition of a run with 10,000 jobs costs: decided, and stored in PostgreSQL with its facts and the work it lets go. The
 * graph has 100 layers of 100 jobs, each of which requires three of the layer before. Limit: 5 ms.
 */
const limitMs = 5;
const layers = 100;
const width = 100;
const stored = 300;

const planned = Array.from({ length: layers * width }, (_, index): PlannedJob => {
  const layer = Math.floor(index / width);
  const before = layer === 0 ? [] : [0, 1, 7].map((shift) => (layer - 1) * width + ((index + shift) % width));
  return {
    key: `main/job${index}`,
    name: `job${index}`,
    workflow: 'main',
    kind: 'build',
    requires: before.map((one) => ({ key: `main/job${one}`, outcomes: ['success'] })),
    executor: { kind: 'machine' },
    environment: {},
    contexts: [],
    shell: '/bin/sh -e',
    workingDirectory: '~/project',
    parallelism: 1,
    steps: [],
  };
});
const percentile = (values: number[], part: number): number =>
  values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]!;
const show = (what: string, values: number[]): void =>
  console.log(
    `${what}: median ${percentile(values, 0.5).toFixed(2)} ms, 95 % under ${percentile(values, 0.95).toFixed(2)} ms, at most ${Math.max(...values).toFixed(2)} ms`,
  );

const run = {
  id: newId(),
  projectId: newId(),
  number: 1,
  status: 'queued' as const,
  canceling: false,
  trigger: { kind: 'api' as const, sha: 'x', parameters: {}, pipeline: { id: '1', number: 1 }, project: {} as never },
  sha: 'x',
  branch: 'main',
  tag: null,
  trusted: true,
  commit: { message: 'A change', author: { name: 'Ada', email: 'ada@example.test' }, at: null },
  actor: system('bench'),
  diagnostics: [],
  rerunOf: null,
  rerunFrom: null,
  planned: true,
  queuedAt: Date.now(),
  finishedAt: null,
};
const jobs = numberJobs(jobRows({ dialect: 'bench', notes: [], workflows: [{ name: 'main', jobs: planned }] }, run), 1);

const store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
const { database } = store;
const log = openLog({ level: 'warn' });
const agents = createAgents({
  database,
  log,
  serverId: 'bench',
  name: 'bench',
  slots: 0,
  workload: () => ({ perform: async () => {}, executors: async () => [] }),
});
const deps = { clock: systemClock, dispatch: agents };
const update = { executor: 'host' as const, agent: 'bench' };
const took: number[] = [];
const apply = async (fact: Parameters<typeof applyFact>[3]): Promise<void> => {
  const started = performance.now();
  await database.transaction((tx) => applyFact(deps, tx, run.id, fact, { actor: system('bench'), update }));
  took.push(performance.now() - started);
};
await database.transaction(async (tx) => {
  await insertRun(tx, run as never, []);
  await insertJobs(tx, jobs);
});
const began = performance.now();
await apply({ kind: 'planned' });
console.log(`planned and its first layer offered after ${(performance.now() - began).toFixed(0)} ms`);
took.length = 0;
for (const job of jobs.slice(0, stored)) {
  await apply({ kind: 'started', jobId: job.id });
  await apply({ kind: 'finished', jobId: job.id, status: 'success' });
}
const going = (await listJobs(database, run.id)).filter((job) => job.status === 'queued').length;
if (going === 0) throw new Error('nothing was let go');
show(`stored, ${took.length} transitions (limit ${limitMs} ms)`, took);
await store.close();
process.exit(percentile(took, 0.5) < limitMs ? 0 : 1);
