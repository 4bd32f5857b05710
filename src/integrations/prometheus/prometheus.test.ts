import fc from 'fast-check';
import snappy from 'snappyjs';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../kernel/faults.ts';
import { unsnappy } from '../../platform/http/snappy.ts';
import { CumulativeState } from '../../platform/observe/cumulative.ts';
import { decodeMessage, encodeBytes, encodeNumber } from '../../platform/protobuf/protobuf.ts';
import { KnownSeries } from './known-series.ts';
import { writeRequest, writeRequestV2 } from './messages.ts';
import { MetricTypes, readWriteRequest, readWriteRequestV2 } from './series.ts';

const now = 1_760_000_000_000;
const double = (field: number, value: number): Buffer => {
  const bytes = Buffer.alloc(9);
  bytes[0] = field * 8 + 1;
  bytes.writeDoubleLE(value, 1);
  return bytes;
};
const pair = (name: string, value: string): Buffer => Buffer.concat([encodeBytes(1, name), encodeBytes(2, value)]);
const sample = (value: number, at: number): Buffer => Buffer.concat([double(1, value), encodeNumber(2, at)]);
const series = (labels: Record<string, string>, ...samples: Buffer[]): Buffer =>
  encodeBytes(
    1,
    Buffer.concat([
      ...Object.entries(labels).map(([name, value]) => encodeBytes(1, pair(name, value))),
      ...samples.map((one) => encodeBytes(2, one)),
    ]),
  );

const world = () => {
  const state = new CumulativeState(0, 1000);
  const types = new MetricTypes();
  const known = new KnownSeries();
  const read = (...parts: Buffer[]) => readFrom('', ...parts);
  const readFrom = (source: string, ...parts: Buffer[]) =>
    readWriteRequest(decodeMessage(Buffer.concat(parts), writeRequest), {
      projectId: 'p',
      types,
      changes: state.begin(),
      known,
      source,
    });
  return { state, types, read, readFrom };
};

