import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RecordedEvent, readRecording, recordingOf } from './replay-recording.ts';

const snapshot = { type: 2, timestamp: 1000, data: { node: {} } };
const change = { type: 3, timestamp: 1500, data: { source: 2 } };
const breadcrumb = { type: 5, timestamp: 1.2, data: { tag: 'breadcrumb' } };

const part = (segment: unknown, events: unknown, packed = true): Uint8Array => {
  const body = Buffer.from(JSON.stringify(events));
  return Buffer.concat([
    Buffer.from(`${JSON.stringify({ segment_id: segment })}\n`),
    packed ? deflateSync(body) : body,
  ]);
};

describe('parts of a replay', () => {
  test('packed or plain, without what the SDK adds for itself', async () => {
    const wanted = { segment: 4, events: [snapshot, change] };
    expect(await readRecording(part(4, [snapshot, breadcrumb, change]))).toMatchObject(wanted);
    expect(await readRecording(part(4, [snapshot, breadcrumb, change], false))).toMatchObject(wanted);
  });

  test('say what is wrong', async () => {
    await expect(readRecording(new Uint8Array(0))).rejects.toThrow('which part');
    await expect(readRecording(part('x', []))).rejects.toThrow('which part');
    await expect(readRecording(part(0, { a: 1 }))).rejects.toThrow('not a list');
    await expect(readRecording(Buffer.from('{"segment_id":0}\nnot zlib'))).rejects.toThrow('zlib');
    await expect(readRecording(part(0, [snapshot]).subarray(0, 40))).rejects.toThrow('zlib');
    await expect(readRecording(Buffer.from('{"segment_id":0}\n[{]'))).rejects.toThrow('not JSON');
  });

  test('unpack to no more than is allowed', async () => {
    await expect(readRecording(part(0, ['x'.repeat(5_000_000)]), 1_000_000)).rejects.toThrow('more than 1000000');
    await expect(readRecording(part(0, ['x'.repeat(5000)], false), 1000)).rejects.toThrow('larger than 1000');
  });

  test('any bytes are read or refused in words', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, packed) => {
        const body = packed ? deflateSync(bytes) : bytes;
        const file = Buffer.concat([Buffer.from('{"segment_id":0}\n'), body]);
        const read = await readRecording(file).catch((error: Error) => error.message);
        if (typeof read === 'string') expect(read).toMatch(/^its? /);
        else expect(read.segment).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('any JSON gives events that can be played', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), async (events) => {
        const read = await readRecording(part(1, events));
        for (const event of read.events) expect(Number.isFinite(event.timestamp)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a whole replay', () => {
  const of = (segment: number, events: RecordedEvent[]) => ({ segment, bytes: 1, events });

  test('is in the order of time, whatever the order of its parts', () => {
    const later = { ...change, timestamp: 3000 };
    expect(recordingOf([of(1, [later]), of(0, [snapshot, change])])).toEqual([snapshot, change, later]);
  });

  test('cannot be played without its beginning', () => {
    expect(() => recordingOf([of(1, [change, change])])).toThrow('first part did not come');
    expect(() => recordingOf([of(0, [snapshot])])).toThrow('single moment');
    expect(() => recordingOf([])).toThrow('first part did not come');
  });
});
