import { system } from '../kernel/events.ts';
import type { Database } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import { lockRun, readJob } from './store.ts';
import { applyFact, type TransitionDeps } from './transition.ts';

const keeper = system('pipelines locks');

/**
 * Grants locks to the jobs that wait for them, the oldest first: one run holds a key at a time, until it gives it back or
 * ends. A run that holds a key already has it at once.
 */
export async function grantLocks(deps: TransitionDeps & { database: Database }): Promise<void> {
  const waiting = await deps.database.query<{ id: string; runId: string; key: string }>(sql`
    select id, run_id as "runId", spec->>'lockKey' as key from pipelines_jobs job
    where kind = 'lock' and status = 'queued' and not exists (
      select 1 from pipelines_locks held where held.key = job.spec->>'lockKey' and held.run_id <> job.run_id)
    order by queued_at, id limit 200`);
  for (const { id, runId, key } of waiting) {
    await deps.database.transaction(async (tx) => {
      // The run first: one that ends meanwhile must not be left with a lock.
      await lockRun(tx, runId);
      if ((await readJob(tx, id))?.status !== 'queued') return;
      await tx.execute(sql`insert into pipelines_locks (key, run_id) values (${key}, ${runId}) on conflict do nothing`);
      const mine = await tx.first(sql`select 1 from pipelines_locks where key = ${key} and run_id = ${runId}`);
      if (mine) await applyFact(deps, tx, runId, { kind: 'finished', jobId: id, status: 'success' }, { actor: keeper });
    });
  }
}
