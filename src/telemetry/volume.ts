import { Params } from './nrql/params.ts';
import type { Scope } from './nrql/scope.ts';
import type { Store } from './store.ts';
import { tableNames, tableOf } from './tables.ts';
import { bucket, isCounted } from './volume-projection.ts';

/** What may be asked of the counts: a time in whole buckets, by the bucket's own expression, or the store reads the records. */
function conditions(scope: Scope, sinceMs: number, params: Params): string {
  return [
    `${bucket} >= toStartOfFiveMinutes(fromUnixTimestamp(${params.bind(Math.floor(sinceMs / 1000), 'Int64')}))`,
    ...(scope.projectId === null ? [] : [`projectId = ${params.text(scope.projectId)}`]),
    ...(scope.environment === undefined ? [] : [`environment = ${params.text(scope.environment)}`]),
  ].join(' AND ');
}

interface EventTypeVolume {
  name: string;
  records: number;
  /** Unix ms of the newest record. */
  lastAt: number;
}

/** Event types with records since `sinceMs` (Unix ms, taken down to five minutes), the most frequent first. */
export async function readEventTypes(store: Store, scope: Scope, sinceMs: number): Promise<EventTypeVolume[]> {
  const params = new Params();
  const where = conditions(scope, sinceMs, params);
  const each = tableNames.map(
    (table) => `SELECT type, count() AS records, max(timestamp) AS newest FROM ${table} WHERE ${where} GROUP BY type`,
  );
  const { rows } = await store.select({
    sql:
      `SELECT type, sum(records) AS total, toUnixTimestamp64Milli(max(newest)) FROM (${each.join(' UNION ALL ')})` +
      ' GROUP BY type ORDER BY total DESC, type',
    params: params.values,
  });
  return rows.map(([name, records, at]) => ({ name: String(name), records: Number(records), lastAt: Number(at) }));
}

/** Values of a counted attribute since `sinceMs` (Unix ms, taken down to five minutes), the most frequent first. */
export async function readCountedValues(
  store: Store,
  scope: Scope,
  asked: { eventType: string; attribute: string; prefix?: string | undefined; limit: number; sinceMs: number },
): Promise<{ value: string; records: number }[]> {
  const { eventType, attribute, prefix, limit, sinceMs } = asked;
  if (!isCounted(eventType, attribute)) throw new Error(`${attribute} of ${eventType} is not counted`);
  const params = new Params();
  const { rows } = await store.select({
    sql:
      `SELECT ${attribute}, count() AS records FROM ${tableOf(eventType)}` +
      ` WHERE ${conditions(scope, sinceMs, params)} AND type = ${params.text(eventType)} AND ${attribute} != ''` +
      (prefix ? ` AND startsWith(${attribute}, ${params.text(prefix)})` : '') +
      ` GROUP BY ${attribute} ORDER BY records DESC, ${attribute} LIMIT ${Math.floor(limit)}`,
    params: params.values,
  });
  return rows.map(([value, records]) => ({ value: String(value), records: Number(records) }));
}
