import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/harness/postgres.ts';
import { type TestStore, testStore } from '../../../test/harness/telemetry-store.ts';
import { system } from '../../kernel/events.ts';
import { sql } from '../../platform/postgres/sql.ts';
import { SeenCatalogue } from '../catalogue.ts';
import { FrameEncoder } from '../frames.ts';
import { telemetryMigrations } from '../migrations/index.ts';
import { sweep } from './keep.ts';
import { setDays } from './retention.ts';
import { readHeld } from './stored.ts';

/** What is kept how long, on a real ClickHouse and a real PostgreSQL. */
const day = 86_400_000;
const now = Date.UTC(2026, 5, 30, 12);
let under: TestStore;
let postgres: TestDatabase;

const ages = [0.5, 3.5, 20.5, 40.5];
const types = ['Log', 'Span', 'Metric', 'Event', "Odd'Type"];

beforeAll(async () => {
  [under, postgres] = await Promise.all([testStore(), testDatabase(telemetryMigrations)]);
  const encoder = new FrameEncoder(new SeenCatalogue());
  for (const [index, age] of ages.entries()) {
    const { buffer } = encoder.encode(
      types.map((type) => ({
        type,
        timestamp: now - age * day,
        projectId: 'p1',
        attributes: type === 'Metric' ? { metricName: 'm', metricType: 'gauge', latest: 1 } : { message: `${age}` },
      })),
      now,
      (_, reason) => {
        throw new Error(reason);
      },
    );
    await under.store.insert([buffer], `batch ${index}`);
  }
});

afterAll(async () => {
  await under?.close();
  await postgres?.close();
});

const records = async (): Promise<Record<string, number>> =>
  Object.fromEntries([...(await readHeld(under.store))].map(([name, held]) => [name, held.records]));

const rewritten = async (): Promise<number> => {
  const { rows } = await under.store.select({
    sql: "SELECT count() FROM system.mutations WHERE table != ''",
    params: {},
  });
  return Number(rows[0]![0]);
};

it('goes by its days, set by a person, and what stays is not rewritten', async () => {
  expect(await records()).toEqual({ Span: 4, Log: 4, Metric: 4, 'Metric rollups': 4, Event: 4, "Odd'Type": 4 });
  const mutations = await rewritten();

  await sweep(postgres.database, under.store, now);
  // Spans are kept 14 days, lines and points 30, and the rest longer than any of these.
  expect(await records()).toEqual({ Span: 2, Log: 3, Metric: 3, 'Metric rollups': 4, Event: 4, "Odd'Type": 4 });
  expect(await rewritten()).toBe(mutations);

  await setDays(postgres.database, 'Log', 2, system('test'));
  await sweep(postgres.database, under.store, now);
  expect(await records()).toMatchObject({ Span: 2, Log: 1, Event: 4 });
  expect(await rewritten()).toBe(mutations);

  // Events share days with others, and are cut out of those days alone.
  await setDays(postgres.database, 'Event', 10, system('test'));
  await sweep(postgres.database, under.store, now);
  await expect.poll(records, { timeout: 30_000 }).toMatchObject({ Event: 2, "Odd'Type": 4 });
  expect(await rewritten()).toBe(mutations + 2);

  const { oldestAt, bytes } = (await readHeld(under.store)).get('Event')!;
  expect(now - oldestAt!).toBeGreaterThan(3 * day);
  expect(now - oldestAt!).toBeLessThan(4 * day);
  expect(bytes).toBeGreaterThan(0);
});

it('is a fact of the event log when it changes, and only then', async () => {
  const facts = () =>
    postgres.database.query<{ data: unknown }>(
      sql`select data from platform_events where type = 'telemetry.retention.changed' order by position`,
    );
  await setDays(postgres.database, 'Transaction', 5, system('test'));
  const told = (await facts()).at(-1);
  expect(told?.data).toEqual({ type: 'Span', days: 5, before: 14 });
  const count = (await facts()).length;
  await setDays(postgres.database, 'Span', 5, system('test'));
  expect(await facts()).toHaveLength(count);
});
