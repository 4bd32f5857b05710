import type { Queryable } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { Job } from './run.ts';

/** How many copies of the job, newest first, are looked at, and how many lines are kept. */
const jobsLookedAt = 60;
const mostLines = 50_000;

/** Whether a step of the job splits tests, so that it wants to know how long they took. */
export function splitsTests(job: Pick<Job, 'spec' | 'nodeTotal'>): boolean {
  return (
    job.nodeTotal > 1 && job.spec.steps.some((step) => step.kind === 'run' && /\bcirc\S*\s+tests\s/.test(step.command))
  );
}

/**
 * How long tests took in earlier runs of the same job: lines `kind<tab>name<tab>seconds`, where kind is `file`, `class` or
 * `name`, each the mean over the runs that had it.
 */
export async function readTimings(db: Queryable, job: Pick<Job, 'id' | 'projectId' | 'key'>): Promise<string> {
  const rows = await db.query<{ kind: string; name: string; seconds: number }>(sql`
    with jobs as (
      select id, run_id from pipelines_jobs
      where project_id = ${job.projectId} and key = ${job.key} and id <> ${job.id} and finished_at is not null
        and inherited_from is null
      order by finished_at desc limit ${jobsLookedAt}),
    tests as (
      select tests.* from pipelines_tests tests join jobs on jobs.id = tests.job_id where status <> 'skipped'),
    named as (
      select 'file' as kind, file as name, run_id, duration_ms from tests where file is not null
      union all select 'class', class_name, run_id, duration_ms from tests where class_name is not null
      union all select 'name', name, run_id, duration_ms from tests)
    select kind, name, sum(duration_ms) / count(distinct run_id) / 1000 as seconds from named
    group by kind, name order by seconds desc limit ${mostLines}`);
  return rows
    .filter(({ name }) => !/[\t\n]/.test(name))
    .map(({ kind, name, seconds }) => `${kind}\t${name.replace(/^\.\//, '')}\t${seconds.toFixed(3)}\n`)
    .join('');
}
