import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { system } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import { pipelinesMigrations } from './index.ts';
import { jobRows, numberJobs } from './job-rows.ts';
import type { JobOutcome, PlannedJob } from './plan.ts';
import { decide } from './reach.ts';
import { advance, type RunFact, type RunState } from './run-state.ts';
import { insertJobs, insertRun, readRun, saveJobStatus } from './store.ts';

let store: TestDatabase;
beforeAll(async () => {
  store = await testDatabase(pipelinesMigrations);
});
afterAll(() => store?.close());

/** Numbers from 0 to below `most`, the same for the same seed. */
function dice(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * most);
  };
}

function graph(roll: (most: number) => number): PlannedJob[] {
  const outcomes: JobOutcome[][] = [['success'], ['success'], ['failed'], ['success', 'failed', 'canceled', 'not_run']];
  return Array.from({ length: 14 }, (_, index) => ({
    key: `w/${index}`,
    name: `${index}`,
    workflow: 'w',
    kind: (['build', 'build', 'build', 'no-op', 'approval'] as const)[roll(5)]!,
    requires: Array.from({ length: index === 0 ? 0 : roll(4) }, () => ({
      key: `w/${roll(index)}`,
      outcomes: outcomes[roll(4)]!,
    })),
    executor: { kind: 'machine' },
    environment: {},
    contexts: [],
    shell: '/bin/sh -e',
    workingDirectory: '~/project',
    parallelism: 1 + roll(2),
    steps: [],
  }));
}

const actor = system('test');

it.each([1, 2, 3, 4, 5, 6])('decides over what a fact can reach as over the whole run (%i)', async (seed) => {
  const roll = dice(seed);
  const { database } = store;
  const id = newId();
  const projectId = newId();
  const rows = numberJobs(
    jobRows({ dialect: 'x', notes: [], workflows: [{ name: 'w', jobs: graph(roll) }] }, { id, projectId }),
    1,
  );
  const began = { id, projectId, number: seed, status: 'queued', trigger: { kind: 'api' }, sha: 'x', branch: null };
  const rest = { tag: null, trusted: true, commit: {}, actor, diagnostics: [], rerunOf: null, rerunFrom: null };
  await database.transaction(async (tx) => {
    await insertRun(tx, { ...began, ...rest, queuedAt: 0, planned: true, finishedAt: null } as never, []);
    await insertJobs(tx, rows);
  });
  const run = (await readRun(database, id))!;
  let whole: RunState = { status: 'queued', canceling: false, jobs: rows };
  const follow = async (fact: RunFact): Promise<void> => {
    await database.transaction(async (tx) => {
      const expected = advance(whole, fact);
      const { state, changes } = await decide(tx, { ...run, status: whole.status }, fact);
      const sorted = (list: typeof changes) => list.toSorted((a, b) => (a.jobId < b.jobId ? -1 : 1));
      expect(sorted(changes)).toEqual(sorted(expected.changes));
      expect(state.status).toBe(expected.state.status);
      for (const { jobId, to } of changes) await saveJobStatus(tx, jobId, to, 1, {});
      whole = expected.state;
    });
  };
  await follow({ kind: 'planned' });
  for (let turn = 0; turn < 200; turn += 1) {
    const open = whole.jobs.filter(({ status }) => ['queued', 'running', 'on_hold'].includes(status));
    const job = open[roll(open.length)];
    if (!job) break;
    const ends = ['success', 'success', 'failed', 'canceled'] as const;
    if (job.status === 'on_hold') await follow({ kind: roll(3) > 0 ? 'approved' : 'job-canceled', jobId: job.id });
    else if (job.status === 'queued' && roll(2) === 0) await follow({ kind: 'started', jobId: job.id });
    else await follow({ kind: 'finished', jobId: job.id, status: ends[roll(4)]! });
  }
  expect(whole.jobs.every(({ status }) => !['blocked', 'queued', 'running'].includes(status))).toBe(true);
});
