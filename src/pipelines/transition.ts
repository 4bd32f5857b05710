import type { Clock } from '../kernel/clock.ts';
import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import { pipelineEvents } from './events.ts';
import { copiesOf, unmet } from './job-story.ts';
import type { Dispatch } from './port.ts';
import { decide } from './reach.ts';
import type { Job, Run } from './run.ts';
import { isFinal, isRunFinal, type JobChange, type RunFact } from './run-state.ts';
import {
  countJobsOf,
  type JobUpdate,
  lockRun,
  type NamedState,
  notify,
  previousStatus,
  readJob,
  readJobStates,
  releaseLocks,
  requestCancel,
  saveJobStatus,
  saveRun,
} from './store.ts';

export interface TransitionDeps {
  clock: Clock;
  dispatch: Dispatch;
}

/**
 * Brings one fact into a run: decides what follows, stores it, queues and withdraws work, and appends the events of all
 * of it, in the caller's transaction. Resolves to the run as it stands now; a fact that no longer applies changes nothing.
 */
export async function applyFact(
  deps: TransitionDeps,
  tx: Transaction,
  runId: string,
  fact: RunFact,
  by: { actor: Actor; update?: JobUpdate | undefined; causes?: string[] | undefined },
): Promise<{ run: Run; changed: boolean }> {
  const run = await lockRun(tx, runId);
  if (!run) throw new Fault('missing', 'There is no such run', { code: 'pipelines.run-missing' });
  const { state, changes, seen } = await decide(tx, run, fact);
  if (fact.kind === 'canceled' && state.canceling) {
    const running = state.jobs.filter((job) => job.status === 'running').map((job) => job.id);
    await requestCancel(tx, running, `Canceled by ${by.actor.name}`);
  }
  const statusChanged = state.status !== run.status || state.canceling !== run.canceling;
  if (changes.length === 0 && !statusChanged && fact.kind !== 'planned') return { run, changed: false };

  const now = deps.clock.now();
  const story = new Story(tx, run, by);
  const overtaken: string[] = [];
  const status = new Map(state.jobs.map((job) => [job.id, job.status]));
  const named = seen.map((job) => ({ ...job, status: status.get(job.id) ?? job.status }));
  const started = run.startedAt === null && changes.some((change) => change.to === 'running');
  if (started) {
    run.startedAt = now;
    await story.tell('run.started', { ...identityOf(run), jobs: await countJobsOf(tx, runId) });
  }
  for (const change of changes) {
    const update = 'jobId' in fact && change.jobId === fact.jobId ? (by.update ?? {}) : {};
    const reason = reasonOf(change, by.actor, named);
    const job = await saveJobStatus(tx, change.jobId, change.to, now, { ...reason, ...update });
    await tellJob(deps, tx, story, change, fact, job);
    if (change.to === 'queued' && (await isOvertaken(tx, run, job))) overtaken.push(change.jobId);
  }
  run.status = state.status;
  run.canceling = state.canceling;
  if (isRunFinal(state.status) && run.finishedAt === null) {
    run.finishedAt = now;
    await releaseLocks(tx, run.id);
    await tellFinished(tx, story, run);
  }
  run.event = story.last;
  await saveRun(tx, run);
  for (const jobId of overtaken) {
    const update = { reason: 'A later run of this project is in its serial group already' };
    await applyFact(deps, tx, runId, { kind: 'finished', jobId, status: 'not_run' }, { actor: by.actor, update });
  }
  return { run, changed: true };
}

function reasonOf(change: JobChange, actor: Actor, jobs: readonly NamedState[]): JobUpdate {
  // Of a job that ran, whoever asked for its end said why.
  if (change.to === 'canceled' && change.from !== 'running') return { reason: `Canceled by ${actor.name}` };
  if (change.to !== 'not_run') return {};
  const job = jobs.find(({ id }) => id === change.jobId)!;
  return { reason: unmet(job, copiesOf(jobs)) ?? 'A job it waits for did not end as it requires' };
}

/** Facts in the order they are told; each names the one before as its cause. */
class Story {
  last: string | null;
  readonly #tx: Transaction;
  readonly #run: Run;
  readonly #by: { actor: Actor; causes?: string[] | undefined };

  constructor(tx: Transaction, run: Run, by: { actor: Actor; causes?: string[] | undefined }) {
    this.#tx = tx;
    this.#run = run;
    this.#by = by;
    this.last = run.event;
  }

