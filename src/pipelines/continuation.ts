import { randomBytes } from 'node:crypto';
import type { Diagnostic } from '../kernel/diagnostics.ts';
import { hasErrors } from '../kernel/diagnostics.ts';
import type { Queryable, Transaction } from '../platform/postgres/database.ts';
import { json, sql } from '../platform/postgres/sql.ts';
import type { PipelineDialect, Plan, SourceTree, Trigger } from './port.ts';
import type { Run } from './run.ts';

/** What the setup configuration of a run gave for its continuation. */
export interface Continuation {
  configuration: string;
  parameters: Trigger['parameters'];
}

/** How the file of a continuation is called in problems and places. */
export const continuedFile = 'continued configuration';

/** Keys of continued jobs, so that they are not taken for jobs of the setup that are called the same. */
const mark = 'continued/';

export const newContinuationKey = (): string => randomBytes(32).toString('base64url');

/** Compiles a continuation for its run, with the parameters the run began with and those given now. */
export async function compileContinuation(
  deps: { dialects: PipelineDialect[] },
  run: Pick<Run, 'trigger' | 'dialect'>,
  tree: SourceTree,
  given: Continuation,
): Promise<{ plan: Plan | undefined; problems: Diagnostic[] }> {
  const dialect = deps.dialects.find((one) => one.name === run.dialect) ?? deps.dialects[0]!;
  const inherited = Object.keys(run.trigger.parameters).filter((name) => !(name in given.parameters));
  const trigger: Trigger = {
    ...run.trigger,
    parameters: { ...run.trigger.parameters, ...given.parameters },
    continued: { inherited },
  };
  const { plan, problems } = await dialect.compile({ file: continuedFile, text: given.configuration, tree, trigger });
  return { plan: hasErrors(problems) ? undefined : plan, problems };
}

/** The plan of a continuation beside the one of its setup: keys of jobs are told apart. */
export function continuedPlan(plan: Plan): Plan {
  const workflows = plan.workflows.map((workflow) => ({
    ...workflow,
    jobs: workflow.jobs.map((job) => ({
      ...job,
      key: mark + job.key,
      requires: job.requires.map(({ key, outcomes }) => ({ key: mark + key, outcomes })),
    })),
  }));
  return { ...plan, workflows };
}

/**
 * Parameters that may not be given for a continuation: the run began with values of its own for them, other than the setup
 * configuration has by default.
 */
export function conflicting(run: Pick<Run, 'trigger' | 'setup'>, given: Trigger['parameters']): string[] {
  const began = run.trigger.parameters;
  const defaults = run.setup?.defaults ?? {};
  return Object.keys(given).filter((name) => name in began && name in defaults && began[name] !== defaults[name]);
}

/** By workflow, how often what failed in it is run again by itself; null when nothing is. */
export function autoRerunsOf(plans: (Plan | undefined)[]): Record<string, number> | null {
  const found = plans
    .flatMap((plan) => plan?.workflows ?? [])
    .flatMap(({ name, maxAutoReruns }) => (maxAutoReruns === undefined ? [] : [[name, maxAutoReruns] as const]));
  return found.length === 0 ? null : Object.fromEntries(found);
}

export function readContinuation(db: Queryable, runId: string): Promise<Continuation | undefined> {
  return db.first(sql`select configuration, parameters from pipelines_continuations where run_id = ${runId}`);
}

/** False when the run was continued before. */
export async function insertContinuation(tx: Transaction, runId: string, given: Continuation): Promise<boolean> {
  const count = await tx.execute(sql`
    insert into pipelines_continuations (run_id, configuration, parameters)
    values (${runId}, ${given.configuration}, ${json(given.parameters)}) on conflict do nothing`);
  return count === 1;
}

export async function copyContinuation(tx: Transaction, from: string, to: string): Promise<void> {
  await tx.execute(sql`
    insert into pipelines_continuations (run_id, configuration, parameters)
    select ${to}, configuration, parameters from pipelines_continuations where run_id = ${from} on conflict do nothing`);
}
