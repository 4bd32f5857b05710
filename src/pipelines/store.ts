import type { Queryable, Transaction } from '../platform/postgres/database.ts';
import { all, json, type Sql, sql } from '../platform/postgres/sql.ts';
import type { Job, Run, Step } from './run.ts';
import type { JobState } from './run-state.ts';

const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;
const fragment = (text: string): Sql => Object.assign(sql``, { text });

const runColumns =
  fragment(`id, project_id as "projectId", number, status, canceling, dialect, file, trigger, sha, branch,
  tag, trusted, commit, actor, diagnostics, rerun_of as "rerunOf", rerun_from as "rerunFrom", event,
  planned_at is not null as planned, continuation_key as "continuationKey", setup, auto_reruns as "autoReruns",
  ${ms('queued_at')} as "queuedAt", ${ms('started_at')} as "startedAt", ${ms('finished_at')} as "finishedAt"`);

const jobColumns =
  fragment(`id, run_id as "runId", project_id as "projectId", number, position, key, name, workflow, kind,
  node_index as "nodeIndex", node_total as "nodeTotal", requires, spec, status, wanted_executor as "wantedExecutor", image,
  executor, agent, epoch, cancel_requested_at is not null as "cancelRequested", reason, approved_by as "approvedBy",
  inherited_from as "inheritedFrom", failed_tests as "failedTests", ${ms('queued_at')} as "queuedAt",
  ${ms('started_at')} as "startedAt", ${ms('finished_at')} as "finishedAt"`);

const stepColumns =
  fragment(`job_id as "jobId", number, name, kind, command, background, status, exit_code as "exitCode",
  lines, ${ms('started_at')} as "startedAt", ${ms('finished_at')} as "finishedAt"`);

/** NOTIFY channel: a run changed (`run:<id>`), a job is to be canceled (`cancel:<job id>`), a run is to be planned (`plan`). */
export const pipelinesChannel = 'millrace_pipelines';

export async function notify(tx: Queryable, payload: string): Promise<void> {
  await tx.execute(sql`select pg_notify(${pipelinesChannel}, ${payload})`);
}

export function readRun(db: Queryable, id: string): Promise<Run | undefined> {
  return db.first(sql`select ${runColumns} from pipelines_runs where id = ${id}`);
}

/** The run, held until the transaction ends: one fact at a time. */
export function lockRun(tx: Transaction, id: string): Promise<Run | undefined> {
  return tx.first(sql`select ${runColumns} from pipelines_runs where id = ${id} for update`);
}

export interface RunFilter {
  projectId?: string | undefined;
  branch?: string | undefined;
  status?: string | undefined;
  sha?: string | undefined;
  /** Runs queued before this one. */
  before?: string | undefined;
}

/** Newest first. */
export function listRuns(db: Queryable, filter: RunFilter, limit: number): Promise<Run[]> {
  const where: Sql[] = [];
  if (filter.projectId) where.push(sql`project_id = ${filter.projectId}`);
  if (filter.branch) where.push(sql`branch = ${filter.branch}`);
  if (filter.status) where.push(sql`status = ${filter.status}`);
  if (filter.sha) where.push(sql`starts_with(sha, ${filter.sha})`);
  if (filter.before) {
    where.push(sql`(queued_at, id) < (select queued_at, id from pipelines_runs where id = ${filter.before})`);
  }
  return db.query(
    sql`select ${runColumns} from pipelines_runs where ${all(where)} order by queued_at desc, id desc limit ${limit}`,
  );
}

/** How many jobs of each run stand how. */
export function countJobs(
  db: Queryable,
  runIds: string[],
): Promise<{ runId: string; status: string; count: number }[]> {
  return db.query(sql`
    select run_id as "runId", status, count(*)::int as count from pipelines_jobs
    where run_id = any(${runIds}::uuid[]) group by run_id, status`);
}

