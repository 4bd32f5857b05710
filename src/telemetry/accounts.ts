import type { Clock } from '../kernel/clock.ts';
import { pause } from '../kernel/pause.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database, Queryable } from '../platform/postgres/database.ts';
import { json, sql } from '../platform/postgres/sql.ts';
import type { Loop } from '../platform/room.ts';
import { type Accounting, accountsOf, type Counted, type SourceAccount } from './accounting.ts';

/** How often counts are written down, and for how many days they are kept. */
const everyMs = 15_000;
const daysKept = 35;

/** Adds counts to those of their hour. */
export async function addCounts(db: Queryable, counts: readonly Counted[]): Promise<void> {
  if (counts.length === 0) return;
  const rows = counts.map((one) => ({
    ...one,
    projectId: one.projectId ?? '',
    hour: new Date(one.hour).toISOString(),
  }));
  await db.execute(sql`
    insert into telemetry_accounts (hour, project_id, type, reason, count)
    select hour, "projectId", type, reason, count
    from jsonb_to_recordset(${json(rows)}) as given (hour timestamptz, "projectId" text, type text, reason text, count bigint)
    on conflict (hour, project_id, type, reason) do update set count = telemetry_accounts.count + excluded.count`);
}

/** What came in from the hour of `since` (Unix ms) on, of every server on this database, as far as it was written down. */
export async function readAccounts(db: Queryable, since: number): Promise<SourceAccount[]> {
  const rows = await db.query<Omit<Counted, 'hour'>>(sql`
    select nullif(project_id, '') as "projectId", type, reason, sum(count)::float8 as count
    from telemetry_accounts where hour >= date_trunc('hour', ${new Date(since)}::timestamptz)
    group by project_id, type, reason`);
  return accountsOf(rows);
}

/** Drops the counts of a project that is gone. */
export const forgetAccounts = (db: Queryable, projectId: string): Promise<number> =>
  db.execute(sql`delete from telemetry_accounts where project_id = ${projectId}`);

/** Writes down what came in, hour by hour, and once more when the server ends; a server that is killed loses a quarter of a minute of it. */
export function accountsLoop(deps: { database: Database; accounting: Accounting; clock: Clock; log: Log }): Loop {
  const { database, accounting, clock, log } = deps;
  async function write(): Promise<void> {
    const counts = accounting.take();
    try {
      await addCounts(database, counts);
    } catch (error) {
      accounting.giveBack(counts);
      log.warn({ error }, 'what came in could not be written down; it is tried again');
    }
  }
  return {
    name: 'telemetry.accounts',
    async run(signal) {
      let swept = 0;
      while (!signal.aborted) {
        await pause(everyMs, signal);
        await write();
        if (signal.aborted || clock.now() - swept < 3_600_000) continue;
        swept = clock.now();
        await database.execute(sql`
          delete from telemetry_accounts where hour < ${new Date(swept - daysKept * 86_400_000)}::timestamptz`);
      }
    },
  };
}
