import { type TableName, tableOf } from './tables.ts';

/** Attributes that are counted as records come in, so that lists of their values cost nothing however many records there are. */
const counted = ['service', 'environment', 'level'] as const;

export const isCounted = (eventType: string, attribute: string): boolean =>
  countedOf(tableOf(eventType)).includes(attribute);

/** The attributes that are counted in a table. */
export const countedOf = (table: TableName): readonly string[] =>
  counted.filter((name) => name !== 'level' || table === 'telemetry_logs');

/** The time of a record in whole buckets; the store knows the counts by this very expression. */
export const bucket = 'toStartOfFiveMinutes(timestamp)';
export const bucketMs = 300_000;

/** The counts, kept by the store beside the records themselves: for every five minutes, how many and the newest. */
export function projectionOf(table: TableName): string {
  const by = ['projectId', 'type', bucket, ...countedOf(table)].join(', ');
  return `PROJECTION IF NOT EXISTS volume (SELECT ${by}, count(), max(timestamp) GROUP BY ${by})`;
}
