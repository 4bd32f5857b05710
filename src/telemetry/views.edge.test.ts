import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestStore, testStore } from '../../test/harness/telemetry-store.ts';
import { Fault } from '../kernel/faults.ts';
import { SeenCatalogue } from './catalogue.ts';
import { FrameEncoder } from './frames.ts';
import { readPatterns } from './log-patterns.ts';
import type { IntakeRecord } from './port.ts';
import { askSql } from './raw-sql.ts';
import { readServiceMap } from './service-map.ts';
import type { Store } from './store.ts';
import { readCountedValues, readEventTypes } from './volume.ts';
import { isCounted } from './volume-projection.ts';

/** The service map, log patterns and raw SQL, on a real ClickHouse. */
const now = Math.floor(Date.now() / 60_000) * 60_000;
const scope = { projectId: 'p1' };
const window = { since: now - 3_600_000, until: now };
let under: TestStore;
let store: Store;

let serial = 0;
const record = (type: string, minutesAgo: number, attributes: IntakeRecord['attributes'], projectId = 'p1') => ({
  type,
  timestamp: now - minutesAgo * 60_000,
  projectId,
  attributes,
});

/** A web request that asks a price service, a database, a queue and a host elsewhere. */
function trace(failed: boolean, projectId = 'p1'): IntakeRecord[] {
  serial += 1;
  const traceId = serial.toString(16).padStart(32, '0');
  const span = (spanId: string, parentId: string, service: string, kind: string, more: object) =>
    record('Span', 10, { traceId, spanId, parentId, service, kind, duration: 0.1, error: failed, ...more }, projectId);
  return [
    record('Transaction', 10, { traceId, service: 'web', duration: 0.2, error: failed }, projectId),
    span('a', '', 'web', 'server', {}),
    span('b', 'a', 'web', 'client', { 'server.address': 'pricing:80' }),
    span('c', 'b', 'pricing', 'server', { error: false }),
    span('d', 'a', 'web', 'client', { 'db.system': 'postgresql', 'server.address': 'db' }),
    span('e', 'a', 'web', 'client', { 'server.address': 'api.bank.example' }),
    span('f', 'a', 'web', 'producer', { 'messaging.destination.name': 'orders' }),
    span('g', 'c', 'pricing', 'internal', {}),
  ];
}

beforeAll(async () => {
  under = await testStore();
  store = under.store;
  const encoder = new FrameEncoder(new SeenCatalogue());
  const line = (message: string, minutesAgo: number, level = 'info', service = 'web') =>
    record('Log', minutesAgo, { message, level, service });
  const records = [
    ...trace(false),
    ...trace(false),
    ...trace(true),
    ...trace(false, 'p2'),
    line('user 0f3a9c21 signed in from 10.0.0.7', 5),
    line('user 99bc11aa signed in from 192.168.3.4', 55),
    line('user ab01ff02 signed in from 10.9.8.7:443', 4, 'warn'),
    line("order 17 of 'Ann' paid: 12.50 EUR", 3),
    line("order 18 of 'Bob Marley' paid: 7.25 EUR", 2),
    line('job 018f3c5e-7a2b-7c3d-9e4f-0123456789ab done at 2026-03-11T10:00:00Z', 1, 'error', 'worker'),
    line('faded cafe decade', 1),
  ];
  const { buffer } = encoder.encode(records, now, (_, reason) => {
    throw new Error(reason);
  });
  await store.insert([buffer], 'views');
});
afterAll(async () => {
  await under?.close();
});

describe('the service map', () => {
  it('shows services, and what they rest on, of one project', async () => {
    const { services, edges, share } = await readServiceMap(store, scope, window);
    expect(share).toBe(1);
    expect(services).toEqual([
      { service: 'web', requests: 3, errors: 1, averageMs: expect.closeTo(200), p95Ms: expect.closeTo(200) },
    ]);
    expect(edges.map(({ from, to, kind, calls, errors }) => [from, to, kind, calls, errors]).sort()).toEqual([
      ['web', 'api.bank.example', 'external', 3, 1],
      ['web', 'orders', 'queue', 3, 1],
      ['web', 'postgresql db', 'database', 3, 1],
      ['web', 'pricing', 'service', 3, 1],
    ]);
    expect((await readServiceMap(store, { projectId: null }, window)).edges[0]?.calls).toBe(4);
  });
});

