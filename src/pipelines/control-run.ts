import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import { pipelineEvents } from './events.ts';
import type { Sources } from './port.ts';
import type { Run } from './run.ts';
import { isFinal, isRunFinal } from './run-state.ts';
import { startRun } from './start.ts';
import { readJob, readRun, requestCancel } from './store.ts';
import { applyFact, type TransitionDeps } from './transition.ts';

export interface ControlDeps extends TransitionDeps {
  database: Database;
  sources: Sources;
}

async function requireRun(deps: ControlDeps, id: string): Promise<Run> {
  const run = await readRun(deps.database, id);
  if (!run) throw new Fault('missing', 'There is no such run', { code: 'pipelines.run-missing' });
  return run;
}

/** Ends a run: what has not begun never will, what runs is asked to end. A run that ended already stays as it is. */
export async function cancelRun(deps: ControlDeps, id: string, actor: Actor): Promise<void> {
  await requireRun(deps, id);
  await deps.database.transaction(async (tx) => {
    // Still unplanned: there must be nothing left to plan afterwards.
    const { run } = await applyFact(deps, tx, id, { kind: 'canceled' }, { actor });
    if (!run.planned && isRunFinal(run.status)) {
      await tx.execute(sql`update pipelines_runs set planned_at = clock_timestamp() where id = ${id}`);
    }
  });
}

/** Ends one job. */
export async function cancelJob(deps: ControlDeps, id: string, actor: Actor): Promise<void> {
  const job = await readJob(deps.database, id);
  if (!job) throw new Fault('missing', 'There is no such job', { code: 'pipelines.job-missing' });
  await deps.database.transaction(async (tx) => {
    await applyFact(deps, tx, job.runId, { kind: 'job-canceled', jobId: id }, { actor });
    await requestCancel(tx, [id], `Canceled by ${actor.name}`);
  });
}

/** Lets a job go on that waits for a person. Approving twice is one approval. */
export async function approveJob(deps: ControlDeps, id: string, actor: Actor): Promise<void> {
  const job = await readJob(deps.database, id);
  if (!job) throw new Fault('missing', 'There is no such job', { code: 'pipelines.job-missing' });
  if (job.kind !== 'approval') {
    throw new Fault('conflict', `${job.name} is no approval`, { code: 'pipelines.not-an-approval' });
  }
  if (job.approvedBy) return;
  if (job.status !== 'on_hold') {
    const why = isFinal(job.status) ? 'has ended' : 'does not wait for approval yet';
    throw new Fault('conflict', `${job.name} ${why}`, { code: 'pipelines.not-on-hold' });
  }
  await deps.database.transaction((tx) =>
    applyFact(deps, tx, job.runId, { kind: 'approved', jobId: id }, { actor, update: { approvedBy: actor } }),
  );
}

/** A new run of the same commit: whole, or only what did not succeed. */
export async function rerun(
  deps: ControlDeps,
  id: string,
  from: 'start' | 'failed',
  actor: Actor,
  shell?: { key: string } | undefined,
): Promise<Run> {
  const before = await requireRun(deps, id);
  if (!isRunFinal(before.status)) {
    throw new Fault('conflict', 'The run has not ended yet', {
      code: 'pipelines.run-not-ended',
      hint: 'Cancel it, or wait for its end.',
    });
  }
  if (from === 'failed') await requireSomethingToRepeat(deps, before, shell !== undefined);
  const project = await deps.sources.project(before.projectId);
  if (!project) throw new Fault('missing', 'The project of this run is gone', { code: 'pipelines.project-missing' });
  return startRun(deps, {
    runId: newId(),
    project,
    sha: before.sha,
    branch: before.branch ?? undefined,
    tag: before.tag ?? undefined,
    // A push that says [skip ci] is run all the same when a person asks for it.
    kind: before.trigger.kind === 'push' ? 'api' : before.trigger.kind,
    parameters: before.trigger.parameters,
    pullRequest: before.trigger.pullRequest,
    schedule: before.trigger.schedule,
    commit: before.commit,
    actor,
    causes: before.event ? [before.event] : [],
    rerunOf: { id, from },
    shell,
  });
}

/**
 * A new run in which this job runs again and its place stays until somebody has looked around in it; with it runs what did not succeed,
 * and what follows.
 */
export async function rerunForShell(deps: ControlDeps, jobId: string, actor: Actor): Promise<Run> {
  const job = await readJob(deps.database, jobId);
  if (!job) throw new Fault('missing', 'There is no such job', { code: 'pipelines.job-missing' });
  if (job.kind !== 'build') {
    throw new Fault('unprocessable', 'Nothing runs in this job, so there is no place to enter', {
      code: 'pipelines.shell-none',
    });
  }
  return rerun(deps, job.runId, 'failed', actor, { key: job.key });
}

/** What succeeded is taken over, so something must have failed (unless a job is wanted anyway), and the rest must still be there. */
async function requireSomethingToRepeat(deps: ControlDeps, run: Run, anyway: boolean): Promise<void> {
  if (run.status === 'success' && !anyway) {
    throw new Fault('conflict', 'Nothing failed in this run', {
      code: 'pipelines.nothing-failed',
      hint: 'Run it again whole.',
    });
  }
  const gone = await deps.database.first(
    sql`select 1 from pipelines_layers where run_id = ${run.id} and removed_at is not null limit 1`,
  );
  if (gone) {
    throw new Fault('conflict', 'What the jobs of this run passed on to each other is not kept any more', {
      code: 'pipelines.files-gone',
      hint: 'Run it again whole.',
    });
  }
}

/** A run of a branch, tag or commit, asked for by a person. */
export async function startFromRef(
  deps: ControlDeps,
  projectIdOrSlug: string,
  wanted: { ref?: string | undefined; parameters: Record<string, string | number | boolean> },
  actor: Actor,
): Promise<Run> {
  const project = await deps.sources.project(projectIdOrSlug);
  if (!project) throw new Fault('missing', 'There is no such project', { code: 'pipelines.project-missing' });
  const ref = wanted.ref ?? project.defaultBranch;
  const found = await deps.sources.resolve(project.id, ref);
  if (!found) {
    throw new Fault('unprocessable', `${ref} is no branch, tag or commit of ${project.slug}`, {
      code: 'pipelines.ref-missing',
    });
  }
  return startRun(deps, {
    runId: newId(),
    project,
    ...found,
    kind: 'api',
    parameters: wanted.parameters,
    commit: await deps.sources.commit(project.id, found.sha),
    actor,
    causes: [],
  });
}

/** Writes down who entered a job's place. */
export async function tellShellOpened(database: Database, jobId: string, actor: Actor): Promise<void> {
  const job = await readJob(database, jobId);
  if (!job) return;
  const { runId, projectId, number, name, workflow } = job;
  await database.transaction((tx) =>
    appendEvent(tx, pipelineEvents, 'job.shell_opened', {
      subject: `job:${jobId}`,
      projectId,
      actor,
      data: { runId, jobId, number, name, workflow },
    }),
  );
}
