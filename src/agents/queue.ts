import type { Database, Queryable, Transaction } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';

/** NOTIFY channel: there is work, or room in a group. */
export const workChannel = 'millrace_work';

/** How long an agent may be silent before its work is given to another. Heartbeats come three times as often. */
export const leaseSeconds = 30;

export interface Claim {
  id: string;
  epoch: number;
}

/**
 * Puts work into the queue; work that is there already stays as it is. Work of one `span` takes its turn in the group together: from
 * the first that begins until {@link endSpan}, no other work of the group does.
 */
export async function offer(
  tx: Transaction,
  work: { id: string; projectId: string; group?: string | undefined; span?: string | undefined },
): Promise<void> {
  await tx.execute(sql`
    with offered as (
      insert into agents_work (id, project_id, group_key, span)
      values (${work.id}, ${work.projectId}, ${work.group ?? null}, ${work.span ?? null}) on conflict do nothing)
    select pg_notify(${workChannel}, '')`);
}

/** Lets others of its group have their turn: all work of the span is done. */
export async function endSpan(tx: Transaction, span: string): Promise<void> {
  const count = await tx.execute(sql`delete from agents_spans where span = ${span}`);
  if (count > 0) await tx.execute(sql`select pg_notify(${workChannel}, '')`);
}

/** Takes unclaimed work out. */
export async function withdraw(tx: Transaction, id: string): Promise<void> {
  await tx.execute(sql`delete from agents_work where id = ${id} and agent_id is null`);
}

/** Removes work its holder has done; false when another epoch holds it. */
export async function complete(tx: Transaction, id: string, epoch: number): Promise<boolean> {
  const count = await tx.execute(sql`
    delete from agents_work where id = ${id} and epoch = ${epoch} returning pg_notify(${workChannel}, '')`);
  return count === 1;
}

/**
 * Claims at most `limit` pieces of work that nobody holds or whose holder fell silent, oldest first, for this agent, save what it is
 * `doing`. Work of a group is claimed only when nothing of that group is held and nothing older of it waits. Claims of
 * different servers follow one another.
 */
export async function claim(
  database: Database,
  agentId: string,
  limit: number,
  doing: readonly string[],
): Promise<Claim[]> {
  if (limit <= 0) return [];
  return database.transaction(async (tx) => {
    // Two claims at once could each take one of the same group: neither would see the other's.
    await tx.execute(sql`select pg_advisory_xact_lock(740010)`);
    const claimed = await tx.query<Claim & { group: string | null; span: string | null }>(sql`
      update agents_work set agent_id = ${agentId}, epoch = epoch + 1,
        lease_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
      where id in (
        select id from agents_work work
        where (agent_id is null or lease_until < clock_timestamp()) and id <> all(${[...doing]}::uuid[])
          and (group_key is null
            or exists (select 1 from agents_spans mine where mine.group_key = work.group_key and mine.span = work.span)
            or (not exists (select 1 from agents_spans held where held.group_key = work.group_key)
              and not exists (
                select 1 from agents_work other
                where other.group_key = work.group_key and other.id <> work.id
                  and (other.agent_id is not null or (other.queued_at, other.id) < (work.queued_at, work.id)))))
        order by queued_at, id limit ${limit} for update skip locked)
      returning id, epoch, group_key as "group", span`);
    for (const { group, span } of claimed) {
      if (group === null || span === null) continue;
      await tx.execute(
        sql`insert into agents_spans (group_key, span) values (${group}, ${span}) on conflict do nothing`,
      );
    }
    return claimed.map(({ id, epoch }) => ({ id, epoch }));
  });
}

/** Takes back, at once and under a new epoch, what this agent held before its server was ended. */
export function readopt(database: Queryable, agentId: string): Promise<Claim[]> {
  return database.query<Claim>(sql`
    update agents_work set epoch = epoch + 1, lease_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
    where agent_id = ${agentId} returning id, epoch`);
}

/** Extends leases; the answer names those that are still held under their epoch. */
export async function renew(database: Queryable, agentId: string, held: Claim[]): Promise<string[]> {
  if (held.length === 0) return [];
  const rows = await database.query<{ id: string }>(sql`
    update agents_work set lease_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
    from unnest(${held.map((one) => one.id)}::uuid[], ${held.map((one) => one.epoch)}::bigint[]) as mine(id, epoch)
    where agents_work.id = mine.id and agents_work.epoch = mine.epoch and agent_id = ${agentId}
    returning agents_work.id`);
  return rows.map((row) => row.id);
}

/** Gives work back, to be claimed again by anybody. */
export async function release(database: Queryable, id: string, epoch: number): Promise<void> {
  await database.execute(
    sql`update agents_work set agent_id = null, lease_until = null where id = ${id} and epoch = ${epoch}`,
  );
}
