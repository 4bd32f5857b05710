import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestClickHouse, testClickHouse } from '../../test/harness/clickhouse.ts';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Principal } from '../platform/http/principal.ts';
import { createHttpServer } from '../platform/http/server.ts';
import { openLog } from '../platform/observe/log.ts';
import type { TelemetryRecord } from '../platform/observe/telemetry-sink.ts';
import type { LogLine, QueryAnswer } from './api.ts';
import { createTelemetry, type Telemetry } from './index.ts';
import { telemetryMigrations } from './migrations/index.ts';

const log = openLog({ level: 'silent' });
const project = '0193b2a0-0000-7000-8000-0000000000bb';
const viewer: Principal = {
  kind: 'person',
  id: 'v',
  personId: 'v',
  name: 'V',
  email: 'v@example.org',
  role: 'viewer',
  scopes: null,
};

let clickhouse: TestClickHouse;
let postgres: TestDatabase;
let dataDir: string;
let telemetry: Telemetry;
let server: FastifyInstance;
let url: string;
const ended = new AbortController();
let draining: Promise<void>;
const started = Date.now();

const step = (index: number): TelemetryRecord => ({
  type: 'Log',
  timestamp: started - 60_000 + index,
  projectId: project,
  attributes: {
    message: `step line ${index}`,
    level: index % 10 === 0 ? 'error' : 'info',
    jobId: 'job-1',
    step: 'test',
    stream: 'stdout',
  },
});
const traceId = 'ab'.repeat(16);

beforeAll(async () => {
  [clickhouse, postgres, dataDir] = await Promise.all([
    testClickHouse(),
    testDatabase(telemetryMigrations),
    mkdtemp(join(tmpdir(), 'millrace-telemetry-')),
  ]);
  telemetry = await createTelemetry({
    database: postgres.database,
    clickhouseUrl: clickhouse.url,
    dataDir,
    clock: systemClock,
    log,
    projects: { idOf: async (name) => (name === 'shop' || name === project ? project : undefined) },
  });
  draining = telemetry.room.loops[0]!.run(ended.signal);
  server = await createHttpServer({
    database: postgres.database,
    log,
    gatekeeper: { authenticate: async () => viewer, authorize: () => {} },
    contracts: telemetry.room.contracts,
    intakes: [],
    version: 'test',
  });
  url = `${await server.listen({ host: '127.0.0.1', port: 0 })}/api/v1`;
  await telemetry.write([
    ...Array.from({ length: 250 }, (_, index) => step(index)),
    ...['a', 'b'].map((spanId, index) => ({
      type: 'Span',
      timestamp: started - 5000 + index,
      projectId: project,
      attributes: {
        traceId,
        spanId: spanId.repeat(16),
        parentId: index ? 'a'.repeat(16) : '',
        name: `op ${spanId}`,
        duration: 0.02,
        kind: 'server',
        service: 'web',
        'db.system': 'sqlite',
      },
    })),
    {
      type: 'Log',
      timestamp: started - 4999,
      projectId: project,
      attributes: { message: 'in the trace', traceId, level: 'warn', service: 'web', host: 'web-1' },
    },
  ]);
  const counted = async (type: string) =>
    ((await (await ask(`SELECT count(*) FROM ${type}`)).json()) as QueryAnswer).rows?.[0]?.[0];
  while ((await counted('Log')) !== 251 || (await counted('Span')) !== 2)
    await new Promise((resolve) => setTimeout(resolve, 100));
});

afterAll(async () => {
  await server?.close();
  ended.abort();
  await draining;
  await telemetry?.close();
  await clickhouse?.close();
  await postgres?.close();
  await rm(dataDir, { recursive: true, force: true });
});

const ask = (nrql: string, projectId = 'shop') =>
  fetch(`${url}/query`, {
    method: 'POST',
    body: JSON.stringify({ nrql, projectId }),
    headers: { 'content-type': 'application/json' },
  });
const get = async <Answer>(path: string): Promise<Answer> => {
  const answer = await fetch(`${url}${path}`);
  expect(answer.status, path).toBe(200);
  return (await answer.json()) as Answer;
};