export async function nextNumbers(
  tx: Transaction,
  projectId: string,
  take: { runs: number; jobs: number },
): Promise<{ run: number; job: number }> {
  const row = await tx.first<{ runs: number; jobs: number }>(sql`
    insert into pipelines_counters (project_id, runs, jobs) values (${projectId}, ${take.runs}, ${take.jobs})
    on conflict (project_id) do update
      set runs = pipelines_counters.runs + ${take.runs}, jobs = pipelines_counters.jobs + ${take.jobs}
    returning runs, jobs`);
  return { run: row!.runs, job: row!.jobs - take.jobs + 1 };
}

/** False when that run is there already. */
export async function insertRun(tx: Transaction, run: Run, causes: string[]): Promise<boolean> {
  const count = await tx.execute(sql`
    insert into pipelines_runs (id, project_id, number, status, trigger, sha, branch, tag, trusted, commit, actor, causes,
      rerun_of, rerun_from, queued_at, diagnostics, planned_at, finished_at)
    values (${run.id}, ${run.projectId}, ${run.number}, ${run.status}, ${json(run.trigger)}, ${run.sha}, ${run.branch},
      ${run.tag}, ${run.trusted}, ${json(run.commit)}, ${json(run.actor)}, ${causes}, ${run.rerunOf}, ${run.rerunFrom},
      to_timestamp(${run.queuedAt / 1000}), ${json(run.diagnostics)},
      ${run.planned ? new Date(run.queuedAt) : null}, ${run.finishedAt === null ? null : new Date(run.finishedAt)})
    on conflict (id) do nothing`);
  return count === 1;
}

/** Stores what a fact changed of the run itself. */
export async function saveRun(
  tx: Transaction,
  run: Pick<Run, 'id' | 'status' | 'canceling' | 'event' | 'startedAt' | 'finishedAt'>,
): Promise<void> {
  await tx.execute(sql`
    update pipelines_runs set status = ${run.status}, canceling = ${run.canceling}, event = ${run.event},
      started_at = ${dateOf(run.startedAt)}, finished_at = ${dateOf(run.finishedAt)}
    where id = ${run.id} returning pg_notify(${pipelinesChannel}, ${`run:${run.id}`})`);
}

const dateOf = (at: number | null): Date | null => (at === null ? null : new Date(at));

/** Claims the oldest run that waits to be planned, for 60 s; undefined when there is none. */
export function claimUnplanned(db: Queryable): Promise<Run | undefined> {
  return db.first(sql`
    update pipelines_runs set claimed_until = clock_timestamp() + interval '60 seconds'
    where id = (
      select id from pipelines_runs
      where planned_at is null and (claimed_until is null or claimed_until < clock_timestamp())
      order by queued_at limit 1 for update skip locked)
    returning ${runColumns}`);
}

/** False when it was planned meanwhile. */
export async function savePlanned(
  tx: Transaction,
  run: Pick<Run, 'id' | 'dialect' | 'file' | 'diagnostics' | 'continuationKey' | 'setup' | 'autoReruns'>,
): Promise<boolean> {
  const count = await tx.execute(sql`
    update pipelines_runs set dialect = ${run.dialect}, file = ${run.file}, diagnostics = ${json(run.diagnostics)},
      continuation_key = ${run.continuationKey}, setup = ${run.setup && json(run.setup)},
      auto_reruns = ${run.autoReruns && json(run.autoReruns)}, planned_at = clock_timestamp()
    where id = ${run.id} and planned_at is null`);
  return count === 1;
}

