import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestClickHouse, testClickHouse } from '../../../test/harness/clickhouse.ts';
import { type TestDatabase, testDatabase } from '../../../test/harness/postgres.ts';
import { systemClock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/faults.ts';
import { createIntakeServer } from '../../platform/http/server.ts';
import { openLog } from '../../platform/observe/log.ts';
import { createTelemetry, type Telemetry } from '../../telemetry/index.ts';
import { telemetryMigrations } from '../../telemetry/migrations/index.ts';
import { createOtlpIntake } from './index.ts';

const project = '0193b2a0-0000-7000-8000-0000000000aa';
const log = openLog({ level: 'silent' });
const resource = resourceFromAttributes({
  'service.name': 'pricing',
  'service.version': 'r3-1234567',
  'deployment.environment.name': 'staging',
});
const headers = { authorization: 'Bearer key-of-shop' };

let clickhouse: TestClickHouse;
let postgres: TestDatabase;
let dataDir: string;
let telemetry: Telemetry;
let server: FastifyInstance;
let url: string;
let full = false;
const ended = new AbortController();
let draining: Promise<void>;

beforeAll(async () => {
  [clickhouse, postgres, dataDir] = await Promise.all([
    testClickHouse(),
    testDatabase(telemetryMigrations),
    mkdtemp(join(tmpdir(), 'millrace-otlp-')),
  ]);
  telemetry = await createTelemetry({
    database: postgres.database,
    clickhouseUrl: clickhouse.url,
    dataDir,
    clock: systemClock,
    log,
    projects: { idOf: async () => project },
  });
  draining = telemetry.room.loops[0]!.run(ended.signal);
  const intake = createOtlpIntake({
    telemetry: {
      dropped: telemetry.dropped,
      write: async (records) => {
        if (full) throw new Fault('unavailable', 'The spool is full', { code: 'platform.spool-full', retryAfter: 7 });
        await telemetry.write(records);
      },
    },
    keys: { projectOfKey: async (key) => (key === 'key-of-shop' ? project : undefined) },
    clock: systemClock,
  });
  server = await createIntakeServer({ log, intakes: [intake] });
  url = await server.listen({ host: '127.0.0.1', port: 0 });
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

async function ask(nrql: string): Promise<unknown[][]> {
  return (await telemetry.query(nrql, { scope: { projectId: project } })).rows;
}

async function eventually(check: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }
}

const post = (signal: string, body: string | Buffer, extra: Record<string, string> = {}) =>
  fetch(`${url}/v1/${signal}`, {
    method: 'POST',
    body,
    headers: { ...headers, 'content-type': 'application/json', ...extra },
  });

describe('real OpenTelemetry exporters', () => {
  it.each([
    ['protobuf', OTLPTraceExporter],
    ['JSON', JsonTraceExporter],
  ] as const)('send spans as %s', async (form, Exporter) => {
    const provider = new NodeTracerProvider({
      resource,
      spanProcessors: [new SimpleSpanProcessor(new Exporter({ url: `${url}/v1/traces`, headers }))],
    });
    const tracer = provider.getTracer('pricing');
    const span = tracer.startSpan(`POST /price ${form}`, {
      kind: SpanKind.SERVER,
      attributes: {
        'http.response.status_code': 500,
        'http.request.method': 'POST',
        cart: 12.5,
        vip: true,
        tags: ['a', 'b'],
      },
    });
    span.recordException(new TypeError('no such price'));
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'failed' });
    span.end();
    await provider.forceFlush();
    await provider.shutdown();
    await eventually(async () => {
      const rows = await ask(
        `SELECT service, release, environment, error, httpResponseStatusCode, cart, vip, tags, \`error.class\`, traceId FROM Transaction WHERE name = 'POST /price ${form}'`,
      );
      expect(rows).toEqual([
        [
          'pricing',
          'r3-1234567',
          'staging',
          true,
          500,
          12.5,
          true,
          '["a","b"]',
          'TypeError',
          span.spanContext().traceId,
        ],
      ]);
    });
    expect(await ask(`SELECT count(*) FROM Span WHERE name = 'POST /price ${form}' AND kind = 'server'`)).toEqual([
      [1],
    ]);
  });

  it('send logs', async () => {
    const provider = new LoggerProvider({
      resource,
      processors: [
        new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${url}/v1/logs`, headers }) } as never),
      ],
    });
    provider.getLogger('pricing').emit({ severityNumber: 13, body: 'price is stale', attributes: { sku: 'A-1' } });
    await provider.forceFlush();
    await provider.shutdown();
    await eventually(async () => {
      expect(await ask("SELECT message, level, sku, service FROM Log WHERE message LIKE '%stale%'")).toEqual([
        ['price is stale', 'warn', 'A-1', 'pricing'],
      ]);
    });
  });

  it('send metrics, whose counters and histograms add up', async () => {
    const reader = new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({ url: `${url}/v1/metrics`, headers }),
      exportIntervalMillis: 3_600_000,
    });
    const provider = new MeterProvider({ resource, readers: [reader] });
    const meter = provider.getMeter('pricing');
    const counter = meter.createCounter('orders');
    const histogram = meter.createHistogram('latency', { unit: 'ms' });
    counter.add(3, { shop: 'north' });
    histogram.record(10);
    histogram.record(30);
    await provider.forceFlush();
    counter.add(4, { shop: 'north' });
    histogram.record(20);
    await provider.forceFlush();
    await provider.shutdown();
    await eventually(async () => {
      expect(await ask('SELECT sum(orders), latest(orders) FROM Metric FACET shop')).toEqual([['north', 7, 7]]);
      expect(await ask('SELECT count(latency), average(latency), sum(latency) FROM Metric')).toEqual([[3, 20, 60]]);
    });
  });
});

describe('the OTLP endpoint', () => {
  it('says who may, what it takes and what it could not use', async () => {
    expect(
      (await fetch(`${url}/v1/traces`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }))
        .status,
    ).toBe(401);
    expect((await post('traces', '{}', { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await post('traces', 'x', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post('traces', '{"a":')).status).toBe(400);
    expect((await post('traces', Buffer.from([255, 255]), { 'content-type': 'application/x-protobuf' })).status).toBe(
      400,
    );
    expect((await post('logs', gzipSync('not json'), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post('logs', gzipSync(Buffer.alloc(80 * 1024 * 1024)), { 'content-encoding': 'gzip' })).status).toBe(
      413,
    );
    const partial = await post(
      'traces',
      gzipSync(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'no ids' }] }] }] })),
      { 'content-encoding': 'gzip' },
    );
    expect(partial.status).toBe(200);
    expect(await partial.json()).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
  });

  it('asks to come back when nothing more can be kept', async () => {
    full = true;
    const body = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'x' } }] }] }] };
    const answer = await post('logs', JSON.stringify(body));
    full = false;
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('7');
  });
});
