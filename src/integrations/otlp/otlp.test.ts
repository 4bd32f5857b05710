import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../kernel/faults.ts';
import type { Json } from '../../kernel/foreign-json.ts';
import { CumulativeState } from '../../platform/observe/cumulative.ts';
import { decodeMessage, encodeBytes, encodeNumber } from '../../platform/protobuf/protobuf.ts';
import type { IntakeRecord } from '../../telemetry/port.ts';
import { requests, type Signal } from './messages.ts';
import { mapRequest } from './records.ts';

const at = (state = new CumulativeState(0, 1000)) => ({
  projectId: 'p',
  now: 1_700_000_000_000,
  maxRecords: 100,
  changes: state.begin(),
});
const map = (signal: Signal, request: unknown, state?: CumulativeState) =>
  mapRequest(signal, request as Json, at(state));

const resource = {
  attributes: [
    { key: 'service.name', value: { stringValue: 'shop' } },
    { key: 'service.version', value: { stringValue: 'r7-abc' } },
    { key: 'deployment.environment.name', value: { stringValue: 'production' } },
    { key: 'k8s.pod', value: { kvlistValue: { values: [{ key: 'name', value: { stringValue: 'web-1' } }] } } },
  ],
};
const traces = (...spans: unknown[]) => ({
  resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'http' }, spans }] }],
});
const metrics = (...list: unknown[]) => ({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics: list }] }] });
const span = {
  traceId: '5B8EFFF798038103D269B633813FC60C',
  spanId: 'eee19b7ec3c1b174',
  name: 'GET /cart',
  kind: 2,
  startTimeUnixNano: '1544712660123456789',
  endTimeUnixNano: '1544712660373456789',
};

describe('OTLP records', () => {
  it('makes a span and a transaction of a server span', () => {
    const attributes = [
      { key: 'http.response.status_code', value: { intValue: '503' } },
      { key: 'http.request.method', value: { stringValue: 'GET' } },
    ];
    const { records } = map('traces', traces({ ...span, attributes }));
    expect(records.map(({ type }) => type)).toEqual(['Span', 'Transaction']);
    expect(records[1]).toMatchObject({
      timestamp: 1_544_712_660_123.456,
      projectId: 'p',
      attributes: {
        service: 'shop',
        release: 'r7-abc',
        environment: 'production',
        'k8s.pod.name': 'web-1',
        'otel.library.name': 'http',
        name: 'GET /cart',
        duration: 0.25,
        error: true,
        kind: 'server',
        traceId: '5b8efff798038103d269b633813fc60c',
        httpResponseStatusCode: 503,
        'request.method': 'GET',
      },
    });
    expect(records[0]!.attributes.error).toBe(false);
  });

  it('makes no transaction of other spans, and counts spans without ids', () => {
    expect(map('traces', traces({ ...span, kind: 'SPAN_KIND_CLIENT' })).records.map(({ type }) => type)).toEqual([
      'Span',
    ]);
    expect(map('traces', traces({ ...span, traceId: '00' }), undefined)).toMatchObject({ records: [], rejected: 1 });
  });

  it('reads severity by number, by name or by text', () => {
    const log = (extra: object) =>
      map('logs', {
        resourceLogs: [{ resource, scopeLogs: [{ logRecords: [{ body: { stringValue: 'x' }, ...extra }] }] }],
      }).records[0]!.attributes.level;
    expect(log({ severityNumber: 17 })).toBe('error');
    expect(log({ severityNumber: 'SEVERITY_NUMBER_WARN2' })).toBe('warn');
    expect(log({ severityText: 'Critical' })).toBe('critical');
  });

  const counter = (value: number, startTimeUnixNano = '1000000000') =>
    metrics({
      name: 'hits',
      sum: {
        isMonotonic: true,
        aggregationTemporality: 2,
        dataPoints: [{ asInt: String(value), startTimeUnixNano, timeUnixNano: '2000000000' }],
      },
    });
  const total = (records: IntakeRecord[]) => records[0]!.attributes.total;

  it('stores of a cumulative counter what was added, through restarts', () => {
    const state = new CumulativeState(500, 1000);
    expect(total(map('metrics', counter(10), state).records)).toBe(10);
    expect(total(map('metrics', counter(25), state).records)).toBe(15);
    expect(total(map('metrics', counter(4), state).records)).toBe(4);
    expect(total(map('metrics', counter(6, '3000000000'), state).records)).toBe(6);
  });

  it('takes the first point of an older series as a baseline', () => {
    const state = new CumulativeState(5000, 1000);
    expect(map('metrics', counter(1000), state).records[0]!.attributes).toMatchObject({
      total: 0,
      count: 0,
      latest: 1000,
    });
    expect(total(map('metrics', counter(1007), state).records)).toBe(7);
  });

  it('keeps histograms with their buckets and turns exponential ones into explicit ones', () => {
    const point = { count: '6', sum: 20, min: 1, max: 9, timeUnixNano: '2000000000' };
    const explicit = map(
      'metrics',
      metrics({
        name: 'h',
        histogram: {
          aggregationTemporality: 1,
          dataPoints: [{ ...point, explicitBounds: [2, 4], bucketCounts: ['1', '2', '3'] }],
        },
      }),
    );
    expect(explicit.records[0]).toMatchObject({
      attributes: { metricType: 'distribution', count: 6, total: 20, min: 1, max: 9 },
      buckets: { bounds: [2, 4], counts: [1, 2, 3] },
    });
    const exponential = map(
      'metrics',
      metrics({
        name: 'e',
        exponentialHistogram: {
          aggregationTemporality: 1,
          dataPoints: [
            {
              ...point,
              scale: 0,
              zeroCount: '1',
              positive: { offset: 0, bucketCounts: ['2', '1'] },
              negative: { offset: 1, bucketCounts: ['2'] },
            },
          ],
        },
      }),
    );
    // base 2: positive (1,2] and (2,4], negative [-4,-2).
    expect(exponential.records[0]!.buckets).toEqual({ bounds: [-4, -2, 1, 2, 4], counts: [0, 2, 1, 2, 1, 0] });
  });

  it('survives any JSON', () => {
    const state = new CumulativeState(0, 1000);
    const value = fc.oneof(fc.jsonValue(), fc.constant(span), fc.constant(resource));
    const nested = (a: string, b: string, c: string) =>
      value.map((item) => ({ [a]: [{ resource: item, [b]: [{ scope: item, [c]: [item] }] }] }));
    fc.assert(
      fc.property(
        fc.oneof(
          nested('resourceSpans', 'scopeSpans', 'spans'),
          nested('resourceLogs', 'scopeLogs', 'logRecords'),
          nested('resourceMetrics', 'scopeMetrics', 'metrics'),
        ),
        (request) => {
          for (const signal of ['traces', 'logs', 'metrics'] as const) map(signal, request, state);
        },
      ),
    );
  });
});

