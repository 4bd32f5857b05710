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
import { sql } from '../src/platform/postgres/sql.ts';
import { testDatabase } from '../test/harness/postgres.ts';

/**
 * What one transition of a run with 10,000 jobs costs: decided, and stored in PostgreSQL with its facts and the work it lets go; beside
 * it the same of a run with 200 jobs, and a transaction that changes one row and commits, in turns, so that a busy machine falls on all.
 * Every job requires three of the layer before.
 * Limit: 5 ms.
 */
const limitMs = 5;
const width = 100;
const turns = 300;

function graph(layers: number): PlannedJob[] {
  return Array.from({ length: layers * width }, (_, index): PlannedJob => {
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
}

const percentile = (values: number[], part: number): number =>
  values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]!;

const store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
const { database } = store;
const agents = createAgents({
  database,
  log: openLog({ level: 'warn' }),
  serverId: 'bench',
  name: 'bench',
  slots: 0,
  workload: () => ({ perform: async () => {}, executors: async () => [] }),
});
const actor = system('bench');

async function begin(layers: number) {
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
    actor,
    diagnostics: [],
    rerunOf: null,
    rerunFrom: null,
    planned: true,
    queuedAt: Date.now(),
    finishedAt: null,
  };
  const plan = { dialect: 'bench', notes: [], workflows: [{ name: 'main', jobs: graph(layers) }] };
  const jobs = numberJobs(jobRows(plan, run), 1);
  await database.transaction(async (tx) => {
    await insertRun(tx, run as never, []);
    await insertJobs(tx, jobs);
  });
  const took: number[] = [];
  const apply = async (fact: Parameters<typeof applyFact>[3]): Promise<void> => {
    const started = performance.now();
    const update = { executor: 'host' as const, agent: 'bench' };
    await database.transaction((tx) =>
      applyFact({ clock: systemClock, dispatch: agents }, tx, run.id, fact, { actor, update }),
    );
    took.push(performance.now() - started);
  };
  await apply({ kind: 'planned' });
  console.log(`${jobs.length} jobs: planned and the first layer offered after ${took.pop()!.toFixed(0)} ms`);
  const step = async (index: number): Promise<void> => {
    await apply({ kind: 'started', jobId: jobs[index]!.id });
    await apply({ kind: 'finished', jobId: jobs[index]!.id, status: 'success' });
  };
  const queued = async (): Promise<number> =>
    (await listJobs(database, run.id)).filter((job) => job.status === 'queued').length;
  return { took, step, queued };
}

const large = await begin(100);
const bare: number[] = [];
async function commit(): Promise<void> {
  const started = performance.now();
  await database.transaction((tx) => tx.execute(sql`update bench_counter set value = value + 1`));
  bare.push(performance.now() - started);
}
await database.execute(sql`create table bench_counter (value bigint not null)`);
await database.execute(sql`insert into bench_counter values (0)`);
const small = await Promise.all([1, 2, 3].map(() => begin(2)));
for (let turn = 0; turn < turns; turn += 1) {
  await large.step(turn);
  await commit();
  await small[Math.floor(turn / 100)]!.step(turn % 100);
}
if ((await large.queued()) === 0) throw new Error('nothing was let go');
const ofLarge = percentile(large.took, 0.5);
const ofBare = percentile(bare, 0.5);
const ofSmall = percentile(
  small.flatMap(({ took }) => took),
  0.5,
);
console.log(
  `a transition of 10,000 jobs: median ${ofLarge.toFixed(2)} ms, 95 % under ${percentile(large.took, 0.95).toFixed(2)} ms; ` +
    `of 200 jobs: ${ofSmall.toFixed(2)} ms; a bare commit: ${ofBare.toFixed(2)} ms; ${(ofLarge / limitMs).toFixed(2)} of the limit of ${limitMs} ms`,
);
await store.close();
process.exit(ofLarge < limitMs ? 0 : 1);
