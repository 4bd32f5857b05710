import { promisify } from 'node:util';
import { brotliDecompress, gunzip, gunzipSync, inflate, inflateRaw } from 'node:zlib';
import { Decompress } from 'fzstd';
import { Fault } from '../../kernel/faults.ts';
import { intakeLimits as limits } from './limits.ts';

const unzip = { gunzip: promisify(gunzip), inflate: promisify(inflate), inflateRaw: promisify(inflateRaw) };
const unbrotli = promisify(brotliDecompress);

export const tooLarge = (): Fault =>
  new Fault('too-large', 'The body is too large', {
    code: 'sentry.body-too-large',
    hint: `At most ${limits.compressedBytes} bytes on the wire and ${limits.bodyBytes} bytes decompressed are read.`,
  });

/** More came out than may. */
class Overflow extends Error {}

/** Lets some do what takes room at a time; the others wait, up to a number that is told to come back. */
function createLane(width: number, waiting: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let free = width;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (free === 0) {
      if (queue.length >= waiting) {
        throw new Fault('unavailable', 'Too much is being received at this moment', {
          code: 'sentry.busy',
          retryAfter: 5,
        });
      }
      await new Promise<void>((resolve) => queue.push(resolve));
    } else free -= 1;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else free += 1;
    }
  };
}

/**
 * What comes out of few bytes is small as a rule, and many such are unpacked at a time. What turns out larger begins anew among
 * few, so that a hundred bombs cost the room of two; of very few bytes not even the most that any body may have is unpacked.
 */
const small = { lane: createLane(32, 2000), bytes: 2 * 1024 * 1024 };
const large = { lane: createLane(2, 200), ratio: 400, least: 8 * 1024 * 1024 };

/** Small gzip bodies are the rule; for them the way through the thread pool costs more than the work. */
const smallGzip = 16 * 1024;
const smallResult = 512 * 1024;

/** Whether what is encoded so is kept packed: it can be unpacked again at any time, and quickly. */
export const staysPacked = (encoding: string): boolean => unpackers[encoding] === gunzipAny;

/** Undoes a content encoding. An unknown one is taken for none, as clients of this protocol expect. */
export async function decompress(raw: Buffer, encoding: string): Promise<Buffer> {
  const unpack = unpackers[encoding];
  if (!unpack) return raw;
  try {
    if (unpack === gunzipAny && raw.length <= smallGzip) {
      try {
        return gunzipSync(raw, { maxOutputLength: smallResult, chunkSize: announcedSize(raw) });
      } catch (error) {
        if (!isOverflow(error)) throw error;
      }
    }
    try {
      return await small.lane(() => unpack(raw, small.bytes));
    } catch (error) {
      if (!isOverflow(error)) throw error;
    }
    const most = Math.min(limits.bodyBytes, Math.max(large.least, raw.length * large.ratio));
    return await large.lane(() => unpack(raw, most));
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (isOverflow(error)) throw tooLarge();
    throw new Fault('invalid', `The body is no valid ${encoding}`, { code: 'sentry.encoding', cause: error });
  }
}

/** Room for what gzip's last four bytes (RFC 1952, section 2.3.1) say comes out: one piece in place of many that are put together. */
function announcedSize(raw: Buffer): number {
  const said = raw.length < 4 ? 0 : raw.readUInt32LE(raw.length - 4);
  return Math.min(Math.max(said + 1, 1024), smallResult);
}

const isOverflow = (error: unknown): boolean =>
  error instanceof Overflow || (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';

type Unpack = (raw: Buffer, most: number) => Promise<Buffer>;

const gunzipAny: Unpack = (raw, most) => unzip.gunzip(raw, { maxOutputLength: most });

const unpackers: Partial<Record<string, Unpack>> = {
  gzip: gunzipAny,
  'x-gzip': gunzipAny,
  // Named after zlib, but some send it without zlib's wrapper.
  deflate: (raw, most) =>
    unzip.inflate(raw, { maxOutputLength: most }).catch((error: unknown) => {
      if (isOverflow(error)) throw error;
      return unzip.inflateRaw(raw, { maxOutputLength: most });
    }),
  br: (raw, most) => unbrotli(raw, { maxOutputLength: most }),
  zstd: unzstd,
};

/** Input given to the decompressor at a time, so that other requests get their turn. */
const zstdSlice = 16 * 1024;

async function unzstd(raw: Buffer, most: number): Promise<Buffer> {
  // The window is reserved as the frame asks, before anything is checked.
  if (zstdWindow(raw) > limits.bodyBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stream = new Decompress((chunk) => {
    size += chunk.length;
    if (size > most) throw new Overflow();
    chunks.push(chunk.slice());
  });
  for (let from = 0; from < raw.length; from += zstdSlice) {
    stream.push(raw.subarray(from, from + zstdSlice), from + zstdSlice >= raw.length);
    if (from + zstdSlice < raw.length) await new Promise((resolve) => setImmediate(resolve));
  }
  return Buffer.concat(chunks, size);
}

/** Bytes of window that a Zstandard frame asks for (RFC 8878, section 3.1.1.1). */
function zstdWindow(raw: Buffer): number {
  if (raw.length < 14) return 0;
  const descriptor = raw[4]!;
  const isSingle = (descriptor & 0x20) !== 0;
  if (!isSingle) {
    const exponent = raw[5]! >> 3;
    const base = 2 ** (10 + exponent);
    return base + (base / 8) * (raw[5]! & 7);
  }
  const at = 5 + [0, 1, 2, 4][descriptor & 3]!;
  switch (descriptor >> 6) {
    case 0:
      return raw[at]!;
    case 1:
      return raw.readUInt16LE(at) + 256;
    case 2:
      return raw.readUInt32LE(at);
    default:
      return Number(raw.readBigUInt64LE(Math.min(at, raw.length - 8)));
  }
}