describe('log patterns', () => {
  it('put lines of the same words together, whatever they carry', async () => {
    const { patterns, lines, bucketMs } = await readPatterns(store, { scope, filter: {}, window });
    expect(lines).toBe(7);
    expect(bucketMs).toBe(120_000);
    expect(patterns.map(({ template, lines: count, level }) => [template, count, level])).toEqual([
      ['user <hex> signed in from <address>', 3, 'info'],
      ["order <number> of '<text>' paid: <number> EUR", 2, 'info'],
      ['faded cafe decade', 1, 'info'],
      ['job <id> done at <time>', 1, 'error'],
    ]);
    expect(patterns[0]?.counts.reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(patterns[0]?.counts[2]).toBe(1);
    const errors = await readPatterns(store, { scope, filter: { level: 'error' }, window });
    expect(errors.patterns.map(({ service }) => service)).toEqual(['worker']);
  });
});

describe('raw SQL', () => {
  it('answers a SELECT', async () => {
    const answer = await askSql(
      store,
      "-- by service\nSELECT service, count() AS n FROM telemetry_logs WHERE message != ')' GROUP BY service ORDER BY n DESC # done",
    );
    expect(answer).toMatchObject({
      columns: [{ name: 'service' }, { name: 'n', type: 'UInt64' }],
      rows: [
        ['web', 6],
        ['worker', 1],
      ],
      truncated: false,
    });
  });

  it.each([
    ['DROP TABLE telemetry_logs', /Only SELECT/],
    ['SELECT 1; DROP TABLE telemetry_logs', /One statement/],
    ['SELECT 1) UNION ALL SELECT (2', /was not opened/],
    ["SELECT 1) INTO OUTFILE '/tmp/x' /*", /was not opened/],
    ['SELECT 1 /* open', /comment does not end/],
    ["SELECT 'open", /quoted text does not end/],
    ['SELECT 1 FORMAT CSV', /FORMAT cannot stand/],
    ['SELECT 1 SETTINGS max_execution_time = 0', /SETTINGS cannot stand/],
    ["SELECT 1 INTO OUTFILE '/tmp/x'", /INTO cannot stand/],
    // The embedded engine would read any file for this one.
    ["SELECT file('/etc/passwd')", /file\(\) cannot be used/],
    ["SELECT FILE /* x */ ('/etc/passwd')", /cannot be used/],
    ["SELECT `file`('/etc/passwd')", /named without quotes/],
    ['SELECT "file" (\'/etc/passwd\')', /named without quotes/],
  ])('refuses %s before it is asked', async (text, message) => {
    await expect(askSql(store, text)).rejects.toThrow(message);
  });

  it.each([
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM executable('id', 'TSV', 'x String')",
    "SELECT * FROM remote('127.0.0.1:9000', system.one)",
    "SELECT * FROM s3('http://127.0.0.1:1/a.csv')",
    "SELECT * FROM sqlite('/tmp/x.db', 't')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM telemetry_logs WHERE message IN (SELECT * FROM file('/etc/passwd', 'LineAsString'))",
    'SELECT nothing_of_this_name',
  ])('%s is refused by the engine', async (text) => {
    await expect(askSql(store, text)).rejects.toThrow(Fault);
  });
});

describe('the volume of records', () => {
  const asked = { sinceMs: now - 86_400_000, limit: 10 };
  let rowsRead = 0;
  const watched = (): Store => ({
    ...store,
    select: async (...statement) => {
      const answer = await store.select(...statement);
      rowsRead = answer.rowsRead;
      return answer;
    },
  });

  beforeAll(async () => {
    const lines = Array.from({ length: 5000 }, (_, index) =>
      record('Log', 20, { message: `line ${index}`, level: index % 10 ? 'info' : 'error', service: 'api' }, 'p3'),
    );
    const { buffer } = new FrameEncoder(new SeenCatalogue()).encode(lines, now, (_, reason) => {
      throw new Error(reason);
    });
    await store.insert([buffer], 'volume');
  });

  it('is known without reading the records', async () => {
    expect(
      await readCountedValues(watched(), { projectId: 'p3' }, { ...asked, eventType: 'Log', attribute: 'level' }),
    ).toEqual([
      { value: 'info', records: 4500 },
      { value: 'error', records: 500 },
    ]);
    expect(rowsRead).toBeLessThan(100);
    const types = await readEventTypes(watched(), { projectId: 'p3' }, asked.sinceMs);
    expect(types).toEqual([{ name: 'Log', records: 5000, lastAt: now - 20 * 60_000 }]);
    expect(rowsRead).toBeLessThan(100);
  });

  it('is told by prefix, of one project and since a time', async () => {
    const of = (projectId: string, more: object) =>
      readCountedValues(store, { projectId }, { ...asked, eventType: 'Log', attribute: 'service', ...more });
    expect(await of('p1', { prefix: 'wor' })).toEqual([{ value: 'worker', records: 1 }]);
    expect(await of('p3', { sinceMs: now })).toEqual([]);
    expect(isCounted('Span', 'level')).toBe(false);
  });
});
