import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/harness/postgres.ts';
import { sql } from './sql.ts';

let store: TestDatabase;
beforeAll(async () => {
  store = await testDatabase([{ id: 'test/0001', statements: 'create table counted (n int primary key); ' }]);
});
afterAll(() => store.close());

test('a transaction that fails leaves nothing', async () => {
  await expect(
    store.database.transaction(async (tx) => {
      await tx.execute(sql`insert into counted values (1)`);
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(await store.database.query(sql`select * from counted`)).toEqual([]);
});

test('what is done together commits together, and a part that fails takes only itself back', async () => {
  const rows = () => store.database.query<{ n: number }>(sql`select n from counted order by n`);
  await store.database.together(async (joined) => {
    await joined.transaction((tx) => tx.execute(sql`insert into counted values (10)`));
    await expect(joined.transaction((tx) => tx.execute(sql`insert into counted values (10)`))).rejects.toMatchObject({
      code: '23505',
    });
    await Promise.all(
      [11, 12, 13].map((n) => joined.transaction((tx) => tx.execute(sql`insert into counted values (${n})`))),
    );
    expect(await joined.query(sql`select n from counted`)).toHaveLength(4);
    expect(await rows()).toEqual([]);
  });
  expect(await rows()).toEqual([10, 11, 12, 13].map((n) => ({ n })));
  const failed = store.database.together(async (joined) => {
    await joined.transaction((tx) => tx.execute(sql`insert into counted values (14)`));
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  expect(await rows()).toHaveLength(4);
});

test('two databases of one run do not see each other', async () => {
  const other = await testDatabase();
  await expect(other.database.query(sql`select * from counted`)).rejects.toMatchObject({ code: '42P01' });
  await other.close();
});

test('a notification reaches a listener on another connection', async () => {
  const heard = new Promise<string>((resolve) => void store.database.listen('test_channel', resolve));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await store.database.execute(sql`select pg_notify('test_channel', 'hello')`);
  expect(await heard).toBe('hello');
});