describe('remote write', () => {
  it('keeps gauges as they are, and of counters what they grew by, over a restart too', () => {
    const { read } = world();
    const labels = { __name__: 'http_requests_total', job: 'api', instance: 'h1:9100' };
    const first = read(
      series(labels, sample(10, now), sample(14, now + 15_000)),
      series({ __name__: 'up' }, sample(1, now)),
    );
    expect(
      first.records.map(({ attributes, point }) => [attributes.metricName, attributes.metricType, point?.total]),
    ).toEqual([
      ['http_requests_total', 'count', 10],
      ['http_requests_total', 'count', 4],
      ['up', 'gauge', 1],
    ]);
    expect(first.records[0]!.attributes).toMatchObject({ service: 'api', host: 'h1', instance: 'h1:9100' });
    expect(read(series(labels, sample(3, now + 30_000))).records[0]!.point?.total).toBe(3);
  });

  it('carries the name its sender gave itself, as New Relic has it, and keeps senders apart', () => {
    const { readFrom } = world();
    const sent = series({ __name__: 'up', 'instrumentation.source': 'own' }, sample(1, now));
    const attributes = (source: string) => readFrom(source, sent).records[0]!.attributes;
    expect(attributes('east')).toEqual({
      metricName: 'up',
      metricType: 'gauge',
      prometheus_server: 'east',
      'instrumentation.provider': 'prometheus',
      'instrumentation.name': 'remote-write',
      'instrumentation.source': 'own',
    });
    expect(attributes('west').prometheus_server).toBe('west');
    expect(attributes('').prometheus_server).toBeUndefined();
  });

  it('knows a series again, and tells those of others and of other types apart', () => {
    const { read, types } = world();
    const known = new KnownSeries();
    const of = (projectId: string, labels: Record<string, string>) =>
      readWriteRequest(decodeMessage(series(labels, sample(1, now)), writeRequest), {
        projectId,
        types,
        changes: new CumulativeState(0, 10).begin(),
        known,
      }).records[0]!.attributes;
    const first = of('p', { __name__: 'seen', path: 'Grüße' });
    expect(first).toEqual({ path: 'Grüße', metricName: 'seen', metricType: 'gauge' });
    expect(of('p', { __name__: 'seen', path: 'Grüße' })).toBe(first);
    expect(of('q', { __name__: 'seen', path: 'Grüße' })).not.toBe(first);
    expect(of('p', { __name__: 'seen', path: 'Grüß' })).not.toBe(first);
    types.learn('p', 'seen', 'counter');
    expect(of('p', { __name__: 'seen', path: 'Grüße' })).toMatchObject({ metricType: 'count' });
    const broken = encodeBytes(1, encodeBytes(1, Buffer.from([0x0a, 0x7f])));
    expect(() => read(broken)).toThrow(Fault);
  });

  it('counts again from before a request that could not be stored', async () => {
    const { state, types } = world();
    const push = async (value: number, fails = false): Promise<unknown> => {
      const changes = state.begin();
      const request = decodeMessage(series({ __name__: 'a_total' }, sample(value, now)), writeRequest);
      const { records } = readWriteRequest(request, { projectId: 'p', types, changes, known: new KnownSeries() });
      await changes.keepIf(async () => {
        if (fails) throw new Error('full');
      });
      return records[0]!.point?.total;
    };
    await push(5);
    await expect(push(8, true)).rejects.toThrow('full');
    expect(await push(9)).toBe(4);
  });

  it('believes what it is told of types more than names, and forgets the marks of ended series', () => {
    const { read } = world();
    const told = encodeBytes(3, Buffer.concat([encodeNumber(1, 2), encodeBytes(2, 'items_count')]));
    const { records } = read(told, series({ __name__: 'items_count' }, sample(7, now), sample(Number.NaN, now + 1)));
    expect(records.map(({ attributes }) => attributes.metricType)).toEqual(['gauge']);
  });

  it('reads version 2 by its table of texts', () => {
    const symbols = ['', '__name__', 'size_bytes', 'job', 'db'];
    const packed = (field: number, values: number[]): Buffer => encodeBytes(field, Buffer.from(values));
    const body = Buffer.concat([
      ...symbols.map((text) => encodeBytes(4, text)),
      encodeBytes(5, Buffer.concat([packed(1, [1, 2, 3, 4]), encodeBytes(2, sample(5, now))])),
    ]);
    const at = { projectId: 'p', types: new MetricTypes(), changes: new CumulativeState(0, 10).begin() };
    expect(readWriteRequestV2(decodeMessage(body, writeRequestV2), at).records).toMatchObject([
      { attributes: { metricName: 'size_bytes', service: 'db', latest: 5 } },
    ]);
  });

  it('unpacks what Snappy packs, up to its limit, and says what it cannot', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expect(unsnappy(snappy.compress(Buffer.from(bytes)), 4000)).toEqual(Buffer.from(bytes));
      }),
    );
    expect(() => unsnappy(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]), 1000)).toThrow(/larger than 1000/);
    expect(() => unsnappy(Buffer.from([0xff, 0xff]), 1000)).toThrow(/no Snappy/);
    // A literal of four billion bytes, a copy from before the beginning, and one of nothing.
    for (const bytes of ['0afcffffffff', '0a0061120800', '0a0061120000'])
      expect(() => unsnappy(Buffer.from(bytes, 'hex'), 1000)).toThrow(/no Snappy/);
  });

  it('whatever bytes come, answers with records or a plain refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          unsnappy(Buffer.from(bytes), 10_000);
        } catch (error) {
          expect((error as Error).name).toBe('Fault');
        }
        try {
          const { read } = world();
          for (const { timestamp, attributes } of read(Buffer.from(bytes)).records) {
            expect(timestamp).toBeGreaterThan(0);
            expect(attributes.metricName).not.toBe('');
          }
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
