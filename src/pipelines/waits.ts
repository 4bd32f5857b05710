import type { Queryable } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import { type Copies, copiesOf } from './job-story.ts';
import type { Job } from './run.ts';
import { groupOutcome } from './run-state.ts';

/** What each job that has not begun waits for, in a sentence, by its id. `all` are the jobs of its run. */
export async function readWaits(
  db: Queryable,
  wanted: readonly Job[],
  all: readonly Job[],
): Promise<Map<string, string>> {
  const waits = new Map<string, string>();
  const queued = wanted.filter((job) => job.status === 'queued');
  const groups = [...new Set(queued.flatMap((job) => job.spec.serialGroup ?? []))];
  const keys = [...new Set(queued.flatMap((job) => (job.kind === 'lock' ? (job.spec.lockKey ?? []) : [])))];
  const turns = groups.length > 0 ? await readTurns(db, groups) : [];
  const locks = keys.length > 0 ? await readLocks(db, keys) : [];
  const copies = copiesOf(all);
  for (const job of wanted) {
    const wait = waitOf(job, copies, turns, locks);
    if (wait !== undefined) waits.set(job.id, wait);
  }
  return waits;
}

interface Turn {
  id: string;
  group: string;
  name: string;
  run: number;
  status: string;
}

/** Jobs in serial groups, the one whose turn it is first. */
function readTurns(db: Queryable, groups: string[]): Promise<Turn[]> {
  return db.query(sql`
    select job.id, job.spec->>'serialGroup' as group, job.name, run.number as run, job.status
    from pipelines_jobs job join pipelines_runs run on run.id = job.run_id
    where job.spec->>'serialGroup' = any(${groups}) and job.status in ('queued', 'running')
    order by job.status = 'running' desc, job.queued_at, job.id limit 1000`);
}

function readLocks(db: Queryable, keys: string[]): Promise<{ key: string; run: number; runId: string }[]> {
  return db.query(sql`
    select key, run.number as run, run.id as "runId" from pipelines_locks held join pipelines_runs run on run.id = held.run_id
    where key = any(${keys})`);
}

function waitOf(
  job: Job,
  copies: Copies,
  turns: readonly Turn[],
  locks: readonly { key: string; run: number; runId: string }[],
): string | undefined {
  if (job.status === 'on_hold') return 'Waits for an approval';
  if (job.status === 'blocked') return blockedBy(job, copies);
  if (job.status !== 'queued') return undefined;
  if (job.kind === 'lock') {
    const held = locks.find(({ key, runId }) => key === job.spec.lockKey && runId !== job.runId);
    return held
      ? `Waits for the lock ${held.key}, which run #${held.run} holds`
      : `Waits to be given the lock ${job.spec.lockKey}`;
  }
  const before = turns.find(({ group }) => group === job.spec.serialGroup);
  if (before && before.id !== job.id) {
    const does = before.status === 'running' ? 'runs' : 'waits';
    return `Waits for its turn in the serial group ${before.group}; ${before.name} of run #${before.run} ${does} before it`;
  }
  return 'Waits for a free place to run';
}

/** Names of what a blocked job requires and has not ended yet. */
function blockedBy(job: Job, copies: Copies): string | undefined {
  const open = job.requires.flatMap(({ key }) => {
    const all = copies.get(key) ?? [];
    return all.length > 0 && groupOutcome(all.map(({ status }) => status)) === 'open' ? [all[0]!.name] : [];
  });
  return open.length > 0 ? `Waits for ${open.join(', ')}` : undefined;
}
