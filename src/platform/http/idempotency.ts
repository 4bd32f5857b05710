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
];

/** Keys are forgotten after a day, as most payment APIs do. */
const keptHours = 24;
/** A first call that neither answered nor failed within this time is taken for dead (its server was killed). */
const abandonedSeconds = 60;

/**
 * Runs `work` once for a key: a second call with the same body gets the stored answer, one with another body is refused,
 * and one that arrives while the first still runs is told to come back.
 */
export async function once(
  database: Database,
  caller: { principal: string; key: string; operation: string; body: unknown; keepResponse: boolean },
  work: () => Promise<{ status: number; response: unknown }>,
): Promise<{ status: number; response: unknown; replayed: boolean }> {
  const hash = createHash('sha256')
    .update(`${caller.operation}\n${JSON.stringify(caller.body ?? null)}`)
    .digest('hex');
  await database.execute(sql`
    delete from platform_idempotency
    where created_at < now() - make_interval(hours => ${keptHours})
      or (status is null and created_at < now() - make_interval(secs => ${abandonedSeconds}))`);
  const inserted = await database.execute(sql`
    insert into platform_idempotency (principal, key, request_hash)
    values (${caller.principal}, ${caller.key}, ${hash}) on conflict do nothing`);
  if (inserted === 0) {
    const known = await database.first<{ hash: string; status: number | null; response: unknown }>(sql`
      select request_hash as hash, status, response from platform_idempotency
      where principal = ${caller.principal} and key = ${caller.key}`);
    if (known && known.hash !== hash) {
      throw new Fault('unprocessable', 'This Idempotency-Key was used for a different request', {
        code: 'http.idempotency-key-reused',
        hint: 'Use a new key for a new request.',
      });
    }
    if (known?.status != null && !caller.keepResponse) {
      throw new Fault('conflict', 'This was created already, and what it revealed is shown only once', {
        code: 'http.idempotency-revealed',
        hint: 'Remove it and create another with a new Idempotency-Key.',
      });
    }
    if (known?.status != null) return { status: known.status, response: known.response, replayed: true };
    throw new Fault('conflict', 'The first request with this Idempotency-Key is still being carried out', {
      code: 'http.idempotency-in-progress',
      retryAfter: 1,
    });
  }
  try {
    const result = await work();
    await database.execute(sql`
      update platform_idempotency set status = ${result.status}, response = ${caller.keepResponse ? json(result.response) : null}
      where principal = ${caller.principal} and key = ${caller.key}`);
    return { ...result, replayed: false };
  } catch (error) {
    await database.execute(
      sql`delete from platform_idempotency where principal = ${caller.principal} and key = ${caller.key}`,
    );
    throw error;
  }
}