export async function insertJobs(tx: Transaction, jobs: Job[]): Promise<void> {
  if (jobs.length === 0) return;
  await tx.execute(sql`
    insert into pipelines_jobs (id, run_id, project_id, number, position, key, name, workflow, kind, node_index, node_total,
      requires, spec, status, wanted_executor, image, executor, reason, inherited_from, approved_by, failed_tests,
      started_at, finished_at)
    select id, "runId", "projectId", number, position, key, name, workflow, kind, "nodeIndex", "nodeTotal", requires, spec,
      status, "wantedExecutor", image, executor, reason, "inheritedFrom", "approvedBy", "failedTests",
      to_timestamp("startedAt" / 1000), to_timestamp("finishedAt" / 1000)
    from jsonb_to_recordset(${json(jobs)}::jsonb) as job(id uuid, "runId" uuid, "projectId" uuid, number int, position int,
      key text, name text, workflow text, kind text, "nodeIndex" int, "nodeTotal" int, requires jsonb, spec jsonb,
      status text, "wantedExecutor" text, image text, executor text, reason text, "inheritedFrom" uuid, "approvedBy" jsonb,
      "failedTests" int, "startedAt" float8, "finishedAt" float8)`);
  await tx.execute(sql`
    insert into pipelines_edges (run_id, required, job_id)
    select distinct "runId", requirement->>'key', id
    from jsonb_to_recordset(${json(jobs.map(({ id, runId, requires }) => ({ id, runId, requires })))}::jsonb)
      as job(id uuid, "runId" uuid, requires jsonb), jsonb_array_elements(requires) requirement`);
}

/** Gives back one lock of a run, or all of them. */
export async function releaseLocks(tx: Transaction, runId: string, key?: string | undefined): Promise<void> {
  const one = key === undefined ? sql`true` : sql`key = ${key}`;
  const count = await tx.execute(sql`delete from pipelines_locks where run_id = ${runId} and ${one}`);
  if (count > 0) await notify(tx, 'locks');
}

export async function countJobsOf(tx: Queryable, runId: string): Promise<number> {
  const row = await tx.first<{ count: number }>(
    sql`select count(*)::int as count from pipelines_jobs where run_id = ${runId}`,
  );
  return row!.count;
}

/** What decisions need to know of a job, and its name for sentences. */
export type NamedState = JobState & { number: number; name: string; workflow: string };

/** The part of each job that decisions need, in plan order. */
export function readJobStates(tx: Queryable, runId: string): Promise<NamedState[]> {
  return tx.query(sql`
    select id, key, kind, status, requires, number, name, workflow from pipelines_jobs
    where run_id = ${runId} order by position`);
}

export function readJob(db: Queryable, id: string): Promise<Job | undefined> {
  return db.first(sql`select ${jobColumns} from pipelines_jobs where id = ${id}`);
}

export function listJobs(db: Queryable, runId: string): Promise<Job[]> {
  return db.query(sql`select ${jobColumns} from pipelines_jobs where run_id = ${runId} order by position`);
}

/** What changes of a job beside its status; absent fields stay as they are. */
export interface JobUpdate {
  executor?: 'docker' | 'host' | undefined;
  agent?: string | undefined;
  reason?: string | undefined;
  approvedBy?: object | undefined;
  failedTests?: number | undefined;
}

/** Resolves to the job as it stands now. */
export async function saveJobStatus(
  tx: Transaction,
  id: string,
  status: Job['status'],
  at: number,
  update: JobUpdate,
): Promise<Job> {
  const when = new Date(at);
  const job = await tx.first<Job>(sql`
    update pipelines_jobs set status = ${status},
      queued_at = case when ${status} in ('queued', 'on_hold') then ${when} else queued_at end,
      started_at = case when ${status} = 'running' then ${when} else started_at end,
      finished_at = case when ${status} in ('success', 'failed', 'canceled', 'not_run', 'infrastructure_fail')
        then ${when} else finished_at end,
      executor = coalesce(${update.executor ?? null}, executor),
      agent = coalesce(${update.agent ?? null}, agent),
      reason = coalesce(${update.reason ?? null}, reason),
      approved_by = coalesce(${update.approvedBy ? json(update.approvedBy) : null}::jsonb, approved_by),
      failed_tests = coalesce(${update.failedTests ?? null}::int, failed_tests)
    where id = ${id} returning ${jobColumns}`);
  return job!;
}

