import snappy from 'snappyjs';
import { Fault } from '../../kernel/faults.ts';

/** Bytes of the length in front of a Snappy block, at most. */
const lengthBytes = 5;

/**
 * A block in Snappy's raw format (https://github.com/google/snappy/blob/main/format_description.txt), as Prometheus and Loki senders
 * use it. Throws a Fault: `too-large` when the block announces more than `mostBytes`, `invalid` when it is broken.
 */
export function unsnappy(body: unknown, mostBytes: number): Buffer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const announced = announcedLength(bytes);
  if (announced === undefined) throw broken();
  if (announced > mostBytes) {
    throw new Fault('too-large', `The body is larger than ${mostBytes} bytes once decompressed`, {
      code: 'http.inflated-too-large',
    });
  }
  try {
    return snappy.uncompress(bytes, mostBytes);
  } catch (cause) {
    throw broken(cause);
  }
}

const broken = (cause?: unknown): Fault =>
  new Fault('invalid', 'The body is no Snappy block', { code: 'http.encoding', cause });

function announcedLength(bytes: Buffer): number | undefined {
  let length = 0;
  for (let index = 0; index < lengthBytes; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    length += (byte & 127) * 2 ** (7 * index);
    if (byte < 128) return length;
  }
  return undefined;
}