describe('the telemetry API', () => {
  it('answers queries with columns, units, window and cost', async () => {
    const answer = (await (
      await ask('SELECT count(*), average(duration) FROM Span FACET name SINCE 10 minutes ago')
    ).json()) as QueryAnswer;
    expect(answer).toMatchObject({ shape: 'table', facets: ['name'], eventTypes: ['Span'], warnings: [] });
    expect(answer.columns.map(({ role, kind, unit }) => [role, kind, unit])).toEqual([
      ['facet', 'string', null],
      ['value', 'number', 'count'],
      ['value', 'number', 's'],
    ]);
    expect(answer.rows).toEqual([
      ['op a', 1, 0.02],
      ['op b', 1, 0.02],
    ]);
    expect(answer.cost.rowsRead).toBeGreaterThan(0);
  });

  it('points at what is wrong', async () => {
    const answer = await ask('SELECT averge(duration)\nFROM Span');
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ problems: [{ line: 1, column: 8, hint: 'Did you mean average()?' }] });
    expect((await ask('SELECT count(*) FROM Span', 'no-such')).status).toBe(404);
  });

  it('pages through a step from its beginning, then backwards from its end', async () => {
    type Page = { items: LogLine[]; before: string | null; after: string };
    const first = await get<Page>('/logs?projectId=shop&jobId=job-1&from=oldest&limit=100');
    expect(first.items.map(({ message }) => message).slice(0, 2)).toEqual(['step line 0', 'step line 1']);
    const rest = await get<Page>(`/logs?projectId=shop&jobId=job-1&after=${first.after}&limit=500`);
    expect(rest.items).toHaveLength(150);
    expect(rest.items[0]!.message).toBe('step line 100');
    const none = await get<Page>(`/logs?projectId=shop&jobId=job-1&after=${rest.after}`);
    expect(none).toMatchObject({ items: [], after: rest.after });
    const newest = await get<Page>('/logs?projectId=shop&jobId=job-1&limit=10');
    expect(newest.items.map(({ message }) => message).at(-1)).toBe('step line 249');
    const older = await get<Page>(`/logs?projectId=shop&jobId=job-1&limit=1000&before=${newest.before}`);
    expect(older).toMatchObject({ before: null });
    expect(older.items).toHaveLength(240);
  });

  it('searches by words, level and attributes', async () => {
    const found = await get<{ items: LogLine[] }>(
      `/logs?projectId=shop&level=error&text=${encodeURIComponent('"LINE 1" -130 stream:stdout')}`,
    );
    expect(found.items.map(({ message }) => message)).toEqual(
      ['10', '100', '110', '120', '140', '150', '160', '170', '180', '190'].map((n) => `step line ${n}`),
    );
    expect((await get<{ items: LogLine[] }>('/logs?text=%25')).items).toEqual([]);
  });

  it('shows a line among its neighbours', async () => {
    const { items } = await get<{ items: LogLine[] }>('/logs?text=%22line%20150%22');
    const around = await get<{ before: LogLine[]; line: LogLine; after: LogLine[] }>(
      `/logs/context?cursor=${items[0]!.cursor}&lines=3`,
    );
    expect([...around.before, around.line, ...around.after].map(({ message }) => message)).toEqual(
      [147, 148, 149, 150, 151, 152, 153].map((n) => `step line ${n}`),
    );
  });

  it('opens a trace with its logs', async () => {
    const trace = await get<{ spans: { name: string; parentId: string; durationMs: number }[]; logs: LogLine[] }>(
      `/traces/${traceId}`,
    );
    expect(trace.spans.map(({ name, durationMs }) => [name, durationMs])).toEqual([
      ['op a', 20],
      ['op b', 20],
    ]);
    expect(trace.logs.map(({ message }) => message)).toEqual(['in the trace']);
    expect((await fetch(`${url}/traces/${'c'.repeat(32)}`)).status).toBe(404);
  });

  it('completes types, attributes, values and functions', async () => {
    type Completion = {
      eventTypes: { name: string; records: number }[];
      attributes: { name: string; eventType: string; type: string }[];
      functions: { name: string }[];
    };
    const completion = await get<Completion>('/query/completion?projectId=shop');
    expect(completion.eventTypes).toContainEqual(expect.objectContaining({ name: 'Log', records: 251 }));
    expect(completion.attributes).toContainEqual(
      expect.objectContaining({ name: 'db.system', eventType: 'Span', type: 'string' }),
    );
    expect(completion.functions.map(({ name }) => name)).toContain('uniqueCount');
    const values = await get<{ values: unknown[] }>(
      '/query/values?projectId=shop&eventType=Log&attribute=level&prefix=e',
    );
    expect(values.values).toEqual([{ value: 'error', records: 25 }]);
  });

  it('accounts for what came in', async () => {
    const accounts = await get<{ sources: { type: string; accepted: number }[]; spool: { error: null } }>('/ingest');
    expect(accounts.sources).toContainEqual(
      expect.objectContaining({ type: 'Log', accepted: 251, projectId: project }),
    );
    expect(accounts.spool.error).toBeNull();
  });

  it('follows from where a search ended: no line that came meanwhile is missed', async () => {
    const leave = new AbortController();
    const line = (index: number): TelemetryRecord => ({
      type: 'Log',
      timestamp: Date.now(),
      projectId: project,
      attributes: { message: `gap ${index}`, service: 'gap' },
    });
    let count = 0;
    const write = async () => {
      await telemetry.write([line(count)]);
      count += 1;
    };
    for (let index = 0; index < 5; index += 1) await write();
    // Durable, and hardly in the store.
    const found = await get<{ items: LogLine[]; storedUntil: number }>('/logs?projectId=shop&service=gap');
    for (let index = 0; index < 5; index += 1) await write();
    const answer = await fetch(`${url}/logs/tail?projectId=shop&service=gap&since=${found.storedUntil}`, {
      signal: leave.signal,
    });
    for (let index = 0; index < 5; index += 1) await write();
    const told = { line: [] as LogLine[], earlier: undefined as LogLine[] | undefined };
    const seen = () => new Set([...found.items, ...(told.earlier ?? []), ...told.line].map(({ message }) => message));
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of answer.body!) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const messages = text.split('\n\n');
      text = messages.pop()!;
      for (const message of messages) {
        const event = /^event: (\w+)$/m.exec(message)?.[1];
        const data = /^data: (.*)$/m.exec(message)?.[1];
        if (event === 'line') told.line.push(JSON.parse(data!) as LogLine);
        if (event === 'earlier') told.earlier = JSON.parse(data!) as LogLine[];
      }
      if (told.earlier && seen().size === count) break;
    }
    leave.abort();
    expect(seen().size).toBe(15);
    // A line that comes twice is told by its cursor.
    const byCursor = new Set([...found.items, ...told.earlier!, ...told.line].map(({ cursor }) => cursor));
    expect(byCursor.size).toBe(15);
  });

  it('streams matching lines as they come', async () => {
    const leave = new AbortController();
    const answer = await fetch(`${url}/logs/tail?projectId=shop&service=web&text=live`, { signal: leave.signal });
    expect(answer.headers.get('content-type')).toMatch(/text\/event-stream/);
    const reader = answer.body!.getReader();
    const decoder = new TextDecoder();
    let text = '';
    const line = (message: string, service: string): TelemetryRecord => ({
      type: 'Log',
      timestamp: Date.now(),
      projectId: project,
      attributes: { message, service },
    });
    await telemetry.write([line('live one', 'api'), line('live two', 'web'), line('dead', 'web')]);
    while (!text.includes('live two')) {
      const { value, done } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
    expect(text).toContain('event: line');
    expect(text).not.toContain('live one');
    expect(text).not.toContain('dead');
    leave.abort();
    await expect.poll(async () => (await get<{ tail: { viewers: number } }>('/ingest')).tail.viewers).toBe(0);
  });
});
