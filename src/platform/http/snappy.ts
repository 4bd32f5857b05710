import { Fault } from '../../kernel/faults.ts';

/** Bytes of the length in front of a block, at most. */
const lengthBytes = 5;

/**
 * A block in Snappy's raw format (https://github.com/google/snappy/blob/main/format_description.txt), as senders of Prometheus and Loki
 * use it. Every length is checked before it is followed, which the libraries at hand do not do: a few wrong bytes keep them busy for
 * minutes. Throws a Fault: `too-large` when the block announces more than `mostBytes`, `invalid` when it is broken.
 */
export function unsnappy(body: unknown, mostBytes: number): Buffer {
  const block = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const { length, at } = announced(block);
  if (length > mostBytes) {
    throw new Fault('too-large', `The body is larger than ${mostBytes} bytes once decompressed`, {
      code: 'http.inflated-too-large',
    });
  }
  const result = Buffer.allocUnsafe(length);
  if (unpack(block, at, result) !== length) throw broken();
  return result;
}

const broken = (): Fault => new Fault('invalid', 'The body is no Snappy block', { code: 'http.encoding' });

function announced(block: Buffer): { length: number; at: number } {
  let length = 0;
  for (let at = 0; at < lengthBytes; at += 1) {
    const byte = block[at];
    if (byte === undefined) break;
    length += (byte & 127) * 2 ** (7 * at);
    if (byte < 128) return { length, at: at + 1 };
  }
  throw broken();
}

/** Little-endian number of so many bytes. */
function numberAt(block: Buffer, at: number, bytes: number): number {
  if (at + bytes > block.length) throw broken();
  return block.readUIntLE(at, bytes);
}

/** Follows the elements of a block: literal bytes, and copies of what was written before. Returns how many bytes were written. */
function unpack(block: Buffer, begin: number, into: Buffer): number {
  let at = begin;
  let written = 0;
  while (at < block.length) {
    const tag = block[at]!;
    at += 1;
    const kind = tag & 3;
    if (kind === 0) {
      const extra = Math.max(0, (tag >> 2) - 59);
      const length = 1 + (extra === 0 ? tag >> 2 : numberAt(block, at, extra));
      at += extra;
      if (at + length > block.length || written + length > into.length) throw broken();
      block.copy(into, written, at, at + length);
      at += length;
      written += length;
      continue;
    }
    const bytes = kind === 1 ? 1 : kind === 2 ? 2 : 4;
    const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = numberAt(block, at, bytes) + (kind === 1 ? (tag >> 5) * 256 : 0);
    at += bytes;
    if (offset === 0 || offset > written || written + length > into.length) throw broken();
    // A copy may reach into what it writes itself, so it goes byte by byte.
    for (let index = 0; index < length; index += 1) into[written + index] = into[written + index - offset]!;
    written += length;
  }
  return written;
}
