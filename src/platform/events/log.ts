import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor, EventEnvelope } from '../../kernel/events.ts';
import { newId } from '../../kernel/ids.ts';
import type { Queryable, Transaction } from '../postgres/database.ts';
import type { Migration } from '../postgres/migrations.ts';
import { all, json, type Sql, sql } from '../postgres/sql.ts';
import type { EventCatalogue, EventSchemas } from './catalogue.ts';

/** NOTIFY channel that wakes subscriptions and live viewers after a commit. */
export const eventsChannel = 'millrace_events';

export const eventMigrations: Migration[] = [
  {
    id: 'platform/0001-events',
    // `xid` tells which transaction appended a fact; readers do without it.
    statements: `
      create table platform_events (
        position bigint generated always as identity primary key,
        xid xid8 not null default pg_current_xact_id(),
        id uuid not null unique,
        type text not null,
        subject text not null,
        project_id uuid,
        actor jsonb not null,
        causes uuid[] not null default '{}',
        at timestamptz not null default clock_timestamp(),
        data jsonb not null
      );
      create index on platform_events (project_id, position desc);
      create index on platform_events (subject, position);
      create index on platform_events (type, position desc);
      create index on platform_events using gin (causes);
      create table platform_subscriptions (
        name text primary key,
        position bigint not null default 0,
        attempts int not null default 0,
        last_error text,
        updated_at timestamptz not null default now()
      );
      create table platform_parked_events (
        subscription text not null,
        position bigint not null,
        error text not null,
        at timestamptz not null default now(),
        primary key (subscription, position)
      );`,
  },
];

export interface Append<Data> {
  subject: string;
  projectId: string | null;
  actor: Actor;
  /** Ids of the events that brought this about. A fact with no cause inside Millrace has none. */
  causes?: string[];
  data: Data;
}

/**
 * Positions are given out at insert and commits may come in another order, so a cursor that passed the position of an open
 * transaction would lose its facts. Whoever appends therefore holds this lock, shared by all who do, from before the
 * position is given out to the end of the transaction, and readers look who holds it.
 */
const appending = { space: 7400, number: 1 };

/**
 * Appends a fact in the caller's transaction: it becomes visible exactly when the change itself does.
 * The data is checked against the catalogue, so a fact that cannot be read back is never written.
 * @returns the new event's id, for use as a cause
 */
export async function appendEvent<Schemas extends EventSchemas, Name extends keyof Schemas & string>(
  tx: Transaction,
  catalogue: EventCatalogue<string, Schemas>,
  name: Name,
  event: Append<import('zod').z.input<Schemas[Name]>>,
): Promise<string> {
  const data = catalogue.schemas[name]!.parse(event.data);
  const id = newId();
  // The position is given out to the one row of `held`, which is there once the lock is.
  await tx.execute(sql`
    with held as materialized (
      select pg_advisory_xact_lock_shared(${appending.space}, ${appending.number})::text as lock,
        pg_notify(${eventsChannel}, '')::text as woken)
    insert into platform_events (id, type, subject, project_id, actor, causes, data)
    select ${id}::uuid, ${`${catalogue.room}.${name}`}, ${event.subject}, ${event.projectId}::uuid, ${json(event.actor)}::jsonb,
      ${event.causes ?? []}::uuid[], ${json(data)}::jsonb
    from held where held.lock is not null and held.woken is not null`);
  return id;
}

const columns = sql`position, id, type, subject, project_id as "projectId", actor, causes,
  (extract(epoch from at) * 1000)::float8 as at, data`;

export interface EventFilter {
  projectId?: string | undefined;
  /** Whole types, or a prefix ending in `.` (`pipelines.`). */
  types?: string[] | undefined;
  subject?: string | undefined;
  /** Unix milliseconds, inclusive. */
  since?: number | undefined;
  /** Unix milliseconds, exclusive. */
  until?: number | undefined;
}

