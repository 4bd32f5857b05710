import { system } from '../kernel/events.ts';
import type { Database } from '../platform/postgres/database.ts';
import { sql, timeOf } from '../platform/postgres/sql.ts';
import { applyFact, type TransitionDeps } from './transition.ts';

/** A job waits this long at most for its turn. */
const longestWaitMs = 5 * 3_600_000;
const keeper = system('serial groups');

/** Ends jobs that waited too long for their turn in a serial group. */
export async function endOverdue(deps: TransitionDeps & { database: Database }): Promise<void> {
  const overdue = await deps.database.query<{ id: string; runId: string }>(sql`
    select id, run_id as "runId" from pipelines_jobs
    where status = 'queued' and spec->>'serialGroup' is not null
      and queued_at < ${timeOf(deps.clock.now() - longestWaitMs)} limit 100`);
  for (const { id, runId } of overdue) {
    const update = { reason: 'It waited for five hours for its turn in its serial group' };
    await deps.database.transaction((tx) =>
      applyFact(deps, tx, runId, { kind: 'job-canceled', jobId: id }, { actor: keeper, update }),
    );
  }
}
