import type { Diagnostic } from '../kernel/diagnostics.ts';
import { hasErrors } from '../kernel/diagnostics.ts';
import { system } from '../kernel/events.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database, Transaction } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import {
  autoRerunsOf,
  compileContinuation,
  continuedPlan,
  copyContinuation,
  newContinuationKey,
  readContinuation,
} from './continuation.ts';
import { inherit, jobRows, keptForShell, numberJobs } from './job-rows.ts';
import type { PipelineDialect, Plan, RunPolicy, Sources, SourceTree, Trigger } from './port.ts';
import { type Run, recordOf } from './run.ts';
import { saveSchedules } from './schedules.ts';
import { claimUnplanned, insertJobs, listJobs, lockRun, nextNumbers, olderRuns, savePlanned } from './store.ts';
import { applyFact, type TransitionDeps } from './transition.ts';

export interface PlanDeps extends TransitionDeps {
  database: Database;
  log: Log;
  sources: Sources;
  dialects: PipelineDialect[];
  /** The plan of a repository without a pipeline file, from what it holds. */
  derive: (tree: SourceTree) => Promise<Plan | undefined>;
  policy: (projectId: string) => Promise<RunPolicy>;
}

type Compiled = { plan: Plan | undefined; problems: Diagnostic[]; dialect: string | null; file: string | null };

const planner = system('pipelines planner');

/** Plans every run that waits for it. Several servers may do this at once: the first to store a plan wins. */
export async function planWaiting(deps: PlanDeps): Promise<number> {
  let count = 0;
  for (let run = await claimUnplanned(deps.database); run; run = await claimUnplanned(deps.database)) {
    await planRun(deps, run);
    count += 1;
  }
  return count;
}

async function planRun(deps: PlanDeps, run: Run): Promise<void> {
  let compiled: Compiled;
  try {
    compiled = await compile(deps, run.trigger, deps.sources.tree(run.projectId, run.sha));
  } catch (error) {
    deps.log.error({ err: error, runId: run.id }, 'a run could not be planned');
    const message = error instanceof Error ? error.message : String(error);
    compiled = { plan: undefined, problems: [{ severity: 'error', message }], dialect: null, file: null };
  }
  const continuation = run.rerunFrom === 'failed' ? await replanContinuation(deps, run, compiled) : undefined;
  await storePlan(deps, run, compiled, continuation);
  if (!run.branch || run.rerunOf !== null || run.trigger.kind === 'schedule') return;
  if (!(await deps.policy(run.projectId)).autoCancel) return;
  const project = await deps.sources.project(run.projectId);
  if (run.branch !== project?.defaultBranch) await cancelOlder(deps, run);
}

/** Compiles the first pipeline file a dialect finds; derives a plan when there is none. */
async function compile(
  deps: Pick<PlanDeps, 'dialects' | 'derive'>,
  trigger: Trigger,
  tree: SourceTree,
): Promise<Compiled> {
  for (const dialect of deps.dialects) {
    for (const file of dialect.files) {
      const text = await tree.read(file);
      if (text === undefined) continue;
      const { plan, problems } = await dialect.compile({ file, text, tree, trigger });
      return { plan: hasErrors(problems) ? undefined : plan, problems, dialect: dialect.name, file };
    }
  }
  const plan = await deps.derive(tree);
  if (plan) return { plan, problems: [], dialect: plan.dialect, file: null };
  const files = deps.dialects.flatMap((dialect) => dialect.files).join(', ');
  return {
    plan: undefined,
    problems: [
      {
        severity: 'error',
        message: 'There is no pipeline file, and nothing in the repository from which a pipeline could be derived',
        hint: `Add one of: ${files}.`,
      },
    ],
    dialect: null,
    file: null,
  };
}

/** What a setup configuration was continued with in the run that this one repeats, compiled anew: its jobs belong to this run too. */
async function replanContinuation(deps: PlanDeps, run: Run, compiled: Compiled): Promise<Plan | undefined> {
  const given = compiled.plan?.setup && (await readContinuation(deps.database, run.rerunOf!));
  if (!given) return undefined;
  const tree = deps.sources.tree(run.projectId, run.sha);
  const { plan } = await compileContinuation(deps, { ...run, dialect: compiled.dialect }, tree, given);
  return plan;
}

