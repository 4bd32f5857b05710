import { newId } from '../kernel/ids.ts';
import type { Plan, PlannedJob, PlannedStep } from './plan.ts';
import { type Job, type Step, wantedExecutorOf } from './run.ts';

/** Most copies of one job. */
const mostCopies = 64;

/** The jobs of a plan as rows, each copy of a parallel job one; pure apart from the ids it gives. */
export function jobRows(
  plan: Plan,
  run: { id: string; projectId: string },
  firstPosition = 0,
  newJobId: () => string = newId,
): Omit<Job, 'number'>[] {
  const rows: Omit<Job, 'number'>[] = [];
  for (const workflow of plan.workflows) {
    for (const planned of workflow.jobs) {
      const copies = planned.kind === 'build' ? Math.min(mostCopies, Math.max(1, planned.parallelism)) : 1;
      for (let node = 0; node < copies; node += 1) {
        rows.push(rowOf(planned, run, { id: newJobId(), node, copies, position: firstPosition + rows.length }));
      }
    }
  }
  return rows;
}

/** Gives each job its number; copies of one job share theirs, as `CIRCLE_BUILD_NUM` does. */
export function numberJobs(rows: Omit<Job, 'number'>[], first: number): Job[] {
  const numbers = new Map<string, number>();
  return rows.map((row) => {
    const number = numbers.get(row.key) ?? first + numbers.size;
    numbers.set(row.key, number);
    return { ...row, number };
  });
}

function rowOf(
  planned: PlannedJob,
  run: { id: string; projectId: string },
  place: { id: string; node: number; copies: number; position: number },
): Omit<Job, 'number'> {
  return {
    id: place.id,
    runId: run.id,
    projectId: run.projectId,
    position: place.position,
    key: planned.key,
    name: planned.name,
    workflow: planned.workflow,
    kind: planned.kind,
    nodeIndex: place.node,
    nodeTotal: place.copies,
    requires: planned.requires,
    spec: planned,
    status: 'blocked',
    wantedExecutor: wantedExecutorOf(planned),
    image: planned.executor.kind === 'docker' ? (planned.executor.images[0]?.image ?? null) : null,
    executor: null,
    agent: null,
    epoch: 0,
    cancelRequested: false,
    reason: null,
    approvedBy: null,
    inheritedFrom: null,
    failedTests: 0,
    queuedAt: null,
    startedAt: null,
    finishedAt: null,
  };
}

/** Steps of a job as rows: number 0 makes the place, the planned ones follow from 1. */
export function stepRows(job: Pick<Job, 'id' | 'spec'>): Step[] {
  const row = (number: number, name: string, kind: string, step?: PlannedStep): Step => ({
    jobId: job.id,
    number,
    name,
    kind,
    command: step?.kind === 'run' ? step.command : null,
    background: step?.kind === 'run' && step.background,
    status: 'pending',
    exitCode: null,
    lines: 0,
    startedAt: null,
    finishedAt: null,
  });
  return [
    row(0, 'Prepare the environment', 'prepare'),
    ...job.spec.steps.map((step, index) => row(index + 1, step.name, step.kind, step)),
  ];
}

/** Gives the job that somebody wants to enter a last step, which keeps its place. */
export function keptForShell(jobs: Job[], key: string | undefined): Job[] {
  const wait: PlannedStep = { kind: 'wait_for_shell', name: 'Wait for a shell', when: 'always' };
  return jobs.map((job) =>
    job.key === key ? { ...job, spec: { ...job.spec, steps: [...job.spec.steps, wait] } } : job,
  );
}

/**
 * Rerun from failed: jobs that succeeded before are taken over with their results; the others run again. A job is taken
 * over only when everything it requires is, so that nothing runs before what it builds on. Workflows but those of `only` are taken
 * over as they ended. `wanted` is the key of a job that runs in any case.
 */
export function inherit(
  rows: Job[],
  before: readonly Job[],
  only?: readonly string[] | undefined,
  wanted?: string | undefined,
): Job[] {
  const identity = (job: Pick<Job, 'key' | 'nodeIndex'>): string => `${job.key}#${job.nodeIndex}`;
  const earlier = new Map(before.map((job) => [identity(job), job]));
  const again = new Set(wanted === undefined ? [] : [wanted]);
  const repeated = (row: Job): boolean => only === undefined || only.includes(row.workflow);
  for (const row of rows) {
    if (repeated(row) && earlier.get(identity(row))?.status !== 'success') again.add(row.key);
  }
  for (let grown = true; grown; ) {
    grown = false;
    for (const row of rows) {
      if (again.has(row.key) || !row.requires.some((each) => again.has(each.key))) continue;
      again.add(row.key);
      grown = true;
    }
  }
  return rows.map((row) => {
    const old = earlier.get(identity(row));
    if (!old || again.has(row.key)) return row;
    return {
      ...row,
      status: old.status,
      reason: old.reason,
      inheritedFrom: old.inheritedFrom ?? old.id,
      executor: old.executor,
      approvedBy: old.approvedBy,
      failedTests: old.failedTests,
      startedAt: old.startedAt,
      finishedAt: old.finishedAt,
    };
  });
}
