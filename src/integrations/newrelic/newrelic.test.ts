import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { passedOver, readers } from './agent-data.ts';
import { agentRunOf, originOf, readRunId, runIdOf } from './agent-run.ts';
import { attributesOf, timeOf } from './attributes.ts';
import { readEvents, readLogs, readMetrics } from './ingest-apis.ts';
import { limits } from './limits.ts';
import { readTraces, readZipkin } from './trace-api.ts';
import { readTracedErrors } from './traced-errors.ts';

const now = 1_760_000_000_000;
const at = { projectId: 'p', now };
const origin = attributesOf(originOf({ service: 'basket', host: 'h1', release: 'r7' }));

describe('times', () => {
  it('are told apart by their size, or read as they are written', () => {
    for (const value of [1_760_000_000, now, now * 1000, now * 1e6, '1760000000', '2025-10-09T08:53:20Z'])
      expect(timeOf(value, 0), String(value)).toBe(now);
    for (const value of [undefined, null, 0, -1, Number.NaN, 'soon', '']) expect(timeOf(value, now)).toBe(now);
  });
});

describe('ingest APIs', () => {
  it('read the three kinds of metrics, with what they have in common', () => {
    const { records, refused } = readMetrics(
      [
        {
          common: { timestamp: now, 'interval.ms': 10_000, attributes: { 'app.name': 'shop', zone: 'a' } },
          metrics: [
            { name: 'temperature', value: 15, attributes: { zone: 'b' } },
            { name: 'visits', type: 'count', value: 4 },
            { name: 'latency', type: 'summary', value: { count: 4, sum: 10, min: 1, max: 4 } },
            { name: 'broken', type: 'summary', value: 3 },
            { value: 3 },
          ],
        },
      ],
      at,
    );
    expect(records.map(({ attributes }) => attributes)).toEqual([
      {
        service: 'shop',
        zone: 'b',
        metricName: 'temperature',
        'interval.ms': 10_000,
        metricType: 'gauge',
        count: 1,
        total: 15,
        min: 15,
        max: 15,
        latest: 15,
      },
      {
        service: 'shop',
        zone: 'a',
        metricName: 'visits',
        'interval.ms': 10_000,
        metricType: 'count',
        count: 1,
        total: 4,
        min: 4,
        max: 4,
        latest: 4,
      },
      {
        service: 'shop',
        zone: 'a',
        metricName: 'latency',
        'interval.ms': 10_000,
        metricType: 'summary',
        count: 4,
        total: 10,
        min: 1,
        max: 4,
        latest: 2.5,
      },
    ]);
    expect([...refused]).toEqual([['a metric without a name or a value of its type', 2]]);
  });

  it('read logs in each of their forms, and the JSON that a line may be', () => {
    const forms: [unknown, string, string | undefined][] = [
      [{ message: 'plain', level: 'WARNING' }, 'plain', 'warn'],
      [[{ log: 'from Fluent Bit', timestamp: 5 }], 'from Fluent Bit', undefined],
      [[{ common: { attributes: { severity: 'ERR' } }, logs: [{ message: 'm' }] }], 'm', 'error'],
      [{ message: '{"message":"inside","level":50,"user":{"id":7}}' }, 'inside', 'error'],
      [{ message: '{not json' }, '{not json', undefined],
    ];
    for (const [body, message, level] of forms) {
      const [record] = readLogs(body, at).records;
      expect([record?.attributes.message, record?.attributes.level]).toEqual([message, level]);
    }
    expect(readLogs(forms[3]![0], at).records[0]!.attributes['user.id']).toBe(7);
  });

  it('read events of any type but those that Millrace itself states', () => {
    const { records, refused } = readEvents(
      [{ eventType: 'Purchase', amount: 3 }, { eventType: 'Deployment' }, { eventType: 'a;b' }, {}],
      at,
    );
    expect(records).toEqual([{ type: 'Purchase', timestamp: now, projectId: 'p', attributes: { amount: 3 } }]);
    expect([...refused.values()]).toEqual([1, 2]);
  });

  it('read spans in New Relic’s format and in Zipkin’s', () => {
    const own = readTraces(
      [
        {
          common: { attributes: { 'service.name': 'api' } },
          spans: [
            {
              'trace.id': 'AB',
              id: 'cd',
              timestamp: now,
              attributes: { name: 'get', 'duration.ms': 20, 'parent.id': 'ef' },
            },
          ],
        },
      ],
      at,
    ).records;
    const zipkin = readZipkin(
      [
        {
          traceId: 'ab',
          id: 'cd',
          parentId: 'ef',
          name: 'get',
          timestamp: now * 1000,
          duration: 20_000,
          kind: 'INTERNAL',
          localEndpoint: { serviceName: 'api' },
        },
      ],
      at,
    ).records;
    expect(own).toEqual(zipkin);
    expect(own[0]!.attributes).toEqual({
      service: 'api',
      name: 'get',
      traceId: 'ab',
      spanId: 'cd',
      parentId: 'ef',
      kind: 'internal',
      duration: 0.02,
      error: false,
    });
  });
});

