import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/harness/postgres.ts';
import { openDatabase } from './database.ts';
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

test('a connection that failed and ends late takes no lock with it', async () => {
  const { socketPath, through } = relayTo(store.url);
  let connections = 0;
  const relay = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {});
    if (connections > 1) {
      const onward = connect(socketPath).on('error', () => {});
      socket.pipe(onward).pipe(socket);
      return;
    }
    // As a PostgreSQL that still recovers answers, but the connection lingers.
    socket.once('data', () => {
      const fields = Buffer.from('SFATAL\0C57P03\0Mthe database system is starting up\0\0');
      const header = Buffer.from([0x45, 0, 0, 0, fields.length + 4]);
      socket.write(Buffer.concat([header, fields]));
      setTimeout(() => socket.destroy(), 300);
    });
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const database = openDatabase(through((relay.address() as AddressInfo).port));
  const lock = database.lock('late');
  await expect(lock.held()).rejects.toThrow('starting up');
  expect(await lock.held()).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(await lock.held()).toBe(true);
  expect(connections).toBe(2);
  await database.close();
  await new Promise((resolve) => relay.close(resolve));
});

/** The unix socket behind a URL, and the same URL by way of a port on loopback. */
function relayTo(url: string): { socketPath: string; through: (port: number) => string } {
  const parsed = new URL(url.replace('@/', '@localhost/'));
  return {
    socketPath: join(parsed.searchParams.get('host')!, '.s.PGSQL.5432'),
    through: (port) => `postgres://${parsed.username}@127.0.0.1:${port}${parsed.pathname}`,
  };
}
