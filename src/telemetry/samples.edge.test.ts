import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestClickHouse, testClickHouse } from '../../test/harness/clickhouse.ts';
import { FrameEncoder } from './frames.ts';
import { storeMigrations } from './migrations/clickhouse.ts';
import { openStore, type Store } from './store.ts';

let clickhouse: TestClickHouse;
let store: Store;
beforeAll(async () => {
  clickhouse = await testClickHouse();
  store = openStore(clickhouse.url);
});
afterAll(async () => {
  await store?.close();
  await clickhouse?.close();
});

interface Point {
  metricName: string;
  timestamp: number;
  host?: string | undefined;
  device?: string | undefined;
  count?: number | undefined;
  total?: number | undefined;
  min?: number | undefined;
  max?: number | undefined;
  latest?: number | undefined;
}

const all = { eventType: () => true, attribute: () => true, metric: () => undefined, takeNews: () => [] };
const encoder = new FrameEncoder(all);
const frameOf = (points: readonly Point[]): Buffer =>
  encoder.encode(
    points.map(({ timestamp, ...attributes }) => ({ type: 'Metric', timestamp, projectId: 'p', attributes })),
    Date.now(),
    () => expect.unreachable(),
  ).buffer;

const from = `FROM telemetry_samples WHERE metricName = {name:String} ORDER BY timestamp, strings['device']`;
async function kept(name: string): Promise<unknown[][]> {
  const sql = `SELECT toUnixTimestamp64Milli(timestamp), host, strings['device'], count, total, min, max, latest ${from}`;
  return (await store.select({ sql, params: { name } })).rows;
}
const asKept = ({ timestamp, host, device, count, total, min, max, latest }: Point): unknown[] => [
  timestamp,
  host ?? '',
  device ?? '',
  ...[count, total, min, max, latest].map((value) => value ?? null),
];
const startsAt = Math.floor(Date.now() / 86_400_000 - 2) * 86_400_000;
const at = (index: number): number => startsAt + index * 15_000;

test('points of the first layout move over, and the move may be repeated', async () => {
  const [first, second] = storeMigrations;
  for (const statement of first!.statements) await runSql(statement);
  await runSql(`INSERT INTO telemetry_metrics (projectId, type, timestamp, seq, metricName, host, count, total, min, max, latest, strings)
    VALUES ('p', 'Metric', fromUnixTimestamp64Milli(${at(0)}), 7, 'old', 'a', 1, 2.5, 2.5, 2.5, 2.5, {'device': 'sda'}),
      ('p', 'Metric', fromUnixTimestamp64Milli(${at(1)}), 8, 'old', 'a', 0, 0, NULL, NULL, 0.1234567890123, {'device': 'sda'})`);
  await runSql(
    'CREATE TABLE telemetry_migrations (id String, at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY id',
  );
  await runSql(`INSERT INTO telemetry_migrations (id) VALUES ('${first!.id}')`);
  // Killed in the midst of the copy, it begins again.
  for (const statement of second!.statements) await runSql(statement);
  await store.migrate();
  await store.migrate();
  expect(await kept('old')).toEqual([
    asKept({
      metricName: 'old',
      timestamp: at(0),
      host: 'a',
      device: 'sda',
      count: 1,
      total: 2.5,
      min: 2.5,
      max: 2.5,
      latest: 2.5,
    }),
    asKept({
      metricName: 'old',
      timestamp: at(1),
      host: 'a',
      device: 'sda',
      count: 0,
      total: 0,
      latest: 0.1234567890123,
    }),
  ]);
  await expect(runSql('SELECT 1 FROM telemetry_metrics')).rejects.toThrow();
});

test('whatever the numbers are, they come back bit for bit; a batch that comes again is stored once', async () => {
  const decimal = fc
    .tuple(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), fc.integer({ min: 0, max: 9 }))
    .map(([whole, places]) => Number(`${whole}e-${places}`));
  // The sign of nothing is not kept.
  const number = fc
    .oneof(
      decimal,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(2 ** 53, -(2 ** 63), 1e308, 5e-324),
    )
    .map((value) => value + 0);
  const value = fc.option(number, { nil: undefined });
  const gauge = number.map((level) => ({ count: 1, total: level, min: level, max: level, latest: level }));
  const point = fc.oneof(gauge, fc.record({ count: value, total: value, min: value, max: value, latest: value }));
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(point, { minLength: 1, maxLength: 200 }), async (values) => {
      run += 1;
      const metricName = `any ${run}`;
      const points = values.map((one, index) => ({
        ...one,
        metricName,
        timestamp: at(index),
        device: `d${index % 3}`,
      }));
      for (const _ of [1, 2]) await store.insert([frameOf(points)], `token ${run}`);
      expect(await kept(metricName)).toEqual(points.map(asKept));
    }),
    { numRuns: 25 },
  );
});

test('points of a thousand series with two decimals take less than two bytes each', async () => {
  const frames = Array.from({ length: 20 }, (_, batch) =>
    frameOf(
      Array.from({ length: 20 * 1000 }, (_, index) => {
        const series = index % 1000;
        const step = batch * 20 + Math.floor(index / 1000);
        const level =
          Math.round(100 * (50 + series + 20 * Math.sin(step / 50) + ((series * 7919 + step * 104_729) % 17) / 10)) /
          100;
        return {
          metricName: `disk.${series % 10}`,
          timestamp: at(step),
          host: `host-${series % 40}`,
          device: `sd${Math.floor(series / 40)}`,
          ...{ count: 1, total: level, min: level, max: level, latest: level },
        };
      }),
    ),
  );
  for (const [index, frame] of frames.entries()) await store.insert([frame], `series ${index}`);
  await runSql('OPTIMIZE TABLE telemetry_samples FINAL');
  const sql = `SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE active AND table = 'telemetry_samples'`;
  const [[bytes]] = (await store.select({ sql, params: {} })).rows as [[number]];
  expect(bytes).toBeLessThan(2);
});

/** A statement that the store itself would not say. */
async function runSql(sql: string): Promise<string> {
  const url = new URL(clickhouse.url);
  const authorization = `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}`;
  const answer = await fetch(`${url.origin}/?database=${url.pathname.slice(1) || 'default'}`, {
    method: 'POST',
    headers: { authorization },
    body: sql,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}