  async tell(
    name: keyof typeof pipelineEvents.schemas,
    data: Record<string, unknown>,
    subject = `run:${this.#run.id}`,
  ): Promise<void> {
    this.last = await appendEvent(this.#tx, pipelineEvents, name, {
      subject,
      projectId: this.#run.projectId,
      actor: this.#by.actor,
      causes: [...(this.last ? [this.last] : []), ...(this.#by.causes ?? [])],
      data: data as never,
    });
  }
}

/** The turn a job waits for. */
function turnOf(job: Job): { group?: string | undefined; span?: string | undefined } {
  return { group: job.spec.serialGroup, span: spanOf(job) };
}

const spanOf = (job: Job): string | undefined =>
  job.spec.serialSpan === undefined ? undefined : `${job.runId}/${job.workflow}/${job.spec.serialSpan}`;

/** Gives up the turn of a span once all of its jobs have ended. */
async function endTurn(deps: TransitionDeps, tx: Transaction, job: Job): Promise<void> {
  const span = spanOf(job);
  if (span === undefined) return;
  const open = await tx.first(sql`
    select 1 from pipelines_jobs where run_id = ${job.runId} and workflow = ${job.workflow}
      and spec->>'serialSpan' = ${job.spec.serialSpan} and finished_at is null limit 1`);
  if (!open) await deps.dispatch.endSpan(tx, span);
}

/**
 * Whether a later run of the project waits or runs in the job's serial group already: its turn is over then. A span that has begun
 * keeps its turn.
 */
async function isOvertaken(tx: Transaction, run: Run, job: Job): Promise<boolean> {
  if (job.spec.serialGroup === undefined) return false;
  if (job.spec.serialSpan !== undefined) {
    const begun = await tx.first(sql`
      select 1 from pipelines_jobs where run_id = ${job.runId} and workflow = ${job.workflow}
        and spec->>'serialSpan' = ${job.spec.serialSpan} and started_at is not null limit 1`);
    if (begun) return false;
  }
  const later = await tx.first(sql`
    select 1 from pipelines_jobs other join pipelines_runs run on run.id = other.run_id
    where other.project_id = ${job.projectId} and other.spec->>'serialGroup' = ${job.spec.serialGroup}
      and other.status in ('queued', 'running') and run.number > ${run.number} limit 1`);
  return later !== undefined;
}

/** What every fact about a run says. */
export const identityOf = (run: Run) => ({
  runId: run.id,
  number: run.number,
  sha: run.sha,
  branch: run.branch,
  tag: run.tag,
});

async function tellJob(
  deps: TransitionDeps,
  tx: Transaction,
  story: Story,
  change: JobChange,
  fact: RunFact,
  job: Job,
): Promise<void> {
  const subject = `job:${job.id}`;
  const identity = { runId: job.runId, jobId: job.id, number: job.number, name: job.name, workflow: job.workflow };
  if (change.to === 'queued') {
    if (job.kind === 'lock') await notify(tx, 'locks');
    else await deps.dispatch.offer(tx, { id: job.id, projectId: job.projectId, ...turnOf(job) });
    await story.tell('job.queued', identity, subject);
  } else if (change.to === 'on_hold') {
    await story.tell('job.on_hold', identity, subject);
  } else if (change.to === 'running') {
    await story.tell('job.started', { ...identity, executor: job.executor, agent: job.agent }, subject);
  } else if (isFinal(change.to)) {
    if (change.from === 'queued') await deps.dispatch.withdraw(tx, job.id);
    await endTurn(deps, tx, job);
    if (job.kind === 'unlock' && change.to === 'success') await releaseLocks(tx, job.runId, job.spec.lockKey);
    if (fact.kind === 'approved' && fact.jobId === job.id) await story.tell('job.approved', identity, subject);
    await story.tell(
      'job.finished',
      {
        ...identity,
        status: change.to,
        durationMs: job.startedAt === null ? 0 : Math.max(0, (job.finishedAt ?? 0) - job.startedAt),
        reason: job.reason,
        failedTests: job.failedTests,
      },
      subject,
    );
  }
}

async function tellFinished(tx: Transaction, story: Story, run: Run): Promise<void> {
  const jobs = await readJobStates(tx, run.id);
  const failed: { jobId: string; name: string; reason: string | null }[] = [];
  for (const job of jobs.filter((each) => each.status === 'failed' || each.status === 'infrastructure_fail')) {
    if (failed.length === 50) break;
    failed.push({ jobId: job.id, name: job.name, reason: (await readJob(tx, job.id))!.reason });
  }
  await story.tell('run.finished', {
    ...identityOf(run),
    status: run.status,
    trigger: run.trigger.kind,
    previousStatus: await previousStatus(tx, run),
    durationMs: Math.max(0, run.finishedAt! - (run.startedAt ?? run.queuedAt)),
    message: run.commit.message.slice(0, 2000),
    author: run.commit.author,
    failedJobs: failed,
  });
}
