import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { joinLines } from '../platform/lines/join.ts';
import { shapeLine } from '../platform/lines/shape.ts';
import type { Log } from '../platform/observe/log.ts';
import type { TelemetryRecord, TelemetrySink } from '../platform/observe/telemetry-sink.ts';
import type { Database } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { Files } from './files.ts';
import { LogReader } from './log/read.ts';
import type { Executor, RunProject, Sources } from './port.ts';
import { isFinal } from './run-state.ts';
import { readCanceled, readJob, readRun } from './store.ts';

export interface WorkerDeps {
  database: Database;
  log: Log;
  files: Files;
  sources: Sources;
  telemetry: TelemetrySink;
  executors: { docker?: Executor | undefined; host?: Executor | undefined };
}

/** Lines of log handed to telemetry at once. */
const shippedAtOnce = 1000;

/**
 * Hands logs to telemetry, behind the steps and never in their way: what telemetry cannot take now waits in the log.
 * Killed between a batch and its note, the same batch is handed over again under the same key, which comes to nothing.
 * @returns whether there may be more
 */
export async function shipLogs(deps: WorkerDeps): Promise<boolean> {
  const steps = await deps.database.query<{
    jobId: string;
    number: number;
    name: string;
    shipped: number;
    shipping: number | null;
    lines: number;
    open: boolean;
    jobName: string;
    runId: string;
    projectId: string;
  }>(sql`
    select step.job_id as "jobId", step.number, step.name, step.shipped, step.shipping, step.lines, step.status = 'running' as open,
      job.name as "jobName", job.run_id as "runId", job.project_id as "projectId"
    from pipelines_steps step join pipelines_jobs job on job.id = step.job_id
    where step.shipped < step.lines - case when step.status = 'running' then 1 else 0 end
    order by job.started_at, step.number limit 20`);
  let shipped = 0;
  for (const step of steps) {
    const reader = await LogReader.open(deps.files.log(step.jobId, step.number));
    // Its files are with another server that does not share this directory, or were removed.
    if (!reader) continue;
    try {
      // What a killed server may have written already is written again as it was, and so comes to nothing.
      const atMost = step.shipping === null ? shippedAtOnce : step.shipping - step.shipped;
      const { lines, nextLine } = await reader.window(step.shipped, atMost, step.open);
      if (lines.length === 0 || (step.open && nextLine < (step.shipping ?? 0))) continue;
      const own = sql`job_id = ${step.jobId} and number = ${step.number} and shipped = ${step.shipped}`;
      const claimed = await deps.database.execute(sql`
        update pipelines_steps set shipping = ${nextLine}
        where ${own} and (shipping = ${nextLine} or shipping is not distinct from ${step.shipping}::bigint)`);
      // Another server on the same files is at it, with other lines.
      if (claimed === 0) continue;
      await deps.telemetry.write(
        joinLines(
          lines,
          (line) => line.text,
          (first, text) => {
            const { message, level, traceId, spanId, attributes } = shapeLine(text.replaceAll('\0', ''));
            return {
              type: 'Log',
              timestamp: first.at,
              projectId: step.projectId,
              attributes: {
                ...attributes,
                message,
                level: level ?? 'info',
                traceId,
                spanId,
                source: 'pipeline',
                runId: step.runId,
                jobId: step.jobId,
                job: step.jobName,
                step: step.name,
                stepNumber: step.number,
                line: first.line,
              },
            };
          },
        ),
        { once: `step ${step.jobId} ${step.number} ${step.shipped}` },
      );
      await deps.database.execute(sql`update pipelines_steps set shipped = ${nextLine}, shipping = null where ${own}`);
      shipped += lines.length;
    } finally {
      await reader.close();
    }
  }
  return shipped > 0;
}

/** Writes the PipelineRun record of each run that ended. */
export async function reportRuns(deps: WorkerDeps): Promise<void> {
  const ended = await deps.database.query<{ id: string }>(
    sql`select id from pipelines_runs where finished_at is not null and reported_at is null order by finished_at limit 50`,
  );
  for (const { id } of ended) {
    const record = await recordOfRun(deps, id);
    if (record) await deps.telemetry.write([record], { once: `run ${id}` });
    await deps.database.execute(sql`update pipelines_runs set reported_at = clock_timestamp() where id = ${id}`);
  }
}

async function recordOfRun(deps: WorkerDeps, id: string): Promise<TelemetryRecord | undefined> {
  const run = await readRun(deps.database, id);
  if (!run || run.finishedAt === null) return undefined;
  const project: RunProject | undefined = await deps.sources.project(run.projectId);
  const jobs = await deps.database.first<{ total: number; failed: number; tests: number; failedTests: number }>(sql`
    select count(*)::int as total, count(*) filter (where status in ('failed', 'infrastructure_fail'))::int as failed,
      coalesce(sum(failed_tests), 0)::int as "failedTests",
      (select count(*)::int from pipelines_tests where run_id = ${id}) as tests
    from pipelines_jobs where run_id = ${id}`);
  return {
    type: 'PipelineRun',
    timestamp: run.finishedAt,
    projectId: run.projectId,
    attributes: {
      runId: run.id,
      name: project?.slug,
      number: run.number,
      status: run.status,
      error: run.status === 'failed',
      duration: (run.finishedAt - (run.startedAt ?? run.queuedAt)) / 1000,
      queueDuration: ((run.startedAt ?? run.finishedAt) - run.queuedAt) / 1000,
      sha: run.sha,
      branch: run.branch,
      tag: run.tag,
      trigger: run.trigger.kind,
      author: run.commit.author.email,
      message: run.commit.message.split('\n')[0],
      jobs: jobs?.total,
      failedJobs: jobs?.failed,
      tests: jobs?.tests,
      failedTests: jobs?.failedTests,
      rerun: run.rerunOf !== null,
    },
  };
}

/** Which of the jobs attended here somebody wants ended: asked by wake-up, and every two seconds in case one was lost. */
export async function lookForCancels(
  database: Database,
  attended: ReadonlySet<string>,
  canceled: Set<string>,
): Promise<void> {
  for (const id of canceled) if (!attended.has(id)) canceled.delete(id);
  const open = [...attended].filter((id) => !canceled.has(id));
  if (open.length === 0) return;
  for (const id of await readCanceled(database, open)) canceled.add(id);
}

/** Removes places of jobs that ended while nobody could clear up (a server killed after storing the end). */
export async function clearUp(deps: WorkerDeps): Promise<void> {
  const directory = dirname(dirname(deps.files.control('x')));
  for (const jobId of await readdir(directory).catch(() => [])) {
    const job = await readJob(deps.database, jobId).catch(() => undefined);
    if (!job || !isFinal(job.status)) continue;
    const executor = job.executor ? deps.executors[job.executor] : undefined;
    try {
      await executor?.destroy(jobId);
      await rm(join(directory, jobId), { recursive: true, force: true });
    } catch (error) {
      deps.log.warn({ err: error, jobId }, 'the place of an ended job could not be removed yet');
    }
  }
}
