import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/harness/postgres.ts';
import { Fault } from '../../kernel/faults.ts';
import { openLog } from '../observe/log.ts';
import { openDatabase } from '../postgres/database.ts';
import { sql } from '../postgres/sql.ts';
import { claim, type Enqueue, enqueue, finish, jobMigrations, releaseOwned } from './queue.ts';
import { createWorker, GiveUp, type WorkerOptions } from './worker.ts';

let store: TestDatabase;
const log = openLog({ level: 'silent' });
const running: { stop: AbortController; done: Promise<void> }[] = [];
beforeAll(async () => {
  store = await testDatabase([
    ...jobMigrations,
    { id: 'test/0001', statements: 'create table done_work (job text, epoch int)' },
  ]);
});
afterEach(async () => {
  for (const one of running.splice(0)) {
    one.stop.abort();
    await one.done;
  }
});
afterAll(() => store.close());

function work<Payload>(
  options: Partial<WorkerOptions<Payload>> & Pick<WorkerOptions<Payload>, 'kind' | 'handle'>,
): AbortController {
  const stop = new AbortController();
  const loop = createWorker({
    database: store.database,
    log,
    owner: 'one',
    leaseMs: 600,
    backoffMs: () => 50,
    ...options,
  });
  running.push({ stop, done: loop.run(stop.signal) });
  return stop;
}
const add = (job: Enqueue) => store.database.transaction((tx) => enqueue(tx, job));
const stateOf = (id: string) =>
  store.database.first<{ state: string; attempts: number; error: string | null }>(
    sql`select state, attempts, last_error as error from platform_jobs where id = ${id}`,
  );
async function eventually(check: () => Promise<boolean> | boolean): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 20) {
    if (await check()) return;
    await sleep(20);
  }
  throw new Error('never happened');
}

test('a job enqueued while the worker sleeps is done at once; the same key is one job', async () => {
  const seen: unknown[] = [];
  work<{ n: number }>({ kind: 'once', handle: async (job) => void seen.push(job.payload) });
  await sleep(200);
  const began = Date.now();
  const first = await add({ kind: 'once', key: 'k', payload: { n: 1 } });
  await eventually(() => seen.length === 1);
  expect(Date.now() - began).toBeLessThan(1500);
  await eventually(async () => (await stateOf(first.id))?.state === 'done');
  expect(await add({ kind: 'once', key: 'k', payload: { n: 2 } })).toEqual({ id: first.id, created: false });
  await sleep(200);
  expect(seen).toEqual([{ n: 1 }]);
});

