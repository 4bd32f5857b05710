import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../kernel/faults.ts';
import { decodeMessage, encodeBytes, encodeNumber } from '../../platform/protobuf/protobuf.ts';
import { limits } from './limits.ts';
import { parseLabels, pushRequest, readJson, readProtobuf } from './streams.ts';

const now = 1_760_000_000_000;

describe('Loki push', () => {
  it('reads both forms alike', () => {
    const labels = '{job="api", level="warning", path="C:\\\\logs"}';
    const entry = Buffer.concat([
      encodeBytes(1, Buffer.concat([encodeNumber(1, now / 1000), encodeNumber(2, 5_000_000)])),
      encodeBytes(2, 'slow'),
      encodeBytes(3, Buffer.concat([encodeBytes(1, 'trace_id'), encodeBytes(2, 'AB')])),
    ]);
    const body = encodeBytes(1, Buffer.concat([encodeBytes(1, labels), encodeBytes(2, entry)]));
    const binary = readProtobuf(decodeMessage(body, pushRequest), 'p', now);
    const json = readJson(
      {
        streams: [
          {
            stream: { job: 'api', level: 'warning', path: 'C:\\logs' },
            values: [
              [
                `${now}005000`.replace(/(\d{13})005000$/, (_, ms) => `${Number(ms) + 5}000000`),
                'slow',
                { trace_id: 'AB' },
              ],
            ],
          },
        ],
      },
      'p',
      now,
    );
    expect(binary).toEqual(json);
    expect(json.records).toEqual([
      {
        type: 'Log',
        timestamp: now + 5,
        projectId: 'p',
        attributes: { job: 'api', path: 'C:\\logs', message: 'slow', service: 'api', level: 'warn', traceId: 'ab' },
      },
    ]);
  });

  it('reads labels as Go writes them', () => {
    expect(parseLabels('{a="b", c = "d\\"e", odd="\\x41"}')).toEqual({ a: 'b', c: 'd"e', odd: '\\x41' });
    expect(parseLabels('nonsense')).toEqual({});
  });

  it('whatever comes, gives lines within the limits', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.uint8Array({ maxLength: 200 }), (body, bytes) => {
        for (const form of [body, { streams: body }, { streams: [{ stream: body, values: body }] }])
          expect(readJson(form, 'p', now).records.length).toBeLessThanOrEqual(limits.lines);
        try {
          for (const { timestamp } of readProtobuf(decodeMessage(Buffer.from(bytes), pushRequest), 'p', now).records)
            expect(Number.isFinite(timestamp)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: 500 },
    );
  });
});
