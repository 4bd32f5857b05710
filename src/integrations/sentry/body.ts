import type { IncomingMessage } from 'node:http';
import { Fault } from '../../kernel/faults.ts';
import { decompress, staysPacked, tooLarge } from './decompress.ts';
import { intakeLimits as limits } from './limits.ts';

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

/** A body as it is read, and as it came where that is gzip. */
export interface Body {
  bytes: Buffer;
  gzip: Buffer | undefined;
}

/** Reads a body to its end, decompressed, within bounds of size and time. Throws a Fault past any of them, and for broken compression. */
export async function readBody(request: IncomingMessage, budget: Budget): Promise<Body> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limits.compressedBytes) throw tooLarge();
  const taken = { bytes: 0 };
  try {
    const raw = await collect(request, budget, taken);
    const encoding = String(request.headers['content-encoding'] ?? '')
      .trim()
      .toLowerCase();
    const bytes = await decompress(raw, encoding);
    return { bytes, gzip: staysPacked(encoding) ? raw : undefined };
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
