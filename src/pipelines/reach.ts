import type { Transaction } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { Run } from './run.ts';
import { advance, isFinal, type JobChange, type JobStatus, type RunFact, type RunState } from './run-state.ts';
import { type NamedState, readJobStates } from './store.ts';

/** A fact that reaches further than this from job to job is decided over the whole run. */
const mostRounds = 3;

interface Decision {
  state: RunState;
  changes: JobChange[];
  /** The jobs that were read, as they stood before. */
  seen: NamedState[];
}

/**
 * What a fact changes of a run. A fact about one job reads only that job, those that wait for it, and what else those require, so
 * that its cost does not grow with the run; it comes to the same as a decision over all jobs.
 */
export async function decide(tx: Transaction, run: Run, fact: RunFact): Promise<Decision> {
  if ('jobId' in fact) {
    const ended = new Set<string>();
    for (let round = 0; round < mostRounds; round += 1) {
      const part = await readReach(tx, run.id, fact, [...ended]);
      const decision = { ...advance(stateOf(run, part), fact), seen: [...part.jobs, ...part.around] };
      const keys = new Map(part.jobs.map((job) => [job.id, job.key]));
      const reached = decision.changes.filter(({ jobId, to }) => jobId !== fact.jobId && isFinal(to));
      if (reached.every(({ jobId }) => ended.has(keys.get(jobId)!))) return decision;
      for (const { jobId } of reached) ended.add(keys.get(jobId)!);
    }
  }
  const jobs = await readJobStates(tx, run.id);
  return { ...advance({ status: run.status, canceling: run.canceling, jobs }, fact), seen: jobs };
}

interface Reach {
  jobs: NamedState[];
  around: NamedState[];
  elsewhere: Set<JobStatus>;
}

const stateOf = ({ status, canceling }: Run, reach: Reach): RunState => ({ status, canceling, ...reach });

/**
 * The job of a fact, the blocked jobs that require it or one of `ended`, and whatever else those require, in one question. Arrays in
 * place of joins keep it on the indexes, whatever the database thinks it knows of a table that grew by 10,000 rows a moment ago.
 */
async function readReach(
  tx: Transaction,
  runId: string,
  fact: Extract<RunFact, { jobId: string }>,
  ended: string[],
): Promise<Reach> {
  const { jobId } = fact;
  const columns = sql`id, key, kind, status, requires, number, name, workflow, position`;
  const rows = await tx.query<NamedState & { role: 'one' | 'waiting' | 'around'; elsewhere: JobStatus[] }>(sql`
    with one as materialized (select ${columns} from pipelines_jobs where id = ${jobId} and run_id = ${runId}),
      waiting as materialized (
        select ${columns} from pipelines_jobs
        where ${fact.kind !== 'started'} and status = 'blocked' and id <> ${jobId} and id = any(array(
          select job_id from pipelines_edges
          where run_id = ${runId} and required = any(${ended}::text[] || array(select key from one))))),
      around as materialized (
        select ${columns} from pipelines_jobs
        where run_id = ${runId} and key = any(array(
            select requirement->>'key' from waiting, jsonb_array_elements(requires) requirement))
          and id <> ${jobId} and id <> all(array(select id from waiting))),
      elsewhere as (
        select array(
          select status from unnest(${every}::text[]) status
          where exists (select 1 from pipelines_jobs job
            where job.run_id = ${runId} and job.status = status.status
              and job.id <> all(array(select id from waiting) || ${jobId}::uuid))) as elsewhere)
    select * from (
      select *, 'one' as role from one union all select *, 'waiting' from waiting union all select *, 'around' from around
    ) seen, elsewhere
    order by position`);
  return {
    jobs: rows.filter(({ role }) => role !== 'around'),
    around: rows.filter(({ role }) => role === 'around'),
    elsewhere: new Set(rows[0]?.elsewhere),
  };
}

const every: JobStatus[] = [
  'blocked',
  'queued',
  'on_hold',
  'running',
  'success',
  'failed',
  'canceled',
  'not_run',
  'infrastructure_fail',
];