async function storePlan(deps: PlanDeps, run: Run, compiled: Compiled, continuation: Plan | undefined): Promise<void> {
  const { plan, problems } = compiled;
  const first = plan ? jobRows(plan, run) : [];
  const rows = continuation ? [...first, ...jobRows(continuedPlan(continuation), run, first.length)] : first;
  await deps.database.transaction(async (tx) => {
    if (!(await lockRun(tx, run.id))) return;
    const diagnostics = [...problems, ...(plan?.notes ?? [])];
    const { dialect, file } = compiled;
    const setup = plan?.setup ?? null;
    const planned = {
      id: run.id,
      dialect: plan?.dialect ?? dialect,
      file,
      diagnostics,
      continuationKey: setup && newContinuationKey(),
      setup,
      autoReruns: autoRerunsOf([plan, continuation]),
    };
    if (!(await savePlanned(tx, planned))) return;
    if (plan && run.branch && !run.tag && run.trigger.kind === 'push') {
      await saveSchedules(tx, run.projectId, run.branch, plan.schedules ?? [], deps.clock.now());
    }
    const names = new Set(rows.map((row) => row.key)).size;
    const numbers = await nextNumbers(tx, run.projectId, { runs: 0, jobs: names });
    let jobs = keptForShell(numberJobs(rows, numbers.job), run.trigger.shell?.key);
    if (run.rerunOf && run.rerunFrom === 'failed') {
      jobs = inherit(jobs, await listJobs(tx, run.rerunOf), run.trigger.autoRerun?.workflows, run.trigger.shell?.key);
    }
    if (continuation) await copyContinuation(tx, run.rerunOf!, run.id);
    await insertJobs(tx, jobs);
    for (const job of jobs) {
      if (job.inheritedFrom) await inheritLayers(tx, job.id, recordOf(job), run.id);
    }
    if (!plan) {
      // A run without jobs would count as a success: a file nobody could read is a failure.
      await failUnplanned(deps, tx, run);
      return;
    }
    await applyFact(deps, tx, run.id, { kind: 'planned' }, { actor: planner });
  });
}

async function failUnplanned(deps: PlanDeps, tx: Transaction, run: Run): Promise<void> {
  const job = numberJobs(
    jobRows(unreadable, run),
    (await nextNumbers(tx, run.projectId, { runs: 0, jobs: 1 })).job,
  ).map((row) => ({ ...row, status: 'queued' as const }));
  await insertJobs(tx, job);
  await applyFact(
    deps,
    tx,
    run.id,
    { kind: 'finished', jobId: job[0]!.id, status: 'failed' },
    { actor: planner, update: { reason: 'The pipeline could not be planned; see its problems' } },
  );
}

/** What a run shows whose file has problems: one job, failed before it began. */
const unreadable: Plan = {
  dialect: 'none',
  notes: [],
  workflows: [
    {
      name: 'pipeline',
      jobs: [
        {
          key: 'pipeline/configuration',
          name: 'configuration',
          workflow: 'pipeline',
          kind: 'no-op',
          requires: [],
          executor: { kind: 'machine' },
          environment: {},
          contexts: [],
          shell: '/bin/sh -e',
          workingDirectory: '~/project',
          parallelism: 1,
          steps: [],
        },
      ],
    },
  ],
};

/** A job taken over keeps the workspace layers it made. */
async function inheritLayers(tx: Transaction, jobId: string, from: string, runId: string): Promise<void> {
  await tx.execute(sql`
    insert into pipelines_layers (run_id, job_id, job_key, node_index, step, file, bytes, paths)
    select ${runId}, ${jobId}, job_key, node_index, step, file, bytes, paths from pipelines_layers where job_id = ${from}
    on conflict do nothing`);
}

async function cancelOlder(deps: PlanDeps, run: Run): Promise<void> {
  for (const id of await olderRuns(deps.database, run)) {
    await deps.database.transaction((tx) =>
      applyFact(
        deps,
        tx,
        id,
        { kind: 'canceled' },
        { actor: system('auto-cancel'), causes: run.event ? [run.event] : [] },
      ),
    );
  }
}
