import { rollups } from '../rollups.ts';
import type { Store } from '../store.ts';
import { tableNames } from '../tables.ts';
import { type KeptTable, kindOf, type Partition, type Removal } from './retention.ts';

const keptTables: readonly KeptTable[] = [...tableNames, rollups.name];

/** What one kind holds in the store. */
export interface Held {
  records: number;
  /** On disk. Of types that share a table: their share of it, by records. */
  bytes: number;
  /** Unix ms of the oldest record; null when there is none. */
  oldestAt: number | null;
}

/** Days and their types in the shared table, from the counts that the store keeps beside the records. */
const typesByDay =
  'SELECT toYYYYMMDD(bucket), type, toUnixTimestamp(min(bucket)) * 1000, sum(records) FROM' +
  ' (SELECT toStartOfFiveMinutes(timestamp) AS bucket, type, count() AS records FROM telemetry_events GROUP BY bucket, type)' +
  ' GROUP BY 1, type';

interface Part {
  table: KeptTable;
  id: string;
  records: number;
  bytes: number;
}

async function readParts(store: Store): Promise<Part[]> {
  const { rows } = await store.select({
    sql:
      'SELECT table, partition_id, sum(rows), sum(bytes_on_disk) FROM system.parts' +
      ' WHERE database = currentDatabase() AND active AND table IN ({tables:Array(String)}) GROUP BY table, partition_id',
    params: { tables: keptTables },
  });
  return rows.map(([table, id, records, bytes]) => ({
    table: table as KeptTable,
    id: String(id),
    records: Number(records),
    bytes: Number(bytes),
  }));
}

/** Every partition of what is kept for so many days. */
export async function readPartitions(store: Store): Promise<Partition[]> {
  const types = new Map<string, string[]>();
  for (const [id, type] of (await store.select({ sql: typesByDay, params: {} })).rows) {
    types.set(String(id), [...(types.get(String(id)) ?? []), String(type)]);
  }
  return (await readParts(store)).map(({ table, id }) => ({
    table,
    id,
    endsAt: endOf(id),
    types: table === 'telemetry_events' ? (types.get(id) ?? []) : [],
  }));
}

/** The end of the day `20260131`, or of the month `202601`, in Unix ms. */
export function endOf(partition: string): number {
  const [year, month, day] = [partition.slice(0, 4), partition.slice(4, 6), partition.slice(6, 8)].map(Number);
  return day ? Date.UTC(year!, month! - 1, day + 1) : Date.UTC(year!, month!, 1);
}

/** What each kind holds, by its name; kinds that hold nothing are left out. */
export async function readHeld(store: Store): Promise<Map<string, Held>> {
  const held = new Map<string, Held>();
  const parts = await readParts(store);
  for (const table of keptTables) {
    const own = parts.filter((part) => part.table === table);
    const records = own.reduce((sum, part) => sum + part.records, 0);
    const bytes = own.reduce((sum, part) => sum + part.bytes, 0);
    if (records === 0) continue;
    if (table === 'telemetry_events') {
      for (const [, type, oldestAt, count] of (await store.select({ sql: typesByDay, params: {} })).rows) {
        const of = held.get(String(type)) ?? { records: 0, bytes: 0, oldestAt: Number(oldestAt) };
        of.records += Number(count);
        of.bytes += Math.round((bytes * Number(count)) / records);
        of.oldestAt = Math.min(of.oldestAt!, Number(oldestAt));
        held.set(String(type), of);
      }
      continue;
    }
    const { rows } = await store.select({
      sql: `SELECT toUnixTimestamp(min(${table === rollups.name ? 'cell' : 'timestamp'})) * 1000 FROM ${table}`,
      params: {},
    });
    held.set(nameOf(table), { records, bytes, oldestAt: Number(rows[0]?.[0]) || null });
  }
  return held;
}

const nameOf = (table: KeptTable): string =>
  ['Span', 'Log', 'Metric', 'Metric rollups'].find((name) => kindOf(name).table === table)!;

/** Removes what a plan says. Whole partitions go at once; types are cut out by the store, which rewrites that one day. */
export async function remove(store: Store, removals: readonly Removal[]): Promise<void> {
  for (const { table, partition, types } of removals) {
    const of = `ALTER TABLE ${table}`;
    if (types === null) {
      await store.command(`${of} DROP PARTITION ID '${partition}'`);
    } else {
      // Names of types come from outside; as hexadecimal digits they mean nothing else.
      const names = types.map((type) => `'${Buffer.from(type).toString('hex').toUpperCase()}'`).join(', ');
      await store.command(`${of} DELETE IN PARTITION ID '${partition}' WHERE hex(type) IN (${names})`);
    }
  }
}

/** Whether the store is still cutting something out. */
export async function isRemoving(store: Store): Promise<boolean> {
  const { rows } = await store.select({
    sql: "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND table = 'telemetry_events' AND NOT is_done",
    params: {},
  });
  return Number(rows[0]?.[0]) > 0;
}
