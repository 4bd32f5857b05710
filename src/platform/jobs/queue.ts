import { newId } from '../../kernel/ids.ts';
import type { Database, Queryable, Transaction } from '../postgres/database.ts';
import type { Migration } from '../postgres/migrations.ts';
import { json, sql } from '../postgres/sql.ts';

/** NOTIFY channel; the payload is the kind that has work. */
export const jobsChannel = 'millrace_jobs';

export const jobMigrations: Migration[] = [
  {
    id: 'platform/0002-jobs',
    // All times are PostgreSQL's, so servers need not agree on the clock.
    statements: `
      create table platform_jobs (
        id uuid primary key,
        kind text not null,
        key text,
        payload jsonb not null,
        state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'dead')),
        run_at timestamptz not null,
        attempts int not null default 0,
        epoch int not null default 0,
        owner text,
        lease_until timestamptz,
        last_error text,
        created_at timestamptz not null default now(),
        finished_at timestamptz,
        unique (kind, key)
      );
      create index on platform_jobs (kind, run_at) where state = 'waiting';
      create index on platform_jobs (kind, lease_until) where state = 'running';
      create index on platform_jobs (finished_at) where state = 'done';`,
  },
];

export interface Enqueue {
  kind: string;
  /** The same kind and key is one job, even after it is done (for 7 days). Absent: every call is a job of its own. */
  key?: string | undefined;
  /** JSON. */
  payload: unknown;
  /** Unix milliseconds; default now. */
  runAt?: number | undefined;
}

/** Adds work in the caller's transaction: it exists exactly when the change itself does. */
export async function enqueue(tx: Transaction, job: Enqueue): Promise<{ id: string; created: boolean }> {
  const id = newId();
  const runAt = job.runAt === undefined ? sql`now()` : sql`to_timestamp(${job.runAt / 1000})`;
  const created = await tx.execute(sql`
    insert into platform_jobs (id, kind, key, payload, run_at)
    values (${id}, ${job.kind}, ${job.key ?? null}, ${json(job.payload)}, ${runAt})
    on conflict (kind, key) do nothing`);
  if (created > 0) {
    await tx.execute(sql`select pg_notify(${jobsChannel}, ${job.kind})`);
    return { id, created: true };
  }
  const known = await tx.first<{ id: string }>(
    sql`select id from platform_jobs where kind = ${job.kind} and key = ${job.key ?? null}`,
  );
  return { id: known!.id, created: false };
}

/**
 * Frees what this server held before it was restarted, so that nothing waits for its old leases to run out.
 * Called once at start-up, before any worker runs; the id is that of the data directory, never shared by two servers.
 */
export function releaseOwned(database: Database, owner: string): Promise<number> {
  return database.execute(sql`
    update platform_jobs set lease_until = now() where state = 'running' and owner = ${owner}`);
}

/** A claimed job. */
export interface Job<Payload = unknown> {
  id: string;
  kind: string;
  key: string | null;
  payload: Payload;
  /** This one included. */
  attempts: number;
  /** Grows at every claim; whoever holds an older one has lost the job. */
  epoch: number;
}

interface Lease {
  owner: string;
  leaseMs: number;
}

/** Claims up to `limit` jobs that are due, or whose holder let its lease run out. */
export function claim<Payload>(db: Queryable, kind: string, limit: number, lease: Lease): Promise<Job<Payload>[]> {
  return db.query<Job<Payload>>(sql`
    update platform_jobs set state = 'running', owner = ${lease.owner}, epoch = epoch + 1, attempts = attempts + 1,
      lease_until = now() + ${lease.leaseMs} * interval '1 millisecond'
    where id in (
      select id from platform_jobs
      where kind = ${kind}
        and ((state = 'waiting' and run_at <= now()) or (state = 'running' and lease_until <= now()))
      order by run_at limit ${limit} for update skip locked)
    returning id, kind, key, payload, attempts, epoch`);
}

/** Whether the job is still ours; if so the lease starts anew. */
export async function extend(db: Queryable, job: Job, lease: Lease): Promise<boolean> {
  const touched = await db.execute(sql`
    update platform_jobs set lease_until = now() + ${lease.leaseMs} * interval '1 millisecond'
    where id = ${job.id} and epoch = ${job.epoch} and state = 'running'`);
  return touched > 0;
}

/** Ends a job of ours; false when it was lost meanwhile. Jobs without a key leave nothing behind. */
export async function finish(db: Queryable, job: Job): Promise<boolean> {
  const mine = sql`id = ${job.id} and epoch = ${job.epoch} and state = 'running'`;
  const touched = await db.execute(
    job.key === null
      ? sql`delete from platform_jobs where ${mine}`
      : sql`update platform_jobs set state = 'done', finished_at = now(), owner = null, last_error = null where ${mine}`,
  );
  return touched > 0;
}

/** Puts a job of ours back: to be tried after `delayMs`. `refund` takes back the attempt (a shutdown is no failure). */
export function putBack(
  db: Queryable,
  job: Job,
  delayMs: number,
  error: string | null,
  refund: boolean,
): Promise<number> {
  return db.execute(sql`
    update platform_jobs set state = 'waiting', run_at = now() + ${delayMs} * interval '1 millisecond', owner = null,
      last_error = coalesce(${error}, last_error), attempts = attempts - ${refund ? 1 : 0}
    where id = ${job.id} and epoch = ${job.epoch} and state = 'running'`);
}

/** Gives a job of ours up; it stays, with its error, for people to see. */
export function bury(db: Queryable, job: Job, error: string): Promise<number> {
  return db.execute(sql`
    update platform_jobs set state = 'dead', finished_at = now(), owner = null, last_error = ${error}
    where id = ${job.id} and epoch = ${job.epoch} and state = 'running'`);
}

/** Milliseconds until the next job of this kind is due (or its lease ends), at most `most`. */
export async function nextDue(db: Queryable, kind: string, most: number): Promise<number> {
  const row = await db.first<{ ms: number | null }>(sql`
    select extract(epoch from (min(case when state = 'waiting' then run_at else lease_until end) - now()))::float8 * 1000 as ms
    from platform_jobs where kind = ${kind} and state in ('waiting', 'running')`);
  return Math.max(0, Math.min(most, row?.ms ?? most));
}

/** Forgets finished jobs after 7 days; dead ones stay 30. */
export function prune(db: Queryable): Promise<number> {
  return db.execute(sql`
    delete from platform_jobs where (state = 'done' and finished_at < now() - interval '7 days')
      or (state = 'dead' and finished_at < now() - interval '30 days')`);
}