function conditionsOf(filter: EventFilter): Sql[] {
  const conditions: Sql[] = [];
  if (filter.projectId) conditions.push(sql`project_id = ${filter.projectId}`);
  if (filter.subject) conditions.push(sql`subject = ${filter.subject}`);
  if (filter.types?.length) {
    const whole = filter.types.filter((type) => !type.endsWith('.'));
    const prefixes = filter.types.filter((type) => type.endsWith('.'));
    conditions.push(sql`(type = any(${whole}) or exists (
      select 1 from unnest(${prefixes}::text[]) prefix where starts_with(type, prefix)))`);
  }
  if (filter.since !== undefined) conditions.push(sql`at >= to_timestamp(${filter.since / 1000})`);
  if (filter.until !== undefined) conditions.push(sql`at < to_timestamp(${filter.until / 1000})`);
  return conditions;
}

/** Transactions of others that append at this moment, each under a name no later one has. */
async function appenders(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ name: string }>(sql`
    select virtualtransaction as name from pg_locks
    where locktype = 'advisory' and objsubid = 2 and classid = ${appending.space} and objid = ${appending.number}
      and database = (select oid from pg_database where datname = current_database()) and pid <> pg_backend_pid()`);
  return rows.map((row) => row.name);
}

/** Waits for those who append at this moment, at most about 0.3 s; resolves to whether they have all ended. */
async function appendersEnd(db: Queryable): Promise<boolean> {
  let open = await appenders(db);
  for (let wait = 5; open.length > 0 && wait <= 160; wait *= 2) {
    await sleep(wait);
    const now = new Set(await appenders(db));
    open = open.filter((name) => now.has(name));
  }
  return open.length === 0;
}

/**
 * Facts after `position` in log order; at most `limit`. None while a transaction is open that may still put one before
 * them: its own notification, or the caller's next look, brings them all.
 */
export async function readEventsAfter(
  db: Queryable,
  position: number,
  filter: EventFilter = {},
  limit = 200,
): Promise<EventEnvelope[]> {
  const read = (conditions: Sql[]): Promise<EventEnvelope[]> =>
    db.query(sql`select ${columns} from platform_events
      where ${all([...conditions, ...conditionsOf(filter)])} order by position limit ${limit}`);
  const seen = await read([sql`position > ${position}`]);
  const last = seen.at(-1)?.position;
  if (last === undefined || !(await appendersEnd(db))) return [];
  // Every position up to the last one seen was given out before we looked, so it is settled by now: there, or never used.
  return read([sql`position > ${position}`, sql`position <= ${last}`]);
}

/** Newest first, for timelines; `before` is the position to continue from. */
export function readEventsBefore(
  db: Queryable,
  before: number | undefined,
  filter: EventFilter = {},
  limit = 50,
): Promise<EventEnvelope[]> {
  const conditions = all([...(before === undefined ? [] : [sql`position < ${before}`]), ...conditionsOf(filter)]);
  return db.query(
    sql`select ${columns} from platform_events where ${conditions} order by position desc limit ${limit}`,
  );
}

/** One fact, or undefined. */
export function readEvent(db: Queryable, id: string): Promise<EventEnvelope | undefined> {
  return db.first(sql`select ${columns} from platform_events where id = ${id}`);
}

/**
 * Everything that led to a fact and everything that came of it, walked along `causes` in both directions,
 * oldest first; at most `limit` facts each way.
 */
export async function readChain(
  db: Queryable,
  id: string,
  limit = 200,
): Promise<{ causes: EventEnvelope[]; effects: EventEnvelope[] }> {
  const causes = await db.query<EventEnvelope>(sql`
    with recursive up(id, causes) as (
      select id, causes from platform_events where id = ${id}
      union
      select e.id, e.causes from platform_events e join up on e.id = any(up.causes)
    )
    select ${columns} from platform_events where id in (select id from up) and id <> ${id}
    order by position limit ${limit}`);
  const effects = await db.query<EventEnvelope>(sql`
    with recursive down(id) as (
      select id from platform_events where id = ${id}
      union
      select e.id from platform_events e join down on e.causes @> array[down.id]
    )
    select ${columns} from platform_events where id in (select id from down) and id <> ${id}
    order by position limit ${limit}`);
  return { causes, effects };
}
