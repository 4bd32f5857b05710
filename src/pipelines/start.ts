import type { Clock } from '../kernel/clock.ts';
import type { Actor } from '../kernel/events.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Database, Transaction } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import { pipelineEvents } from './events.ts';
import type { RunCommit, RunProject, Trigger } from './port.ts';
import { type Run, skipsRun } from './run.ts';
import { insertRun, nextNumbers, notify, readRun } from './store.ts';
import { identityOf } from './transition.ts';

export interface StartRequest {
  /** The id the run shall have; starting twice with one id makes one run. */
  runId: string;
  project: RunProject;
  sha: string;
  branch?: string | undefined;
  tag?: string | undefined;
  kind: Trigger['kind'];
  parameters?: Trigger['parameters'] | undefined;
  pullRequest?: Trigger['pullRequest'];
  commit: RunCommit;
  actor: Actor;
  /** Ids of the events that brought it about. */
  causes: string[];
  rerunOf?: { id: string; from: 'start' | 'failed' } | undefined;
  /** Of `kind: 'schedule'`. */
  schedule?: Trigger['schedule'];
  autoRerun?: Trigger['autoRerun'];
  shell?: Trigger['shell'];
}

/** Makes the run and queues its planning. A commit that says `[skip ci]` gets a run that is canceled at once and says so. */
export async function startRun(deps: { database: Database; clock: Clock }, request: StartRequest): Promise<Run> {
  return deps.database.transaction(async (tx) => {
    const existing = await readRun(tx, request.runId);
    if (existing) return existing;
    const numbers = await nextNumbers(tx, request.project.id, { runs: 1, jobs: 0 });
    const skipped = request.kind === 'push' && skipsRun(request.commit.message);
    const now = deps.clock.now();
    const run: Run = {
      id: request.runId,
      projectId: request.project.id,
      number: numbers.run,
      status: skipped ? 'canceled' : 'queued',
      canceling: false,
      dialect: null,
      file: null,
      trigger: triggerOf(request, numbers.run),
      sha: request.sha,
      branch: request.branch ?? null,
      tag: request.tag ?? null,
      trusted: request.pullRequest?.fork !== true,
      commit: request.commit,
      actor: request.actor,
      diagnostics: skipped ? [{ severity: 'info', message: 'The commit message asks for no run ([skip ci])' }] : [],
      rerunOf: request.rerunOf?.id ?? null,
      rerunFrom: request.rerunOf?.from ?? null,
      event: null,
      planned: skipped,
      continuationKey: null,
      setup: null,
      autoReruns: null,
      queuedAt: now,
      startedAt: null,
      finishedAt: skipped ? now : null,
    };
    if (!(await insertRun(tx, run, request.causes))) return (await readRun(tx, run.id))!;
    if (!skipped) await tellQueued(tx, run, request.causes);
    return run;
  });
}

async function tellQueued(tx: Transaction, run: Run, causes: string[]): Promise<void> {
  const event = await appendEvent(tx, pipelineEvents, 'run.queued', {
    subject: `run:${run.id}`,
    projectId: run.projectId,
    actor: run.actor,
    causes,
    data: {
      ...identityOf(run),
      trigger: run.trigger.kind,
      message: run.commit.message.slice(0, 2000),
      author: run.commit.author,
      rerunOf: run.rerunOf,
    },
  });
  await tx.execute(sql`update pipelines_runs set event = ${event} where id = ${run.id}`);
  await notify(tx, 'plan');
}

function triggerOf(request: StartRequest, number: number): Trigger {
  return {
    kind: request.kind,
    branch: request.branch,
    tag: request.tag,
    sha: request.sha,
    parameters: request.parameters ?? {},
    pipeline: { id: request.runId, number },
    project: {
      id: request.project.id,
      slug: request.project.slug,
      gitUrl: request.project.gitUrl,
      defaultBranch: request.project.defaultBranch,
    },
    commit: { message: request.commit.message, author: request.commit.author },
    pullRequest: request.pullRequest,
    schedule: request.schedule,
    autoRerun: request.autoRerun,
    shell: request.shell,
  };
}
