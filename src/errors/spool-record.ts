import type { ReceivedEvent, ReceivedItem } from './port.ts';

/** One event or item as a spool record: the length of a JSON head (4 bytes, little-endian), the head, the payload as it came. */
export function encodeRecord(record: ReceivedEvent | ReceivedItem): Buffer {
  const { payload, ...known } = record;
  const head = Buffer.from(JSON.stringify(known));
  const frame = Buffer.allocUnsafe(4 + head.length + payload.length);
  frame.writeUInt32LE(head.length, 0);
  head.copy(frame, 4);
  frame.set(payload, 4 + head.length);
  return frame;
}

/** Reads a spool record back; the payload is a view into it. An event has no `kind`. */
export function decodeRecord(frame: Buffer): ReceivedEvent | ReceivedItem {
  const end = 4 + frame.readUInt32LE(0);
  const known = JSON.parse(frame.toString('utf8', 4, end)) as
    | Omit<ReceivedEvent, 'payload'>
    | Omit<ReceivedItem, 'payload'>;
  return { ...known, payload: frame.subarray(end) };
}
