import { createHash } from 'node:crypto';
import { nextTime, readCron } from '../kernel/cron.ts';
import { system } from '../kernel/events.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database, Transaction } from '../platform/postgres/database.ts';
import { sql, timeOf } from '../platform/postgres/sql.ts';
import type { PlannedSchedule, RunProject, Sources } from './port.ts';
import { startRun } from './start.ts';

/** A time that a server was away for longer than this is passed over. */
const lateMs = 3_600_000;
const actor = system('schedule');

type StartDeps = Parameters<typeof startRun>[0];
export type ScheduleDeps = StartDeps & { log: Log; sources: Sources };

interface Row {
  projectId: string;
  branch: string;
  workflow: string;
  cron: string;
  nextAt: number;
}

/** Replaces what runs by itself on a branch by what its file says now. Times that stay keep their next turn. */
export async function saveSchedules(
  tx: Transaction,
  projectId: string,
  branch: string,
  schedules: PlannedSchedule[],
  now: number,
): Promise<void> {
  const workflows = schedules.map((one) => one.workflow);
  const crons = schedules.map((one) => one.cron);
  await tx.execute(sql`
    delete from pipelines_schedules where project_id = ${projectId} and branch = ${branch}
      and (workflow, cron) not in (select * from unnest(${workflows}::text[], ${crons}::text[]))`);
  for (const { workflow, cron } of schedules) {
    const next = nextOf(cron, now);
    if (next === undefined) continue;
    await tx.execute(sql`
      insert into pipelines_schedules (project_id, branch, workflow, cron, next_at)
      values (${projectId}, ${branch}, ${workflow}, ${cron}, ${timeOf(next)}) on conflict do nothing`);
  }
}

function nextOf(cron: string, after: number): number | undefined {
  const read = readCron(cron);
  return read.ok ? nextTime(read.cron, after) : undefined;
}

/** Starts what is due. Several servers may do this at once: a time starts one run, whose id is made of it. */
export async function startDue(deps: ScheduleDeps): Promise<void> {
  const now = deps.clock.now();
  const due = await deps.database.query<Row>(sql`
    select project_id as "projectId", branch, workflow, cron, (extract(epoch from next_at) * 1000)::float8 as "nextAt"
    from pipelines_schedules where next_at <= ${timeOf(now)} order by next_at limit 100`);
  for (const row of due) {
    try {
      await serve(deps, row, now);
    } catch (error) {
      deps.log.error({ err: error, ...row }, 'a scheduled workflow could not be started; it is tried again');
    }
  }
}

async function serve(deps: ScheduleDeps, row: Row, now: number): Promise<void> {
  const { projectId, branch, workflow, cron } = row;
  const project = await deps.sources.project(projectId);
  const head = project && (await deps.sources.resolve(project.id, branch));
  const next = nextOf(cron, Math.max(now, row.nextAt));
  const it = sql`project_id = ${projectId} and branch = ${branch} and workflow = ${workflow} and cron = ${cron}`;
  if (!project || head?.branch !== branch || next === undefined) {
    await deps.database.execute(sql`delete from pipelines_schedules where ${it}`);
    return;
  }
  const runId = now - row.nextAt <= lateMs ? await begin(deps, row, project, head.sha) : null;
  await deps.database.execute(sql`
    update pipelines_schedules set next_at = ${timeOf(next)}, last_run_id = coalesce(${runId}, last_run_id)
    where ${it} and next_at <= ${timeOf(row.nextAt)}`);
}

async function begin(deps: ScheduleDeps, row: Row, project: RunProject, sha: string): Promise<string> {
  const run = await startRun(deps, {
    runId: idOf(row),
    project,
    sha,
    branch: row.branch,
    kind: 'schedule',
    schedule: { workflow: row.workflow },
    commit: await deps.sources.commit(project.id, sha),
    actor,
    causes: [],
  });
  return run.id;
}

/** The id of the run that one time of one schedule starts. */
function idOf({ projectId, branch, workflow, cron, nextAt }: Row): string {
  const hex = createHash('sha256').update([projectId, branch, workflow, cron, nextAt].join('\0')).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** What runs by itself in a project, the next first. */
export function listSchedules(database: Database, projectId: string) {
  return database.query<{ branch: string; workflow: string; cron: string; nextAt: Date; lastRunId: string | null }>(sql`
    select branch, workflow, cron, next_at as "nextAt", last_run_id as "lastRunId" from pipelines_schedules
    where project_id = ${projectId} order by next_at, branch, workflow limit 1000`);
}
