import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestClickHouse, testClickHouse } from '../../../test/harness/clickhouse.ts';

let store: TestClickHouse;
const clients: ReturnType<typeof createClient>[] = [];
const connect = (options: Parameters<typeof createClient>[0] = {}) => {
  const client = createClient({ url: store.url, log: { level: ClickHouseLogLevel.OFF }, ...options });
  clients.push(client);
  return client;
};
beforeAll(async () => {
  store = await testClickHouse();
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await store.close();
});
const numberOf = async (query: string): Promise<number> => {
  const result = await connect().query({ query, format: 'JSONEachRow' });
  return Number(Object.values((await result.json<Record<string, unknown>>())[0]!)[0]);
};

test('ping, tables, rows, parameters, settings and compressed bodies both ways', async () => {
  const client = connect({ compression: { request: true, response: true }, clickhouse_settings: { max_threads: 1 } });
  expect(await client.ping()).toEqual({ success: true });
  await client.command({ query: 'create table things (n UInt32, name String) engine = MergeTree order by n' });
  const values = Array.from({ length: 5000 }, (_, n) => ({ n, name: `it's "${n}"\t\\\n` }));
  await client.insert({ table: 'things', values, format: 'JSONEachRow' });
  const result = await client.query({
    query: "select n, name, getSetting('max_threads') as threads from things where name = {name:String}",
    query_params: { name: `it's "42"\t\\\n` },
    format: 'JSONEachRow',
  });
  expect(await result.json()).toEqual([{ n: 42, name: `it's "42"\t\\\n`, threads: 1 }]);
  expect(result.query_id).not.toBe('');
});

test('a parameter may be long', async () => {
  const names = Array.from({ length: 5000 }, (_, n) => `name number ${n}`);
  const result = await connect().query({
    query: 'select toUInt32(length({names:Array(String)})) as n',
    query_params: { names },
    format: 'JSONEachRow',
  });
  expect(await result.json()).toEqual([{ n: 5000 }]);
});

test('a database of its own, named by the client', async () => {
  await connect().command({ query: 'create database `odd name`' });
  const client = connect({ database: 'odd name' });
  expect(await (await client.query({ query: 'select currentDatabase() as d', format: 'JSONEachRow' })).json()).toEqual([
    { d: 'odd name' },
  ]);
});

test('errors arrive typed', async () => {
  const client = connect();
  await expect(client.query({ query: 'selec 1' })).rejects.toMatchObject({ code: '62', type: 'SYNTAX_ERROR' });
  await expect(client.query({ query: 'select * from nowhere' })).rejects.toMatchObject({
    code: '60',
    type: 'UNKNOWN_TABLE',
  });
  await expect(
    client.query({
      query: 'select sum(sipHash64(number)) from numbers(100000000000)',
      clickhouse_settings: { max_execution_time: 1 },
    }),
  ).rejects.toMatchObject({ code: '159' });
  await expect(
    client.insert({ table: 'things', values: [{ n: 'not a number' }], format: 'JSONEachRow' }),
  ).rejects.toMatchObject({ type: expect.any(String) });
  const stranger = connect({ url: store.url.replace(/:[^:@]+@/, ':wrong@') });
  await expect(stranger.query({ query: 'select 1' })).rejects.toMatchObject({ code: '516' });
});

test('binary rows, and rows that come as a stream', async () => {
  const client = connect();
  await client.command({ query: 'create table binary (n UInt32, s String) engine = MergeTree order by n' });
  const rows = Array.from({ length: 10_000 }, (_, n) => {
    const text = Buffer.from(`value ${n} é`);
    const row = Buffer.alloc(5 + text.length);
    row.writeUInt32LE(n, 0);
    row[4] = text.length;
    text.copy(row, 5);
    return row;
  });
  const { username, password, origin } = new URL(store.url);
  const response = await fetch(`${origin}/?query=${encodeURIComponent('INSERT INTO binary FORMAT RowBinary')}`, {
    method: 'POST',
    body: Buffer.concat(rows),
    headers: { 'x-clickhouse-user': username, 'x-clickhouse-key': password },
  });
  expect(response.status).toBe(200);
  expect(await numberOf('select count() from binary')).toBe(10_000);
  expect(await numberOf("select n from binary where s = 'value 9999 é'")).toBe(9999);
});

test('a batch sent twice is stored once', async () => {
  const client = connect();
  await client.command({ query: 'create table once (n UInt32) engine = MergeTree order by n' });
  for (const token of ['a', 'a', 'b']) {
    await client.insert({
      table: 'once',
      values: [{ n: 1 }, { n: 2 }],
      format: 'JSONEachRow',
      clickhouse_settings: { insert_deduplication_token: token },
    });
  }
  expect(await numberOf('select count() from once')).toBe(4);
});

test('a query whose client went away is killed, so that it holds no place', async () => {
  const client = connect();
  const query = 'select sum(sipHash64(number)) from numbers(100000000000)';
  const leaving = [1, 2, 3, 4].map((_) => {
    const abort = new AbortController();
    const outcome = client.query({ query, abort_signal: abort.signal }).then(
      () => 'answered',
      () => 'left',
    );
    setTimeout(() => abort.abort(), 300);
    return outcome;
  });
  expect(await Promise.all(leaving)).toEqual(['left', 'left', 'left', 'left']);
  const began = Date.now();
  expect(await numberOf('select 1')).toBe(1);
  expect(Date.now() - began).toBeLessThan(60_000);
});

test('kill -9 loses no answered insert, and the address stays', async () => {
  const client = connect();
  await client.command({ query: 'create table kept (n UInt32) engine = MergeTree order by n' });
  await client.insert({ table: 'kept', values: [{ n: 1 }], format: 'JSONEachRow' });
  const before = store.pid;
  process.kill(before, 'SIGKILL');
  while (store.pid === before) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await numberOf('select count() from kept')).toBe(1);
});
