import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, gunzipSync, inflate, inflateRaw } from 'node:zlib';
import { Decompress } from 'fzstd';
import { Fault } from '../../kernel/faults.ts';
import { intakeLimits as limits } from './limits.ts';

const unzip = { gunzip: promisify(gunzip), inflate: promisify(inflate), inflateRaw: promisify(inflateRaw) };
const unbrotli = promisify(brotliDecompress);

const tooLarge = (): Fault =>
  new Fault('too-large', 'The body is too large', {
    code: 'sentry.body-too-large',
    hint: `At most ${limits.compressedBytes} bytes on the wire and ${limits.bodyBytes} bytes decompressed are read.`,
  });

/** Keeps the sum of all bodies in memory bounded. */
export interface Budget {
  take(bytes: number): void;
  give(bytes: number): void;
}

export function createBudget(total: number): Budget {
  let used = 0;
  return {
    take(bytes) {
      if (used + bytes > total) {
        throw new Fault('unavailable', 'Too much is being received at this moment', {
          code: 'sentry.busy',
          retryAfter: 5,
        });
      }
      used += bytes;
    },
    give(bytes) {
      used -= bytes;
    },
  };
}

/** Reads a body to its end, decompressed, within bounds of size and time. Throws a Fault past any of them, and for broken compression. */
export async function readBody(request: IncomingMessage, budget: Budget): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limits.compressedBytes) throw tooLarge();
  const taken = { bytes: 0 };
  try {
    const raw = await collect(request, budget, taken);
    return await decompress(
      raw,
      String(request.headers['content-encoding'] ?? '')
        .trim()
        .toLowerCase(),
    );
  } finally {
    budget.give(taken.bytes);
  }
}

/** The bytes of a body. By events, since leaving a loop over the stream early would destroy it before it could be answered. */
function collect(request: IncomingMessage, budget: Budget, taken: { bytes: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      finish();
    };
    const timer = setTimeout(
      () =>
        settle(() =>
          reject(new Fault('unavailable', 'The body took too long to arrive', { code: 'sentry.slow-body' })),
        ),
      limits.bodyMs,
    );
    const onData = (chunk: Buffer): void => {
      try {
        if (taken.bytes + chunk.length > limits.compressedBytes) throw tooLarge();
        budget.take(chunk.length);
      } catch (refusal) {
        settle(() => reject(refusal as Fault));
        return;
      }
      taken.bytes += chunk.length;
      chunks.push(chunk);
    };
    const onEnd = (): void => settle(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    const onBroken = (): void => settle(() => reject(new Error('the client went away')));
    // A stream that breaks after it was settled must not take the process down.
    request.on('error', () => {});
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

/**
 * Lets the rest of a refused body run by, so that the client gets to read why; one that goes on for too long is cut off.
 */
export function letPass(request: IncomingMessage): void {
  if (request.complete) return;
  let bytes = 0;
  const timer = setTimeout(() => request.destroy(), limits.afterRefusalMs);
  timer.unref();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limits.afterRefusalBytes) request.destroy();
  });
  request.on('error', () => {});
  request.once('close', () => clearTimeout(timer));
}

/** Small gzip bodies are the rule; for them the way through the thread pool costs more than the work. */
const smallGzip = 16 * 1024;
const smallResult = 512 * 1024;

/** Undoes a content encoding. An unknown one is taken for none, as clients of this protocol expect. */
export async function decompress(raw: Buffer, encoding: string): Promise<Buffer> {
  const options = { maxOutputLength: limits.bodyBytes };
  try {
    switch (encoding) {
      case 'gzip':
      case 'x-gzip':
        if (raw.length <= smallGzip) {
          try {
            return gunzipSync(raw, { maxOutputLength: smallResult });
          } catch (error) {
            if ((error as { code?: string }).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
          }
        }
        return await unzip.gunzip(raw, options);
      case 'deflate':
        // Named after zlib, but some send it without zlib's wrapper.
        return await unzip.inflate(raw, options).catch((error: { code?: string }) => {
          if (error.code === 'ERR_BUFFER_TOO_LARGE') throw error;
          return unzip.inflateRaw(raw, options);
        });
      case 'br':
        return await unbrotli(raw, options);
      case 'zstd':
        return await unzstd(raw);
      default:
        return raw;
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new Fault('invalid', `The body is no valid ${encoding}`, { code: 'sentry.encoding', cause: error });
  }
}

/** Input given to the decompressor at a time, so that other requests get their turn. */
const zstdSlice = 16 * 1024;

async function unzstd(raw: Buffer): Promise<Buffer> {
  // The window is reserved as the frame asks, before anything is checked.
  if (zstdWindow(raw) > limits.bodyBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stream = new Decompress((chunk) => {
    size += chunk.length;
    if (size > limits.bodyBytes) throw tooLarge();
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