describe('agents', () => {
  it('find themselves again by the run id, and in nothing else', () => {
    const run = agentRunOf([
      {
        app_name: ['basket', 'other'],
        host: 'h1',
        labels: [{ label_type: 'Environment', label_value: 'live' }],
        metadata: { NEW_RELIC_METADATA_RELEASE_TAG: 'r7' },
      },
    ]);
    expect(run).toEqual({ service: 'basket', host: 'h1', release: 'r7', environment: 'live' });
    expect(readRunId(runIdOf(run!))).toEqual(run);
    for (const foreign of [undefined, '', '12345', 'W10', 7, 'x'.repeat(5000)])
      expect(readRunId(foreign)).toBeUndefined();
  });

  it('send errors that become events with their frames, innermost last; the same one twice is the same event', () => {
    const row = [
      now / 1000,
      'WebTransaction/Nodejs/GET//void',
      'no price for void',
      'TypeError',
      {
        userAttributes: { item: 'void' },
        agentAttributes: { 'request.uri': '/void' },
        intrinsics: {},
        stack_trace: [
          'TypeError: no price for void',
          '    at price (/srv/app.cjs:6:31)',
          '    at Server.<anonymous> (/srv/app.cjs:22:19)',
          '    at node:events:536:35',
        ],
      },
      'guid',
    ];
    const [event] = readTracedErrors(['run', [row]], at, origin);
    const payload = JSON.parse(Buffer.from(event!.payload).toString());
    expect(payload).toMatchObject({
      event_id: event!.eventId,
      release: 'r7',
      tags: { service: 'basket', item: 'void' },
    });
    expect(payload.exception.values[0].stacktrace.frames).toMatchObject([
      { filename: 'node:events', lineno: 536, in_app: false },
      { function: 'Server.<anonymous>', lineno: 22, in_app: true },
      { function: 'price', filename: '/srv/app.cjs', lineno: 6, colno: 31, in_app: true },
    ]);
    expect(readTracedErrors(['run', [row]], at, origin)[0]!.eventId).toBe(event!.eventId);
  });

  it('know no method that is both read and passed over', () => {
    expect(Object.keys(readers).filter((method) => method in passedOver)).toEqual([]);
  });
});

it('whatever comes, gives records within the limits and never throws', () => {
  const apis = [readMetrics, readEvents, readLogs, readTraces, readZipkin];
  const texts = fc.constantFrom(
    'metrics',
    'logs',
    'spans',
    'common',
    'attributes',
    'name',
    'value',
    'message',
    'id',
    'trace.id',
    'eventType',
    'timestamp',
  );
  const shaped = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, true, 0, -1, 1e300, 'text', '{"a":{"b":1}}'),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(texts, tie('value'), { maxKeys: 5 }),
    ),
  })).value;
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), shaped), (body) => {
      const read = [
        ...apis.map((api) => api(body, at)),
        ...Object.values(readers).map((reader) => reader(Array.isArray(body) ? body : [body], at, origin)),
      ];
      for (const { records } of read) {
        expect(records.length).toBeLessThanOrEqual(limits.records);
        for (const { type, timestamp, attributes } of records) {
          expect(type.length).toBeLessThanOrEqual(limits.nameLength);
          expect(Number.isFinite(timestamp)).toBe(true);
          for (const value of Object.values(attributes))
            expect(['string', 'number', 'boolean', 'object', 'undefined']).toContain(typeof value);
        }
      }
      for (const event of readTracedErrors(Array.isArray(body) ? body : [body], at, origin))
        expect(event.payload.byteLength).toBeLessThanOrEqual(limits.eventBytes + 100);
    }),
    { numRuns: 500 },
  );
});
