import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { type Diagnostic, formatDiagnostic } from '../kernel/diagnostics.ts';
import { system } from '../kernel/events.ts';
import type { Database, Transaction } from '../platform/postgres/database.ts';
import { json, sql } from '../platform/postgres/sql.ts';
import {
  autoRerunsOf,
  type Continuation,
  compileContinuation,
  conflicting,
  continuedFile,
  continuedPlan,
  insertContinuation,
  readContinuation,
} from './continuation.ts';
import { jobRows, numberJobs } from './job-rows.ts';
import type { PipelineDialect, Plan, Sources } from './port.ts';
import type { Run } from './run.ts';
import { isRunFinal } from './run-state.ts';
import { insertJobs, listJobs, lockRun, nextNumbers, readRun } from './store.ts';
import { applyFact, type TransitionDeps } from './transition.ts';

export interface ContinueDeps extends TransitionDeps {
  database: Database;
  sources: Sources;
  dialects: PipelineDialect[];
}

/** The answer as CircleCI's API gives it. */
export interface ContinueAnswer {
  status: 200 | 400 | 401;
  message: string;
}

/** What a request for a continuation may hold: the bytes of the whole are bounded where it comes in. */
const continueRequest = z.object({
  'continuation-key': z.string().max(200),
  configuration: z.string(),
  parameters: z.record(z.string().max(128), z.union([z.string(), z.number(), z.boolean()])).default({}),
});

/** A run can be continued for this long after it began. */
const continuableMs = 6 * 3_600_000;
const setupActor = system('setup configuration');
const accepted: ContinueAnswer = { status: 200, message: 'Accepted.' };
const again: ContinueAnswer = { status: 400, message: 'The run was continued already.' };
const over: ContinueAnswer = { status: 400, message: 'The run has ended.' };

/**
 * Continues a run of a setup configuration with the configuration that is meant: its jobs join the run. Once for each run; a
 * configuration with errors is refused with all of them, and may be given anew.
 */
export async function continueRun(deps: ContinueDeps, body: unknown): Promise<ContinueAnswer> {
  const request = continueRequest.safeParse(body);
  if (!request.success) {
    return { status: 400, message: `The request is not understood: ${z.prettifyError(request.error)}` };
  }
  const { 'continuation-key': key, configuration, parameters } = request.data;
  const run = await findRun(deps.database, key);
  if (!run) return { status: 401, message: 'No run can be continued with this key.' };
  if (isRunFinal(run.status) || run.canceling) return over;
  if (deps.clock.now() - run.queuedAt > continuableMs) {
    return { status: 400, message: 'A run can be continued within six hours only.' };
  }
  const names = conflicting(run, parameters);
  if (names.length > 0) return { status: 400, message: `Conflicting pipeline parameters. (${names.join(', ')})` };
  const given: Continuation = { configuration, parameters };
  const tree = deps.sources.tree(run.projectId, run.sha);
  const { plan, problems } = await compileContinuation(deps, run, tree, given);
  return deps.database.transaction((tx) =>
    plan ? join(deps, tx, run.id, given, { plan, problems }) : refuse(tx, run.id, problems),
  );
}

async function findRun(database: Database, key: string): Promise<Run | undefined> {
  const row = await database.first<{ id: string }>(sql`select id from pipelines_runs where continuation_key = ${key}`);
  return row && readRun(database, row.id);
}

async function join(
  deps: ContinueDeps,
  tx: Transaction,
  runId: string,
  given: Continuation,
  { plan, problems }: { plan: Plan; problems: Diagnostic[] },
): Promise<ContinueAnswer> {
  const run = await lockRun(tx, runId);
  if (!run || isRunFinal(run.status)) return over;
  if (!(await insertContinuation(tx, runId, given))) {
    // The same once more: the answer to the first was lost.
    return isDeepStrictEqual(await readContinuation(tx, runId), given) ? accepted : again;
  }
  const before = await listJobs(tx, runId);
  const rows = jobRows(continuedPlan(plan), run, before.length);
  const names = new Set(rows.map((row) => row.key)).size;
  const numbers = await nextNumbers(tx, run.projectId, { runs: 0, jobs: names });
  await insertJobs(tx, numberJobs(rows, numbers.job));
  const reruns = { ...run.autoReruns, ...autoRerunsOf([plan]) };
  await tx.execute(sql`
    update pipelines_runs set diagnostics = ${json(shown(run, problems))},
      auto_reruns = ${Object.keys(reruns).length > 0 ? json(reruns) : null}
    where id = ${runId}`);
  await applyFact(deps, tx, runId, { kind: 'planned' }, { actor: setupActor });
  return accepted;
}

async function refuse(tx: Transaction, runId: string, problems: Diagnostic[]): Promise<ContinueAnswer> {
  const run = await lockRun(tx, runId);
  const done = await tx.first(sql`select 1 from pipelines_continuations where run_id = ${runId}`);
  if (!run || done) return again;
  await tx.execute(sql`update pipelines_runs set diagnostics = ${json(shown(run, problems))} where id = ${runId}`);
  const errors = problems.filter(({ severity }) => severity === 'error').map(formatDiagnostic);
  return { status: 400, message: `The configuration cannot be used:\n${errors.join('\n')}` };
}

/** Problems of the continuation beside those of the setup; those of an earlier attempt give way. */
function shown(run: Run, problems: Diagnostic[]): Diagnostic[] {
  return [...run.diagnostics.filter(({ file }) => file !== continuedFile), ...problems];
}
