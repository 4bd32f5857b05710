import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PayloadMemory } from './payload-memory.ts';
import type { ReceivedEvent } from './port.ts';
import { asDecoded, decodeRecord, encodeRecord } from './spool-record.ts';

const known = { projectId: 'p', eventId: 'a'.repeat(32), receivedAt: 5, service: 'Größe' };

/** An event whose payload came within a packed body, with something before and after it. */
function packedEvent(payload: Uint8Array, before: Uint8Array, after: Uint8Array): ReceivedEvent {
  const body = Buffer.concat([before, payload, after]);
  const of = body.subarray(before.length, before.length + payload.length);
  const packed = { of, gzip: gzipSync(body), unpacked: body.length, from: before.length };
  return { ...known, payload: of, packed };
}

const bytes = fc.uint8Array({ maxLength: 200 });
const shown = (event: ReceivedEvent) => ({ ...event, payload: [...event.payload] });

describe('a record', () => {
  test('of an event comes back as it was, packed or not', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (payload, before, after) => {
        const event = packedEvent(payload, before, after);
        const plain = { ...known, payload };
        for (const one of [event, plain]) {
          const frame = encodeRecord(one);
          const expected = { ...known, payload: [...payload] };
          const read = decodeRecord(frame) as ReceivedEvent;
          // Unpacked anew each time.
          expect(shown(read)).toEqual(expected);
          expect(shown(read)).toEqual(expected);
          expect(shown(asDecoded(one, frame, new PayloadMemory(10_000)))).toEqual(expected);
          expect(shown(asDecoded(one, frame, new PayloadMemory(0)))).toEqual(expected);
        }
      }),
    );
  });

  test('of an event that compresses holds it packed', () => {
    const event = packedEvent(Buffer.alloc(100_000, 'x'), Buffer.alloc(0), Buffer.alloc(0));
    expect(encodeRecord(event).length).toBeLessThan(1000);
  });

  test('holds a payload that was put in place of another, never the other', () => {
    const secret = packedEvent(Buffer.from('a secret'), Buffer.alloc(0), Buffer.alloc(0));
    const masked = { ...secret, payload: Buffer.from('********') };
    const frame = encodeRecord(masked);
    for (const read of [decodeRecord(frame) as ReceivedEvent, asDecoded(masked, frame, new PayloadMemory(1000))]) {
      expect(Buffer.from(read.payload).toString()).toBe('********');
    }
  });

  test('written before events were kept packed is read', () => {
    const head = Buffer.from(JSON.stringify(known));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(head.length);
    const read = decodeRecord(Buffer.concat([length, head, Buffer.from('{}')])) as ReceivedEvent;
    expect(shown(read)).toEqual({ ...known, payload: [...Buffer.from('{}')] });
  });
});
