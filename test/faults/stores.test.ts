import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { system } from '../../src/kernel/events.ts';
import { defineEvents } from '../../src/platform/events/catalogue.ts';
import { appendEvent, eventMigrations } from '../../src/platform/events/log.ts';
import { runSubscription } from '../../src/platform/events/subscriptions.ts';
import { enqueue, jobMigrations } from '../../src/platform/jobs/queue.ts';
import { createWorker } from '../../src/platform/jobs/worker.ts';
import { openLog } from '../../src/platform/observe/log.ts';
import { openDatabase } from '../../src/platform/postgres/database.ts';
import { migrate } from '../../src/platform/postgres/migrations.ts';
import { sql } from '../../src/platform/postgres/sql.ts';
import { openSpool } from '../../src/platform/spool/spool.ts';
import { testClickHouse } from '../harness/clickhouse.ts';
import { startTemporaryPostgres } from '../harness/postgres.ts';

const log = openLog({ level: 'silent' });
const kills = 10;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-faults-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Waits until `reached` is `goal`, for as long as it grows: a slow machine is no fault, one minute without progress is. */
async function grownTo(what: string, goal: number, reached: () => Promise<number> | number): Promise<void> {
  let best = Number.NEGATIVE_INFINITY;
  for (let since = Date.now(); Date.now() - since < 60_000; await sleep(50)) {
    const now = await reached();
    if (now >= goal) return;
    if (now > best) since = Date.now();
    best = Math.max(best, now);
  }
  throw new Error(`never happened: ${what} (${best} of ${goal}, and no more for a minute)`);
}

/** Kills the store's process of the moment at random instants, each time after it came back. */
async function killOften(store: { readonly pid: number }): Promise<void> {
  for (let n = 0; n < kills; n += 1) {
    await sleep(200 + Math.random() * 600);
    const before = store.pid;
    process.kill(before, 'SIGKILL');
    await grownTo('the store is started again', 1, () => (store.pid === before ? 0 : 1));
  }
}

test('PostgreSQL killed ten times under writes: every acknowledged fact and job is there, once, and everything reconnects', async () => {
  const postgres = await startTemporaryPostgres();
  const database = openDatabase(postgres.url);
  await migrate(database, [
    ...eventMigrations,
    ...jobMigrations,
    {
      id: 'test/0001',
      statements: 'create table written (n int primary key); create table performed (n int primary key);',
    },
  ]);
  const events = defineEvents('test', { 'thing.written': z.object({ n: z.number() }) });

  const stop = new AbortController();
  const handled: number[] = [];
  const subscription = runSubscription(
    database,
    {
      name: 'test.things',
      types: ['test.thing.written'],
      handle: async (event) => void handled.push((event.data as { n: number }).n),
    },
    log,
    stop.signal,
  );
  // As the server runs it: a loop that rejects is started again.
  const worker = createWorker<{ n: number }>({
    database,
    log,
    kind: 'test.perform',
    owner: 'one',
    concurrency: 6,
    leaseMs: 2000,
    backoffMs: () => 100,
    handle: (job, context) =>
      database.transaction(async (tx) => {
        await tx.execute(sql`insert into performed values (${job.payload.n})`);
        await context.finish(tx);
      }),
  });
  const working = (async () => {
    while (!stop.signal.aborted) await worker.run(stop.signal).catch(() => sleep(200));
  })();

  const acknowledged: number[] = [];
  let writing = true;
  let lastNumber = 0;
  const writer = async (): Promise<void> => {
    while (writing) {
      lastNumber += 1;
      const n = lastNumber;
      try {
        await database.transaction(async (tx) => {
          await tx.execute(sql`insert into written values (${n})`);
          await enqueue(tx, { kind: 'test.perform', key: String(n), payload: { n } });
          await appendEvent(tx, events, 'thing.written', {
            subject: `thing:${n}`,
            projectId: null,
            actor: system('test'),
            data: { n },
          });
        });
        acknowledged.push(n);
      } catch {
        await sleep(20);
      }
    }
  };
  const writers = Promise.all([writer(), writer(), writer()]);
  await killOften(postgres);
  await grownTo('enough is written', 200, () => acknowledged.length);
  writing = false;
  await writers;

  const written = (await database.query<{ n: number }>(sql`select n from written`)).map((row) => row.n);
  expect(acknowledged.filter((n) => !written.includes(n))).toEqual([]);
  const counted = async (statement: 'performed' | 'platform_events'): Promise<number> =>
    (await database.first<{ n: number }>(
      statement === 'performed'
        ? sql`select count(*) as n from performed`
        : sql`select count(*) as n from platform_events`,
    ))!.n;
  expect(await counted('platform_events')).toBe(written.length);
  await grownTo('every job is done', written.length, () => counted('performed'));
  await grownTo('every fact was handled', written.length, () => new Set(handled).size);
  stop.abort();
  await Promise.all([subscription, working]);
  await database.close();
  await postgres.close();
});

test('ClickHouse killed ten times under writes: every acknowledged row is there, once, and everything reconnects', async () => {
  const store = await testClickHouse();
  const client = createClient({ url: store.url, request_timeout: 10_000, log: { level: ClickHouseLogLevel.OFF } });
  await client.command({ query: 'create table rows (lane UInt8, n UInt32) engine = MergeTree order by (lane, n)' });
  const spool = await openSpool({ directory: join(directory, 'spool'), maxBytes: 1e8, log });
  const stop = new AbortController();
  const draining = spool.drain(
    async (frames, token) => {
      await client.insert({
        table: 'rows',
        values: frames.map((frame) => JSON.parse(frame.toString()) as object),
        format: 'JSONEachRow',
        clickhouse_settings: { insert_deduplication_token: token },
      });
    },
    { signal: stop.signal, batchMs: 20 },
  );
  let acknowledged = 0;
  let writing = true;
  const lane = async (name: number): Promise<void> => {
    for (let n = 0; writing; n += 1) {
      await spool.append(Buffer.from(JSON.stringify({ lane: name, n })));
      acknowledged += 1;
      await sleep(1);
    }
  };
  const lanes = Promise.all([1, 2, 3, 4].map(lane));
  await killOften(store);
  writing = false;
  await lanes;
  await grownTo('the spool is empty', 0, () => -spool.stats().bytes);
  const result = await client.query({
    query: 'select toUInt32(count()) as stored, toUInt32(uniqExact((lane, n))) as different from rows',
    format: 'JSONEachRow',
  });
  expect(await result.json()).toEqual([{ stored: acknowledged, different: acknowledged }]);
  stop.abort();
  await draining;
  await spool.close();
  await client.close();
  await store.close();
});
