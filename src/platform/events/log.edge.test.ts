import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { testDatabase } from '../../../test/harness/postgres.ts';
import { type EventEnvelope, system } from '../../kernel/events.ts';
import { type Database, openDatabase } from '../postgres/database.ts';
import { sql } from '../postgres/sql.ts';
import { defineEvents } from './catalogue.ts';
import { appendEvent, readChain, readEventsAfter, readEventsBefore } from './log.ts';
import { runSubscription } from './subscriptions.ts';

const catalogue = defineEvents('testing', { 'thing.made': z.object({ n: z.number() }), 'thing.broke': z.object({}) });
const quiet = pino({ level: 'silent' });

describe('the event log', () => {
  let database: Database;
  let url: string;
  let close: () => Promise<void>;

  beforeAll(async () => {
    ({ database, url, close } = await testDatabase([]));
  });
  afterAll(() => close());

  const make = (n: number, causes: string[] = []): Promise<string> =>
    database.transaction((tx) =>
      appendEvent(tx, catalogue, 'thing.made', {
        subject: `thing:${n}`,
        projectId: null,
        actor: system('test'),
        causes,
        data: { n },
      }),
    );
  const numbers = (events: EventEnvelope[]): number[] => events.map((event) => (event.data as { n: number }).n);

  it('shows nothing of a transaction that rolled back', async () => {
    await expect(
      database.transaction(async (tx) => {
        await appendEvent(tx, catalogue, 'thing.made', {
          subject: 'thing:0',
          projectId: null,
          actor: system('test'),
          data: { n: 0 },
        });
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    expect(await readEventsBefore(database, undefined, { subject: 'thing:0' })).toEqual([]);
  });

  it('refuses data that its catalogue does not describe', async () => {
    await expect(
      database.transaction((tx) =>
        appendEvent(tx, catalogue, 'thing.made', {
          subject: 'thing:1',
          projectId: null,
          actor: system('test'),
          data: { n: 'one' as unknown as number },
        }),
      ),
    ).rejects.toThrow();
  });

  it('lets no reader pass a position that an open transaction still holds', async () => {
    const start = (await readEventsBefore(database, undefined, {}, 1))[0]?.position ?? 0;
    let commitFirst: () => void = () => {};
    const holding = new Promise<void>((resolve) => {
      commitFirst = resolve;
    });
    let inserted: () => void = () => {};
    const firstInserted = new Promise<void>((resolve) => {
      inserted = resolve;
    });
    const slow = database.transaction(async (tx) => {
      await appendEvent(tx, catalogue, 'thing.made', {
        subject: 'thing:1',
        projectId: null,
        actor: system('test'),
        data: { n: 1 },
      });
      inserted();
      await holding;
    });
    await firstInserted;
    await make(2);
    expect(await readEventsAfter(database, start)).toEqual([]);
    commitFirst();
    await slow;
    expect(numbers(await readEventsAfter(database, start))).toEqual([1, 2]);
  });

  it('lets no reader pass a lower position of a transaction that began later and commits later', async () => {
    const start = (await readEventsBefore(database, undefined, {}, 1))[0]?.position ?? 0;
    await database.execute(sql`create table if not exists worked (n int)`);
    const gate = (): { open: () => void; opened: Promise<void> } => {
      let open: () => void = () => {};
      const opened = new Promise<void>((resolve) => {
        open = resolve;
      });
      return { open, opened };
    };
    const [early, late, appended, end] = [gate(), gate(), gate(), gate()];
    const one = async (n: number, began: () => void, append: Promise<void>, done: () => void, commit: Promise<void>) =>
      database.transaction(async (tx) => {
        await tx.execute(sql`insert into worked values (${n})`);
        began();
        await append;
        await appendEvent(tx, catalogue, 'thing.made', {
          subject: `thing:${n}`,
          projectId: null,
          actor: system('test'),
          data: { n },
        });
        done();
        await commit;
      });
    const first = one(22, early.open, appended.opened, () => {}, Promise.resolve());
    await early.opened;
    const second = one(21, late.open, late.opened, appended.open, end.opened);
    await first;
    expect(numbers(await readEventsAfter(database, start))).toEqual([]);
    end.open();
    await second;
    expect(numbers(await readEventsAfter(database, start))).toEqual([21, 22]);
  });

  it('reads past a position whose transaction was rolled back, and past its own open transaction', async () => {
    const start = (await readEventsBefore(database, undefined, {}, 1))[0]?.position ?? 0;
    const append = { subject: 'thing:30', projectId: null, actor: system('test'), data: { n: 30 } };
    await database
      .transaction(async (tx) => {
        await appendEvent(tx, catalogue, 'thing.made', append);
        throw new Error('changed my mind');
      })
      .catch(() => {});
    await database.transaction(async (tx) => {
      await appendEvent(tx, catalogue, 'thing.made', append);
      expect(numbers(await readEventsAfter(tx, start))).toEqual([30]);
    });
  });

  it('walks causes and effects in both directions', async () => {
    const push = await make(10);
    const run = await make(11, [push]);
    const release = await make(12, [run]);
    const rollback = await make(13, [release]);
    const chain = await readChain(database, run);
    expect(numbers(chain.causes)).toEqual([10]);
    expect(numbers(chain.effects)).toEqual([12, 13]);
    expect(numbers((await readChain(database, rollback)).causes)).toEqual([10, 11, 12]);
  });

  it('delivers every fact to a subscription in order, again after a failure, and parks what never works', async () => {
    const seen: number[] = [];
    let failures = 0;
    const abort = new AbortController();
    const done = new Promise<void>((resolve) => {
      const subscription = {
        name: 'test-flow',
        types: ['testing.thing.made'],
        from: 'now' as const,
        maxAttempts: 3,
        handle: async (event: EventEnvelope) => {
          const { n } = event.data as { n: number };
          if (n === 102 && failures < 1) {
            failures += 1;
            throw new Error('not yet');
          }
          if (n === 103) throw new Error('never');
          seen.push(n);
          if (n === 104) resolve();
        },
      };
      void runSubscription(database, subscription, quiet, abort.signal);
    });
    await expect
      .poll(() => database.first(sql`select 1 from platform_subscriptions where name = 'test-flow'`))
      .toBeTruthy();
    for (const n of [101, 102, 103, 104]) await make(n);
    await done;
    abort.abort();
    expect(seen).toEqual([101, 102, 104]);
    const parked = await database.query<{ error: string }>(
      sql`select error from platform_parked_events where subscription = 'test-flow'`,
    );
    expect(parked).toEqual([{ error: 'never' }]);
  });

  it('lets one of two servers run a subscription at a time', async () => {
    const counts = new Map<string, number>();
    const abort = new AbortController();
    const subscription = {
      name: 'shared-flow',
      types: ['testing.thing.made'],
      from: 'now' as const,
      handle: async (event: EventEnvelope) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        counts.set(event.id, (counts.get(event.id) ?? 0) + 1);
      },
    };
    const second = openDatabase(url);
    void runSubscription(database, subscription, quiet, abort.signal);
    void runSubscription(second, subscription, quiet, abort.signal);
    await expect
      .poll(() => database.first(sql`select 1 from platform_subscriptions where name = 'shared-flow'`))
      .toBeTruthy();
    for (let n = 200; n < 220; n += 1) await make(n);
    await expect.poll(() => counts.size, { timeout: 10_000 }).toBe(20);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    abort.abort();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await second.close();
  });
});
