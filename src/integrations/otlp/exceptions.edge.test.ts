import { type Span, SpanKind, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ErrorsUnderTest, errorsUnderTest, eventually } from '../../../test/harness/errors-room.ts';
import type { EventDetail, IssueSummary } from '../../errors/api.ts';
import { systemClock } from '../../kernel/clock.ts';
import { createIntakeServer } from '../../platform/http/server.ts';
import { openLog } from '../../platform/observe/log.ts';
import { createOtlpIntake } from './index.ts';

const headers = { authorization: 'Bearer k' };
let house: ErrorsUnderTest;
let server: FastifyInstance;
let url: string;
let sdk: NodeSDK;

beforeAll(async () => {
  house = await errorsUnderTest();
  const intake = createOtlpIntake({
    telemetry: { dropped: () => {}, write: async () => {} },
    keys: { projectOfKey: async () => house.projectId },
    clock: systemClock,
    errors: house.room.reception,
  });
  server = await createIntakeServer({ log: openLog({ level: 'silent' }), intakes: [intake] });
  url = await server.listen({ host: '127.0.0.1', port: 0 });
  sdk = new NodeSDK({
    resource: resourceFromAttributes({
      'service.name': 'pricing',
      'service.version': 'r3-1234567',
      'deployment.environment.name': 'staging',
    }),
    traceExporter: new OTLPTraceExporter({ url: `${url}/v1/traces`, headers }),
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
});
afterAll(async () => {
  await sdk.shutdown();
  await server.close();
  await house.close();
});

const issues = async (search = ''): Promise<IssueSummary[]> =>
  (await house.call<{ items: IssueSummary[] }>('listIssues', { query: { search } })).items;

function noSuchPrice(): never {
  throw new TypeError('no price for 12');
}

/** A request that fails in an inner span; both spans record what passes through them. */
function failingRequest(before: (span: Span) => void = () => {}): void {
  const tracer = trace.getTracer('pricing');
  tracer.startActiveSpan('GET /price', { kind: SpanKind.SERVER, attributes: { 'url.path': '/price' } }, (outer) => {
    tracer.startActiveSpan('look it up', (inner) => {
      before(inner);
      try {
        noSuchPrice();
      } catch (error) {
        inner.recordException(error as Error);
        outer.recordException(error as Error);
      }
      inner.end();
    });
    outer.end();
  });
}

it('what the SDK records becomes one issue, with its frames, release, environment and trace', async () => {
  failingRequest();
  failingRequest();
  const flushed = trace.getTracerProvider() as unknown as { getDelegate(): { forceFlush(): Promise<void> } };
  await flushed.getDelegate().forceFlush();
  const issue = await eventually('two events', async () =>
    (await issues('type:TypeError')).find((one) => one.count === 2),
  );
  expect(issue).toMatchObject({
    message: 'no price for 12',
    platform: 'node',
    service: 'pricing',
    environment: 'staging',
    lastRelease: 'r3-1234567',
  });
  const { items } = await house.call<{ items: { id: string; traceId: string }[] }>('listIssueEvents', {
    params: { issueId: issue.id },
  });
  expect(items[0]!.traceId).toMatch(/^[0-9a-f]{32}$/);
  const event = await house.call<EventDetail>('getEvent', { params: { eventId: items[0]!.id } });
  expect(event.exceptions[0]!.frames[0]).toMatchObject({ function: 'noSuchPrice', inApp: true });
  expect(event.exceptions[0]!.frames[0]!.file).toContain('exceptions.edge.test.ts');
});

it('an exception that a client of its own tells of too counts once, whichever comes first', async () => {
  const ids = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
  const event = (spanId: string) =>
    house.received({
      platform: 'python',
      contexts: { trace: { trace_id: ids.traceId, span_id: spanId } },
      exception: { values: [{ type: 'PriceError', module: 'shop.errors', value: 'gone' }] },
    });
  const attributes = [
    { key: 'exception.type', value: { stringValue: 'shop.errors.PriceError' } },
    { key: 'exception.message', value: { stringValue: 'gone' } },
  ];
  const resource = { attributes: [{ key: 'telemetry.sdk.language', value: { stringValue: 'python' } }] };
  const send = (signal: string, body: object) =>
    fetch(`${url}/v1/${signal}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const span = (spanId: string) =>
    send('traces', {
      resourceSpans: [
        {
          resource,
          scopeSpans: [{ spans: [{ ...ids, spanId, name: 'x', events: [{ name: 'exception', attributes }] }] }],
        },
      ],
    });
  const count = async () => (await issues('type:PriceError')).reduce((sum, issue) => sum + issue.count, 0);
  const accounts = async (outcome: string) => {
    const { items } = await house.call<{ items: { outcome: string; reason: string; quantity: number }[] }>(
      'listOutcomes',
      { query: { project: 'shop' } },
    );
    return items.filter((one) => one.outcome === outcome).reduce((sum, one) => sum + one.quantity, 0);
  };
  const accepted = await accounts('accepted');
  const afterwards = (kept: number, twins: number) =>
    eventually(`${kept} kept and ${twins} left out`, async () => {
      return (await accounts('accepted')) === accepted + kept && (await accounts('duplicate')) === twins;
    });

  await house.room.reception.accept([event('b'.repeat(16))]);
  await afterwards(1, 0);
  expect((await span('b'.repeat(16))).status).toBe(200);
  await afterwards(1, 1);
  await span('c'.repeat(16));
  await afterwards(2, 1);
  await house.room.reception.accept([event('c'.repeat(16))]);
  await afterwards(2, 2);
  // A log record of the same span; then one of a span that nobody told of, which is not even sent twice by being sent again.
  const log = (spanId: string) =>
    send('logs', {
      resourceLogs: [
        {
          resource,
          scopeLogs: [
            { logRecords: [{ ...ids, spanId, timeUnixNano: '1700000000000000000', severityNumber: 17, attributes }] },
          ],
        },
      ],
    });
  await log('c'.repeat(16));
  await afterwards(2, 3);
  await log('d'.repeat(16));
  await afterwards(3, 3);
  await log('d'.repeat(16));
  await afterwards(3, 4);
  expect(await count()).toBe(3);
});
