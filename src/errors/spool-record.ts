import { gunzipSync } from 'node:zlib';
import type { PayloadMemory } from './payload-memory.ts';
import type { ReceivedEvent, ReceivedItem } from './port.ts';

/** Where a payload is in what its gzip holds, as a record's head says it. */
interface Place {
  from: number;
  length: number;
  unpacked: number;
}

type Head = Omit<ReceivedEvent, 'payload' | 'packed'> | Omit<ReceivedItem, 'payload'>;

/**
 * One event or item as a spool record: the length of a JSON head (4 bytes, little-endian), the head, the payload as it came. Where
 * the head says `gzip`, what follows holds the payload packed.
 */
export function encodeRecord(record: ReceivedEvent | ReceivedItem): Buffer {
  const { payload, packed, ...known } = record as ReceivedEvent;
  if (packed === undefined || packed.of !== payload) return encode(known, payload);
  const gzip: Place = { from: packed.from, length: payload.length, unpacked: packed.unpacked };
  return encode({ ...known, gzip }, packed.gzip);
}

function encode(known: object, body: Uint8Array): Buffer {
  const head = JSON.stringify(known);
  const length = Buffer.byteLength(head);
  const frame = Buffer.allocUnsafe(4 + length + body.length);
  frame.writeUInt32LE(length, 0);
  frame.write(head, 4, length, 'utf8');
  frame.set(body, 4 + length);
  return frame;
}

/**
 * Reads a spool record back; an event has no `kind`. The payload is a view into the frame, or is unpacked each time it is asked for,
 * so that those of a whole batch need not be held at a time.
 */
export function decodeRecord(frame: Buffer): ReceivedEvent | ReceivedItem {
  const end = 4 + frame.readUInt32LE(0);
  const { gzip, ...known } = JSON.parse(frame.toString('utf8', 4, end)) as Head & { gzip?: Place };
  const body = frame.subarray(end);
  if (gzip === undefined) return { ...known, payload: body };
  return {
    ...known,
    get payload() {
      return unpack(body, gzip);
    },
  };
}

/** What decoding the frame of an event would give, without decoding it; its payload is unpacked only when it is held no more. */
export function asDecoded(event: ReceivedEvent, frame: Buffer, memory: PayloadMemory): ReceivedEvent {
  const { payload, packed, ...known } = event;
  if (packed === undefined || packed.of !== payload) {
    return { ...known, payload: frame.subarray(frame.length - payload.length) };
  }
  const body = frame.subarray(frame.length - packed.gzip.length);
  const place: Place = { from: packed.from, length: payload.length, unpacked: packed.unpacked };
  const held = memory.hold(payload);
  return {
    ...known,
    get payload() {
      return held() ?? unpack(body, place);
    },
  };
}

/** It was unpacked before it was kept, so this is no place for bombs. */
function unpack(body: Buffer, { from, length, unpacked }: Place): Buffer {
  const whole = gunzipSync(body, { maxOutputLength: Math.max(unpacked, 1), chunkSize: Math.max(unpacked + 1, 64) });
  return whole.subarray(from, from + length);
}