test('a rolled back transaction enqueues nothing', async () => {
  await expect(
    store.database.transaction(async (tx) => {
      await enqueue(tx, { kind: 'rolled', key: 'k', payload: {} });
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(await store.database.query(sql`select 1 from platform_jobs where kind = 'rolled'`)).toEqual([]);
});

test('two servers share the work and never do a job twice', async () => {
  const other = openDatabase(store.url);
  const seen: string[] = [];
  let atOnce = 0;
  const handle = async (job: { payload: string }) => {
    atOnce += 1;
    expect(atOnce).toBeLessThanOrEqual(6);
    await sleep(5);
    seen.push(job.payload);
    atOnce -= 1;
  };
  for (let n = 0; n < 200; n += 1) await add({ kind: 'shared', payload: `job ${n}` });
  work<string>({ kind: 'shared', owner: 'one', concurrency: 3, handle });
  work<string>({ kind: 'shared', owner: 'two', concurrency: 3, handle, database: other });
  await eventually(() => seen.length >= 200);
  await sleep(100);
  expect(seen).toHaveLength(200);
  expect(new Set(seen).size).toBe(200);
  for (const one of running.splice(0)) {
    one.stop.abort();
    await one.done;
  }
  await other.close();
});

test('failures are tried again, then kept with their error', async () => {
  let calls = 0;
  const dead: string[] = [];
  work({
    kind: 'failing',
    maxAttempts: 3,
    handle: async () => {
      calls += 1;
      throw new Error(`failure ${calls}`);
    },
    onDead: async (_, error) => void dead.push(error),
  });
  const { id } = await add({ kind: 'failing', payload: {} });
  await eventually(() => dead.length === 1);
  expect(await stateOf(id)).toEqual({ state: 'dead', attempts: 3, error: 'failure 3' });
  expect(calls).toBe(3);
});

test('a handler may give up at once, or say when to come back', async () => {
  const calls: number[] = [];
  work<string>({
    kind: 'particular',
    handle: async (job) => {
      if (job.payload === 'hopeless') throw new GiveUp('no such address');
      calls.push(Date.now());
      if (calls.length === 1) throw new Fault('too-many', 'slowly', { code: 'x', retryAfter: 1 });
    },
  });
  const { id } = await add({ kind: 'particular', payload: 'hopeless' });
  await eventually(async () => (await stateOf(id))?.state === 'dead');
  await add({ kind: 'particular', payload: 'slowly' });
  await eventually(() => calls.length === 2);
  expect(calls[1]! - calls[0]!).toBeGreaterThanOrEqual(950);
});

test('a long job keeps its lease; one whose lease ran out is taken over, and its old holder is fenced and told', async () => {
  const outcome: string[] = [];
  work<string>({
    kind: 'long',
    handle: async (_, context) => {
      outcome.push('started');
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
      outcome.push('told');
      const late = store.database.transaction((tx) => context.finish(tx));
      outcome.push(
        await late.then(
          () => 'finished',
          () => 'fenced',
        ),
      );
    },
  });
  const { id } = await add({ kind: 'long', payload: 'x' });
  await eventually(() => outcome.length === 1);
  await sleep(1000);
  expect(await claim(store.database, 'long', 1, { owner: 'second', leaseMs: 60_000 })).toEqual([]);
  const [taken] = await store.database.transaction(async (tx) => {
    await tx.execute(sql`update platform_jobs set lease_until = now() where id = ${id}`);
    return claim(tx, 'long', 1, { owner: 'second', leaseMs: 60_000 });
  });
  expect(taken).toMatchObject({ id, epoch: 2, attempts: 2 });
  await eventually(() => outcome.length === 3);
  expect(outcome).toEqual(['started', 'told', 'fenced']);
  expect(await finish(store.database, taken!)).toBe(true);
});

test('a restarted server picks its own jobs up at once', async () => {
  const { id } = await add({ kind: 'mine', key: 'k', payload: {} });
  await store.database.execute(sql`
    update platform_jobs set state = 'running', owner = 'restarted', epoch = 1, attempts = 1, lease_until = now() + interval '1 hour'
    where id = ${id}`);
  expect(await releaseOwned(store.database, 'restarted')).toBe(1);
  const calls: number[] = [];
  work({ kind: 'mine', owner: 'restarted', handle: async (job) => void calls.push(job.epoch) });
  await eventually(() => calls.length === 1);
  expect(calls).toEqual([2]);
});

test('an effect committed with finish happens once, and a stop gives the job back', async () => {
  const first = work<string>({
    kind: 'stopped',
    handle: (_, context) =>
      new Promise((_resolve, reject) => context.signal.addEventListener('abort', () => reject(new Error('stopping')))),
  });
  const { id } = await add({ kind: 'stopped', key: 'k', payload: 'x' });
  await eventually(async () => (await stateOf(id))?.state === 'running');
  first.abort();
  await eventually(async () => (await stateOf(id))?.state === 'waiting');
  expect((await stateOf(id))?.attempts).toBe(0);
  work<string>({
    kind: 'stopped',
    handle: (job, context) =>
      store.database.transaction(async (tx) => {
        await tx.execute(sql`insert into done_work values (${job.id}, ${context.epoch})`);
        await context.finish(tx);
      }),
  });
  await eventually(async () => (await stateOf(id))?.state === 'done');
  expect(await store.database.query(sql`select epoch from done_work where job = ${id}`)).toEqual([{ epoch: 2 }]);
});
