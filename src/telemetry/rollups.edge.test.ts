import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestStore, testStore } from '../../test/harness/telemetry-store.ts';
import { SeenCatalogue } from './catalogue.ts';
import { FrameEncoder } from './frames.ts';
import { createQuestions, type Questions } from './query.ts';
import type { Store } from './store.ts';

const scope = { projectId: 'p' };
const cellMs = 300_000;
const until = Math.floor(Date.now() / cellMs) * cellMs;
const steps = 1200;
const since = until - steps * 60_000;

/** The same numbers in every run. */
let seed = 7;
const random = (below: number): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return Math.floor((seed / 2_147_483_648) * below);
};

/** Values of every kind: whole, with decimals, too fine or too large for whole numbers, summaries, and points without some value. */
function valuesOf(device: number): Record<string, number | undefined> {
  const gauge = (value: number) => ({ count: 1, total: value, min: value, max: value, latest: value });
  switch (device) {
    case 0:
      return gauge(random(1000) - 500);
    case 1:
      return gauge(random(100_000) / 100);
    case 2:
      return gauge(random(100_000) / 99_991);
    case 3:
      return gauge(random(3) * 1e15 + 0.5);
    case 4:
      return { count: 3, total: 60 + random(10), min: 10, max: 40.5 };
    default:
      return random(2) === 0 ? { latest: random(10) / 8 } : gauge(random(10) / 1e6);
  }
}

let under: TestStore;
let store: Store;
let questions: Questions;

beforeAll(async () => {
  under = await testStore();
  store = under.store;
  const catalogue = new SeenCatalogue();
  const encoder = new FrameEncoder(catalogue);
  // Not a multiple of five minutes, so that rows have something to be merged with.
  const batch = 48;
  for (let from = 0; from < steps; from += batch) {
    const records = Array.from({ length: batch }, (_, step) =>
      Array.from({ length: 6 }, (_, device) => ({
        type: 'Metric',
        projectId: 'p',
        timestamp: since + (from + step) * 60_000 + device,
        attributes: { metricName: 'used', device: `d${device}`, host: `h${device % 2}`, ...valuesOf(device) },
      })),
    ).flat();
    const { buffer } = encoder.encode(records, until, () => expect.unreachable());
    await store.insert([buffer], `batch ${from}`);
    // A batch that comes again is neither a point nor in a sum twice.
    if (from % 3 === 0) await store.insert([buffer], `batch ${from}`);
  }
  // Rows of the same five minutes become one, and none is lost.
  const client = createClient({ url: under.url });
  const rows = async () =>
    (await store.select({ sql: 'SELECT count(), sum(points) FROM telemetry_rollups', params: {} })).rows;
  const [[before]] = (await rows()) as [[number]];
  await client.command({ query: 'OPTIMIZE TABLE telemetry_rollups FINAL' });
  const [[merged, points]] = (await rows()) as [[number, number]];
  expect(merged).toBeLessThanOrEqual(before);
  expect(points).toBe(steps * 6);
  await client.close();
  questions = createQuestions(store, catalogue, { now: () => until });
});

afterAll(async () => {
  await under?.close();
});

const queries = [
  'SELECT average(used), sum(used), min(used), max(used), latest(used), count(used) FROM Metric FACET device',
  'SELECT average(used), min(used), max(used), latest(used) FROM Metric FACET device TIMESERIES 10 minutes',
  'SELECT sum(used) / 2, rate(count(used), 1 minute) FROM Metric TIMESERIES 1 hour SLIDE BY 15 minutes',
  "SELECT filter(max(used), WHERE device = 'd1'), uniqueCount(device) FROM Metric WHERE host LIKE 'h%' FACET host",
  'SELECT percentage(count(used), WHERE host IS NOT NULL) FROM Metric FACET upper(device) COMPARE WITH 5 hours ago',
];

describe('what is asked of sums of five minutes', () => {
  it.each(queries)('equals what points say: %s', async (nrql) => {
    // Odd begins and ends leave cells that are not whole; those are read from points.
    const windows = /TIMESERIES/.test(nrql) ? [0] : [0, 91_234];
    for (const odd of windows) {
      const range = ` SINCE ${since + 6 * 3_600_000 + odd} UNTIL ${until - odd}`;
      const summed = questions.compile(nrql + range, { scope });
      expect(summed.main.sql).toContain('telemetry_rollups');
      expect(summed.main.sql.includes('telemetry_samples')).toBe(odd > 0);
      const points = `${nrql.replace('FROM Metric', 'FROM Metric WHERE timestamp > 0')}${range}`;
      expect(questions.compile(points, { scope }).main.sql).not.toContain('telemetry_rollups');
      const [asked, expected] = [await questions.ask(nrql + range, { scope }), await questions.ask(points, { scope })];
      expect(expected.rows.length + expected.series.length).toBeGreaterThan(0);
      expect(rounded(asked)).toEqual(rounded(expected));
    }
  });

  it('a chart of many hours up to now ends with the last whole five minutes', () => {
    const now = until + 123_456;
    const of = (nrql: string) => questions.compile(nrql, { scope, now });
    const long = of('SELECT average(used) FROM Metric TIMESERIES 10 minutes SINCE 12 hours ago');
    expect(long.window.until).toBe(until);
    expect(long.main.sql).toContain('telemetry_rollups');
    const short = of('SELECT average(used) FROM Metric TIMESERIES 10 minutes SINCE 1 hour ago');
    expect(short.window.until).toBe(now);
  });
});

it('a batch whose points were stored, but not their sums when the store was killed, gets both by coming again', async () => {
  const client = createClient({ url: under.url });
  const records = Array.from({ length: 60 }, (_, step) => ({
    type: 'Metric',
    projectId: 'p',
    timestamp: since + step * 60_000,
    attributes: { metricName: 'halved', ...valuesOf(1) },
  }));
  const { buffer } = new FrameEncoder(new SeenCatalogue()).encode(records, until, () => expect.unreachable());
  const counts = async () =>
    (
      await store.select({
        sql: `SELECT (SELECT count() FROM telemetry_samples WHERE metricName = 'halved'),
          (SELECT sum(points) FROM telemetry_rollups WHERE metricName = 'halved')`,
        params: {},
      })
    ).rows[0];
  await client.command({ query: 'DETACH TABLE telemetry_rollups_made' });
  await store.insert([buffer], 'halved');
  expect(await counts()).toEqual([60, 0]);
  await client.command({ query: 'ATTACH TABLE telemetry_rollups_made' });
  for (let again = 0; again < 3; again += 1) await store.insert([buffer], 'halved');
  expect(await counts()).toEqual([60, 60]);
  await client.close();
});

const rounded = ({ rows, series }: { rows: unknown; series: readonly { points: unknown }[] }): unknown =>
  JSON.parse(JSON.stringify([rows, series]), (_, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(10)) : value,
  );
