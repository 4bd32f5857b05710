import type { ReceivedEvent } from './port.ts';

/** One event as a spool record: the length of a JSON head (4 bytes, little-endian), the head, the payload as it came. */
export function encodeEvent(event: ReceivedEvent): Buffer {
  const { payload, ...known } = event;
  const head = Buffer.from(JSON.stringify(known));
  const frame = Buffer.allocUnsafe(4 + head.length + payload.length);
  frame.writeUInt32LE(head.length, 0);
  head.copy(frame, 4);
  frame.set(payload, 4 + head.length);
  return frame;
}

/** Reads a spool record back; the payload is a view into it. */
export function decodeEvent(frame: Buffer): ReceivedEvent {
  const end = 4 + frame.readUInt32LE(0);
  const known = JSON.parse(frame.toString('utf8', 4, end)) as Omit<ReceivedEvent, 'payload'>;
  return { ...known, payload: frame.subarray(end) };
}