/** Takes the job over under a lease's epoch; undefined when a later epoch holds it or it has ended. */
export function takeJob(db: Queryable, id: string, epoch: number): Promise<Job | undefined> {
  return db.first(sql`
    update pipelines_jobs set epoch = ${epoch}
    where id = ${id} and epoch < ${epoch} and status in ('queued', 'running')
    returning ${jobColumns}`);
}

/** Whether this epoch still holds the job; held until the transaction ends. */
export async function holdsJob(tx: Transaction, id: string, epoch: number): Promise<boolean> {
  const row = await tx.first(sql`select 1 from pipelines_jobs where id = ${id} and epoch = ${epoch} for update`);
  return row !== undefined;
}

export async function requestCancel(tx: Transaction, jobIds: string[], reason: string): Promise<void> {
  await tx.execute(sql`
    update pipelines_jobs set cancel_requested_at = clock_timestamp(), reason = coalesce(reason, ${reason})
    where id = any(${jobIds}::uuid[]) and status = 'running' and cancel_requested_at is null`);
  for (const id of jobIds) await notify(tx, `cancel:${id}`);
}

/** Which of these running jobs somebody wants ended. */
export async function readCanceled(db: Queryable, jobIds: string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(sql`
    select id from pipelines_jobs where id = any(${jobIds}::uuid[]) and cancel_requested_at is not null`);
  return rows.map((row) => row.id);
}

export async function insertSteps(tx: Transaction, steps: Step[]): Promise<void> {
  await tx.execute(sql`
    insert into pipelines_steps (job_id, number, name, kind, command, background, status)
    select "jobId", number, name, kind, command, background, status
    from jsonb_to_recordset(${json(steps)}::jsonb) as step("jobId" uuid, number int, name text, kind text, command text,
      background boolean, status text)
    on conflict do nothing`);
}

/** Stores how steps stand, many at once. */
export async function saveSteps(tx: Queryable, steps: Step[]): Promise<void> {
  if (steps.length === 0) return;
  await tx.execute(sql`
    update pipelines_steps set status = step.status, exit_code = step."exitCode", lines = step.lines,
      started_at = to_timestamp(step."startedAt" / 1000), finished_at = to_timestamp(step."finishedAt" / 1000)
    from jsonb_to_recordset(${json(steps)}::jsonb) as step("jobId" uuid, number int, status text, "exitCode" int,
      lines bigint, "startedAt" float8, "finishedAt" float8)
    where pipelines_steps.job_id = step."jobId" and pipelines_steps.number = step.number`);
}

export function listSteps(db: Queryable, jobId: string): Promise<Step[]> {
  return db.query(sql`select ${stepColumns} from pipelines_steps where job_id = ${jobId} order by number`);
}

export function readStep(db: Queryable, jobId: string, number: number): Promise<Step | undefined> {
  return db.first(sql`select ${stepColumns} from pipelines_steps where job_id = ${jobId} and number = ${number}`);
}

/** How the last finished run of the branch before this one ended. */
export async function previousStatus(db: Queryable, run: Run): Promise<'success' | 'failed' | 'canceled' | null> {
  const row = await db.first<{ status: 'success' | 'failed' | 'canceled' }>(sql`
    select status from pipelines_runs
    where project_id = ${run.projectId} and branch is not distinct from ${run.branch} and id <> ${run.id}
      and finished_at is not null and status in ('success', 'failed') and number < ${run.number}
    order by number desc limit 1`);
  return row?.status ?? null;
}

/** Unfinished runs of the same branch that are older than this one, without scheduled ones and reruns. */
export async function olderRuns(db: Queryable, run: Run): Promise<string[]> {
  const rows = await db.query<{ id: string }>(sql`
    select id from pipelines_runs
    where project_id = ${run.projectId} and branch = ${run.branch} and number < ${run.number} and finished_at is null
      and rerun_of is null and trigger->>'kind' <> 'schedule'`);
  return rows.map((row) => row.id);
}
