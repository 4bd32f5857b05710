import type { Actor } from '../../kernel/events.ts';
import { Fault } from '../../kernel/faults.ts';
import { appendEvent } from '../../platform/events/log.ts';
import type { Database, Queryable } from '../../platform/postgres/database.ts';
import { sql } from '../../platform/postgres/sql.ts';
import { telemetryEvents } from '../events.ts';
import { rollups } from '../rollups.ts';
import { type TableName, tables } from '../tables.ts';

/** Tables that hold what is kept for so many days. */
export type KeptTable = TableName | typeof rollups.name;

/** What one number of days is set for. */
export interface Kind {
  /** As people and the API name it: an event type, or one of `Metric rollups` and `other`. */
  name: string;
  table: KeptTable;
  /** Days it is kept when nobody said otherwise; null: as long as `other`. */
  default: number | null;
}

/** Everything that shares the table of events and has no days of its own. */
export const other = 'other';

const whole: Kind[] = [
  { name: 'Span', table: 'telemetry_spans', default: tables.telemetry_spans.retentionDays },
  { name: 'Log', table: 'telemetry_logs', default: tables.telemetry_logs.retentionDays },
  { name: 'Metric', table: 'telemetry_samples', default: tables.telemetry_samples.retentionDays },
  { name: 'Metric rollups', table: rollups.name, default: rollups.retentionDays },
  { name: other, table: 'telemetry_events', default: tables.telemetry_events.retentionDays },
];

/** Types of the shared table that are always offered; others are once they came in. */
export const offeredTypes = [
  'ErrorEvent',
  'Event',
  'GatewayRequest',
  'PageView',
  'CheckResult',
  'PipelineRun',
] as const;

/** The kind of a name; a type that has no table of its own is one of the shared table's. */
export function kindOf(name: string): Kind {
  // Transactions are the spans that begin a service's part of a trace, and lie with them.
  if (name === 'Transaction') return kindOf('Span');
  return whole.find((kind) => kind.name === name) ?? { name, table: 'telemetry_events', default: null };
}

/** Kinds that have a table to themselves, and the rest of the shared one. */
export const wholeKinds: readonly Kind[] = whole;

/** Days by kind, as far as somebody set them. */
export type SetDays = ReadonlyMap<string, number>;

/** How many days a kind is kept. */
export function daysOf(name: string, set: SetDays): number {
  const kind = kindOf(name);
  return set.get(kind.name) ?? kind.default ?? daysOf(other, set);
}

export const bounds = { least: 1, most: 3650 } as const;

export async function readDays(db: Queryable): Promise<SetDays> {
  const rows = await db.query<{ kind: string; days: number }>(sql`select kind, days from telemetry_retention`);
  return new Map(rows.map(({ kind, days }) => [kind, days]));
}

/** Sets the days of a kind, or (null) takes them back to the default. What changed is a fact of the event log. */
export async function setDays(database: Database, name: string, days: number | null, actor: Actor): Promise<void> {
  const kind = kindOf(name);
  if (!/^[\w .:-]{1,100}$/.test(kind.name)) {
    throw new Fault('invalid', `"${name}" is no event type`, { code: 'telemetry.no-type' });
  }
  await database.transaction(async (tx) => {
    const set = await readDays(tx);
    const before = daysOf(name, set);
    const after = new Map(set);
    if (days === null) {
      after.delete(kind.name);
      await tx.execute(sql`delete from telemetry_retention where kind = ${kind.name}`);
    } else {
      after.set(kind.name, days);
      await tx.execute(sql`
        insert into telemetry_retention (kind, days) values (${kind.name}, ${days})
        on conflict (kind) do update set days = excluded.days`);
    }
    const now = daysOf(name, after);
    if (now === before && days === (set.get(kind.name) ?? null)) return;
    await appendEvent(tx, telemetryEvents, 'retention.changed', {
      subject: 'store:telemetry',
      projectId: null,
      actor,
      data: { type: kind.name, days: now, before },
    });
  });
}

/** What lies in one partition of a table: a day, or a month of what is summed up. */
export interface Partition {
  table: KeptTable;
  id: string;
  /** Unix ms of the first instant after it. */
  endsAt: number;
  /** Event types in it, where the table is shared. */
  types: readonly string[];
}

export interface Removal {
  table: KeptTable;
  partition: string;
  /** Only these; null: the partition as a whole, which costs nothing. */
  types: string[] | null;
}

/** What is to go now: whatever ended longer ago than it is kept. Types that share a day with longer kept ones are cut out of it. */
export function planRemovals(partitions: readonly Partition[], set: SetDays, now: number): Removal[] {
  const day = 86_400_000;
  return partitions.flatMap(({ table, id, endsAt, types }): Removal[] => {
    const over = (name: string): boolean => endsAt + daysOf(name, set) * day <= now;
    if (table !== 'telemetry_events') {
      const kind = whole.find((one) => one.table === table)!;
      return over(kind.name) ? [{ table, partition: id, types: null }] : [];
    }
    const gone = types.filter(over);
    if (gone.length === 0) return [];
    return [{ table, partition: id, types: gone.length === types.length ? null : gone }];
  });
}
