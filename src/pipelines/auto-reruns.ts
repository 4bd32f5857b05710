import { createHash } from 'node:crypto';
import { system } from '../kernel/events.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { Sources } from './port.ts';
import type { Run } from './run.ts';
import { startRun } from './start.ts';
import { listJobs, readRun } from './store.ts';

const actor = system('automatic rerun');

type StartDeps = Parameters<typeof startRun>[0];

/** Runs failed workflows again whose file wants that (`max_auto_reruns`), once for each run that ended. */
export async function rerunFailed(deps: StartDeps & { database: Database; log: Log; sources: Sources }): Promise<void> {
  const ended = await deps.database.query<{ id: string }>(sql`
    select id from pipelines_runs
    where auto_reruns is not null and finished_at is not null and rerun_considered_at is null limit 50`);
  for (const { id } of ended) {
    const run = await readRun(deps.database, id);
    if (run) await consider(deps, run);
    await deps.database.execute(
      sql`update pipelines_runs set rerun_considered_at = clock_timestamp() where id = ${id}`,
    );
  }
}

async function consider(deps: StartDeps & { sources: Sources }, run: Run): Promise<void> {
  const number = (run.trigger.autoRerun?.number ?? 0) + 1;
  // What a person runs again is left to that person.
  if (run.status !== 'failed' || (run.rerunOf !== null && run.trigger.autoRerun === undefined)) return;
  const jobs = await listJobs(deps.database, run.id);
  const failed = new Set(
    jobs
      .filter(({ status }) => status === 'failed' || status === 'infrastructure_fail')
      .map(({ workflow }) => workflow),
  );
  const workflows = [...failed].filter((name) => number <= (run.autoReruns?.[name] ?? 0));
  const project = await deps.sources.project(run.projectId);
  if (workflows.length === 0 || !project) return;
  await startRun(deps, {
    runId: idOf(run.id),
    project,
    sha: run.sha,
    branch: run.branch ?? undefined,
    tag: run.tag ?? undefined,
    kind: run.trigger.kind === 'push' ? 'api' : run.trigger.kind,
    parameters: run.trigger.parameters,
    pullRequest: run.trigger.pullRequest,
    schedule: run.trigger.schedule,
    autoRerun: { number, workflows },
    commit: run.commit,
    actor,
    causes: run.event ? [run.event] : [],
    rerunOf: { id: run.id, from: 'failed' },
  });
}

/** The id of a run's own rerun: whoever comes twice makes one. */
function idOf(runId: string): string {
  const hex = createHash('sha256').update(`rerun of ${runId}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
