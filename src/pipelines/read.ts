import { Fault } from '../kernel/faults.ts';
import type { Database } from '../platform/postgres/database.ts';
import { all, type Sql, sql } from '../platform/postgres/sql.ts';
import type { JobDetail, RunDetail } from './api.ts';
import { readLookups } from './cache-lookups.ts';
import type { Files } from './files.ts';
import { copiesOf } from './job-story.ts';
import { LogReader } from './log/read.ts';
import { type Job, recordOf, type Step } from './run.ts';
import { isFinal } from './run-state.ts';
import { listJobs, listSteps, readJob, readRun, readStep } from './store.ts';
import { jobSummaryOf, runDetailOf, stepDetailOf } from './view.ts';
import { readWaits } from './waits.ts';

const missing = (what: string): Fault =>
  new Fault('missing', `There is no such ${what}`, { code: `pipelines.${what}-missing` });

export async function requireJob(database: Database, id: string): Promise<Job> {
  const job = await readJob(database, id);
  if (!job) throw missing('job');
  return job;
}

export async function readRunDetail(database: Database, id: string): Promise<RunDetail> {
  const run = await readRun(database, id);
  if (!run) throw missing('run');
  const jobs = await listJobs(database, id);
  return runDetailOf(run, jobs, run.finishedAt === null ? await readWaits(database, jobs, jobs) : new Map());
}

export async function readJobDetail(database: Database, id: string): Promise<JobDetail> {
  const job = await requireJob(database, id);
  const record = recordOf(job);
  const tests = await database.first<JobDetail['tests']>(sql`
    select count(*)::int as total, count(*) filter (where status in ('failed', 'error'))::int as failed,
      count(*) filter (where status = 'skipped')::int as skipped, coalesce(sum(duration_ms), 0)::float8 as "durationMs"
    from pipelines_tests where job_id = ${record}`);
  const artifacts = await database.first<{ count: number }>(
    sql`select count(*)::int as count from pipelines_artifacts where job_id = ${record}`,
  );
  const steps = await listSteps(database, record);
  const lookups = await readLookups(database, record);
  const all = await listJobs(database, job.runId);
  const waits = isFinal(job.status) ? undefined : await readWaits(database, [job], all);
  return {
    ...jobSummaryOf(job, copiesOf(all), waits?.get(id)),
    steps: steps.map((step) => stepDetailOf(step, lookups.get(step.number))),
    tests: tests!,
    artifacts: artifacts!.count,
  };
}

/** A step and its log, found by the job that shows it. The log is undefined while nothing was written. */
export async function openStepLog(
  deps: { database: Database; files: Files },
  jobId: string,
  number: number,
): Promise<{ step: Step; path: string; log: LogReader | undefined }> {
  const job = await requireJob(deps.database, jobId);
  const step = await readStep(deps.database, recordOf(job), number);
  if (!step) throw missing('step');
  const path = deps.files.log(recordOf(job), number);
  return { step, path, log: await LogReader.open(path) };
}

/** Whether a step has ended, so that its log will not grow. */
export const isComplete = (step: Step): boolean => !['pending', 'running'].includes(step.status);

interface TestRow {
  jobId: string;
  jobName: string;
  step: number;
  position: number;
  suite: string;
  className: string | null;
  name: string;
  file: string | null;
  status: 'success' | 'failed' | 'error' | 'skipped';
  durationMs: number;
  message: string | null;
  details: string | null;
}

/** Test results of a run, failures first; `offset` counts from the beginning of that order. */
export function listTests(
  database: Database,
  runId: string,
  filter: { job?: string | undefined; status?: string | undefined; name?: string | undefined },
  offset: number,
  limit: number,
): Promise<TestRow[]> {
  const where: Sql[] = [sql`job.run_id = ${runId}`];
  if (filter.job) where.push(sql`job.id = ${filter.job}`);
  if (filter.status) where.push(sql`test.status = ${filter.status}`);
  if (filter.name) where.push(sql`position(lower(${filter.name}) in lower(test.suite || ' ' || test.name)) > 0`);
  return database.query(sql`
    select job.id as "jobId", job.name as "jobName", test.step, test.position, suite, class_name as "className",
      test.name, file, test.status, duration_ms as "durationMs", message, details
    from pipelines_jobs job join pipelines_tests test on test.job_id = coalesce(job.inherited_from, job.id)
    where ${all(where)}
    order by case test.status when 'failed' then 0 when 'error' then 0 when 'success' then 2 else 1 end,
      job.position, test.step, test.position
    offset ${offset} limit ${limit}`);
}

/** Failed tests of a project that name a word in what they say, oldest run first; times in Unix ms, at most 200. */
export function failuresNaming(
  database: Database,
  projectId: string,
  word: string,
  since: number,
  until: number,
): Promise<{ runId: string; run: number; test: string; text: string; at: number }[]> {
  return database.query(sql`
    select run.id as "runId", run.number as run, test.name as test,
      coalesce(test.message, '') || E'\n' || coalesce(test.details, '') as text,
      (extract(epoch from run.queued_at) * 1000)::float8 as at
    from pipelines_runs run join pipelines_tests test on test.run_id = run.id and test.status in ('failed', 'error')
    where run.project_id = ${projectId} and run.queued_at >= to_timestamp(${since / 1000}::float8)
      and run.queued_at <= to_timestamp(${until / 1000}::float8)
      and (position(${word} in coalesce(test.message, '')) > 0 or position(${word} in coalesce(test.details, '')) > 0)
    order by run.queued_at, test.job_id, test.step, test.position limit 200`);
}

export function listArtifacts(database: Database, runId: string, jobId: string | undefined) {
  return database.query<{
    id: string;
    jobId: string;
    jobName: string;
    nodeIndex: number;
    path: string;
    bytes: number;
  }>(sql`
    select artifact.id, job.id as "jobId", job.name as "jobName", job.node_index as "nodeIndex", artifact.path, artifact.bytes
    from pipelines_jobs job join pipelines_artifacts artifact on artifact.job_id = coalesce(job.inherited_from, job.id)
    where job.run_id = ${runId} and ${jobId ? sql`job.id = ${jobId}` : sql`true`}
    order by job.position, artifact.path limit 5000`);
}