describe('protobuf', () => {
  const bytes = (...list: (Buffer | number[])[]) => Buffer.concat(list.map((part) => Buffer.from(part)));

  it('reads numbers of every width', () => {
    const type = () => ({
      1: { name: 'a', type: 'int' as const },
      2: { name: 'b', type: 'sint' as const },
      3: { name: 'c', type: 'uint' as const, repeated: true },
    });
    expect(decodeMessage(bytes([8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), type)).toEqual({ a: -1 });
    expect(decodeMessage(bytes([16, 5]), type)).toEqual({ b: -3 });
    expect(decodeMessage(bytes([26, 3, 1, 0xac, 2], [24, 7]), type)).toEqual({ c: [1, 300, 7] });
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(decodeMessage(encodeNumber(1, value), type).a ?? 0).toBe(value);
      }),
    );
  });

  it('skips unknown fields', () => {
    const type = () => ({ 1: { name: 'a', type: 'string' as const } });
    expect(decodeMessage(bytes(encodeBytes(9, 'no'), encodeNumber(8, 4), encodeBytes(1, 'yes')), type)).toEqual({
      a: 'yes',
    });
  });

  it('refuses other bytes without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (content) => {
        try {
          decodeMessage(Buffer.from(content), requests.traces);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: 1000 },
    );
    // An AnyValue holding a list holding a list...
    let deep = encodeBytes(1, 'x');
    for (let level = 0; level < 100; level += 1) deep = encodeBytes(5, encodeBytes(1, deep));
    const request = encodeBytes(1, encodeBytes(1, encodeBytes(1, bytes(encodeBytes(1, 'k'), encodeBytes(2, deep)))));
    expect(() => decodeMessage(request, requests.traces)).toThrow(/nested too deeply/);
  });
});
