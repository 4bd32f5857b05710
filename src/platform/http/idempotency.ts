import { createHash } from 'node:crypto';
import { Fault } from '../../kernel/faults.ts';
import type { Database } from '../postgres/database.ts';
import type { Migration } from '../postgres/migrations.ts';
import { json, sql } from '../postgres/sql.ts';

export const idempotencyMigrations: Migration[] = [
  {
    id: 'platform/0002-idempotency',
    statements: `
      create table platform_idempotency (
        principal text not null,
        key text not null,
        request_hash text not null,
        status int,
        response jsonb,
        created_at timestamptz not null default now(),
        primary key (principal, key)
      );
      create index on platform_idempotency (created_at);`,
  },
  {
    // A key is recorded together with what it made; rows of calls under way are no more.
    id: 'platform/0003-idempotency-whole',
    statements: `
      delete from platform_idempotency where status is null;
      alter table platform_idempotency alter column status set not null;`,
  },
];

/** Keys are forgotten after a day, as most payment APIs do. */
const keptHours = 24;

/**
 * Runs `work` once for a key: a second call with the same body gets the stored answer, one with another body is refused,
 * and one that arrives while the first still runs is told to come back. `work` does everything on the database it is given,
 * which commits together with the record of the key: whoever repeats a call that was cut short (a killed server included)
 * gets the answer of what was done, or has it done now.
 */
export function once(
  database: Database,
  caller: { principal: string; key: string; operation: string; body: unknown; keepResponse: boolean },
  work: (joined: Database) => Promise<{ status: number; response: unknown }>,
): Promise<{ status: number; response: unknown; replayed: boolean }> {
  const hash = createHash('sha256')
    .update(`${caller.operation}\n${JSON.stringify(caller.body ?? null)}`)
    .digest('hex');
  return database.together(async (joined) => {
    const free = await joined.first<{ free: boolean }>(sql`
      select pg_try_advisory_xact_lock(hashtextextended(${`idempotency ${caller.principal} ${caller.key}`}, 0)) as free`);
    if (!free?.free) {
      throw new Fault('conflict', 'The first request with this Idempotency-Key is still being carried out', {
        code: 'http.idempotency-in-progress',
        retryAfter: 1,
      });
    }
    const known = await joined.first<{ hash: string; status: number; response: unknown }>(sql`
      select request_hash as hash, status, response from platform_idempotency
      where principal = ${caller.principal} and key = ${caller.key}
        and created_at > now() - make_interval(hours => ${keptHours})`);
    if (known && known.hash !== hash) {
      throw new Fault('unprocessable', 'This Idempotency-Key was used for a different request', {
        code: 'http.idempotency-key-reused',
        hint: 'Use a new key for a new request.',
      });
    }
    if (known && !caller.keepResponse) {
      throw new Fault('conflict', 'This was created already, and what it revealed is shown only once', {
        code: 'http.idempotency-revealed',
        hint: 'Remove it and create another with a new Idempotency-Key.',
      });
    }
    if (known) return { status: known.status, response: known.response, replayed: true };
    const result = await work(joined);
    await joined.execute(
      sql`delete from platform_idempotency where created_at < now() - make_interval(hours => ${keptHours})`,
    );
    await joined.execute(sql`
      insert into platform_idempotency (principal, key, request_hash, status, response)
      values (${caller.principal}, ${caller.key}, ${hash}, ${result.status},
        ${caller.keepResponse ? json(result.response) : null})`);
    return { ...result, replayed: false };
  });
}
