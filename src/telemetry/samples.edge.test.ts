import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestClickHouse, testClickHouse } from '../../test/harness/clickhouse.ts';
import { FrameEncoder } from './frames.ts';
import { labelReadings, labelText } from './labels.ts';
import { storeMigrations } from './migrations/clickhouse.ts';
import { openStore, type Store } from './store.ts';
import { synonyms, tables } from './tables.ts';

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

const withoutGaps = <Value>(of: Record<string, Value | undefined>): Record<string, Value> =>
  Object.fromEntries(Object.entries(of).filter((entry): entry is [string, Value] => entry[1] !== undefined));

/** As an intake gives them that keeps what a series is known by apart from its values. */
const frameOfKnown = (points: readonly Point[]): Buffer => {
  const known = new Map<string, Record<string, string>>();
  return encoder.encode(
    points.map(({ timestamp, count, total, min, max, latest, ...labels }) => {
      const attributes = known.get(JSON.stringify(labels)) ?? withoutGaps(labels);
      known.set(JSON.stringify(labels), attributes);
      return {
        type: 'Metric',
        timestamp,
        projectId: 'p',
        attributes,
        point: withoutGaps({ count, total, min, max, latest }),
      };
    }),
    Date.now(),
    () => expect.unreachable(),
  ).buffer;
};

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
      const again = points.map((one) => ({ ...one, metricName: `known ${run}` }));
      // As two frames of one batch.
      const frames = [frameOfKnown(again.slice(0, 1)), frameOfKnown(again.slice(1))];
      for (const _ of [1, 2]) await store.insert(frames, `known token ${run}`);
      expect(await kept(`known ${run}`)).toEqual(again.map(asKept));
    }),
    { numRuns: 15 },
  );
});

test('labels are found by their names, whatever those hold', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 });
  const name = fc.oneof(
    text,
    fc.constantFrom('"', '\\', '/', 'a/b', 'a"b', '\\"b', 'b', 'x":"y', '\n', '\u0001', 'é', '{}'),
  );
  const value = fc.oneof(
    name,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0),
    fc.boolean(),
  );
  const taken = new Set([
    'timestamp',
    ...Object.keys(synonyms),
    ...tables.telemetry_samples.promoted.map((one) => one.name),
  ]);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 6, noNullPrototype: true }), async (any) => {
      run += 1;
      const labels = Object.fromEntries(Object.entries(any).filter(([one]) => !taken.has(one)));
      const record = { type: 'Metric', timestamp: at(run), projectId: 'p' };
      const frames = ['whole', 'apart'].map(
        (metricName) =>
          encoder.encode(
            metricName === 'whole'
              ? [{ ...record, attributes: { ...labels, metricName, latest: run } }]
              : [{ ...record, attributes: { ...labels, metricName }, point: { latest: run } }],
            Date.now(),
            () => expect.unreachable(),
          ).buffer,
      );
      await store.insert(frames, `labels ${run}`);
      const names = Object.keys(labels);
      const readings = [...names.keys()].flatMap((index) =>
        Object.values(labelReadings).map((read) => read(`{n${index}:String}`)),
      );
      const maps = ['strings', 'numbers', 'booleans'];
      const { rows } = await store.select({
        sql: `SELECT ${[...maps, ...readings].join(', ')} FROM telemetry_samples WHERE latest = ${run} AND metricName IN ('whole', 'apart')`,
        params: Object.fromEntries(names.map((one, index) => [`n${index}`, labelText(one)])),
      });
      const of = (type: string): object =>
        Object.fromEntries(Object.entries(labels).filter(([, one]) => typeof one === type));
      const wanted = [
        ...['string', 'number', 'boolean'].map(of),
        ...names.flatMap((one) =>
          ['string', 'number', 'boolean'].map((type) => (typeof labels[one] === type ? labels[one] : null)),
        ),
      ];
      expect(rows).toEqual([wanted, wanted]);
    }),
    { numRuns: 30 },
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

test('points and sums whose labels are maps still say the same, also when the move was broken off', async () => {
  const tables = ['telemetry_samples', 'telemetry_rollups'];
  await runSql('DROP VIEW telemetry_rollups_made');
  for (const table of tables) {
    const maps = table === 'telemetry_samples' ? ['strings', 'numbers', 'booleans'] : ['strings'];
    await runSql(`ALTER TABLE ${table} ${[...maps, 'labels'].map((name) => `DROP COLUMN ${name}`).join(', ')}`);
    const of = { strings: 'LowCardinality(String)', numbers: 'Float64', booleans: 'Bool' } as Record<string, string>;
    const added = maps.map((map) => `ADD COLUMN ${map} Map(LowCardinality(String), ${of[map]})`);
    await runSql(`ALTER TABLE ${table} ${added.join(', ')}`);
  }
  await runSql(`INSERT INTO telemetry_samples (projectId, type, timestamp, metricName, present, scale, latestN, strings, numbers, booleans)
    VALUES ('p', 'Metric', fromUnixTimestamp64Milli(${at(0)}), 'before', 16, 0, 7, {'device': 'sd"a', 'a/b': 'c/d'}, {'code': 200}, {'up': true})`);
  await runSql(`INSERT INTO telemetry_rollups (projectId, type, cell, metricName, points, strings)
    VALUES ('p', 'Metric', ${at(0) / 1000}, 'before', 1, {'device': 'sd"a', 'a/b': 'c/d'})`);
  const [begun, ended] = storeMigrations.slice(-2);
  await runSql(`DELETE FROM telemetry_migrations WHERE id IN ('${begun!.id}', '${ended!.id}')`);
  for (const statement of begun!.statements) await runSql(statement);
  await store.migrate();
  await runSql(`DELETE FROM telemetry_migrations WHERE id = '${ended!.id}'`);
  for (const statement of ended!.statements.slice(0, 1)) await runSql(statement);
  await store.migrate();
  const strings = { device: 'sd"a', 'a/b': 'c/d' };
  const select = async (what: string, table: string): Promise<unknown[]> =>
    (await store.select({ sql: `SELECT ${what} FROM ${table} WHERE metricName = 'before'`, params: {} })).rows;
  expect(await select('latest, strings, numbers, booleans', tables[0]!)).toEqual([
    [7, strings, { code: 200 }, { up: true }],
  ]);
  const device = labelReadings.strings(`'${labelText('a/b')}'`);
  expect(await select(`strings, ${device}`, tables[1]!)).toEqual([[strings, 'c/d']]);
  const next = { metricName: 'after', timestamp: at(1), device: 'sdb', latest: 3 };
  await store.insert([frameOfKnown([next]), frameOf([next])], 'after the move');
  expect(await kept('after')).toEqual([asKept(next), asKept(next)]);
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
