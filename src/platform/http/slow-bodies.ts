import type { IncomingMessage, ServerResponse } from 'node:http';

export interface SlowBodyLimits {
  /** A body that brings nothing for this long, though it is asked for more, is given up (ms). */
  stalledMs: number;
  /** From this age on a body must have come at `minBytesPerSecond` on average (ms). */
  slowAfterMs: number;
  minBytesPerSecond: number;
}

export const slowBodyLimits = (stalledMs: number): SlowBodyLimits => ({
  stalledMs,
  slowAfterMs: 2 * stalledMs,
  minBytesPerSecond: 500,
});

interface Watched {
  response: ServerResponse;
  since: number;
  startBytes: number;
  bytes: number;
  heardAt: number;
}

const answer =
  'HTTP/1.1 408 Request Timeout\r\ncontent-type: application/problem+json\r\nconnection: close\r\n\r\n' +
  '{"title":"The body took too long to arrive","status":408,"code":"http.slow-body"}';

/**
 * Cuts off clients that begin a body and then stall or drip, whoever reads it; a large body that keeps coming may take as
 * long as it takes. One timer for all of them. `watch` is called once for each request.
 */
export function createSlowBodyGuard(limits: SlowBodyLimits): {
  watch(request: IncomingMessage, response: ServerResponse): void;
  close(): void;
} {
  const watched = new Map<IncomingMessage, Watched>();
  const look = (): void => {
    const now = performance.now();
    for (const [request, entry] of watched) {
      if (request.complete || request.destroyed) {
        watched.delete(request);
        continue;
      }
      const { bytesRead } = request.socket;
      // What has come and was not taken yet is the reader's delay, not the client's.
      if (bytesRead !== entry.bytes || request.readableLength > 0) {
        entry.bytes = bytesRead;
        entry.heardAt = now;
      }
      const age = now - entry.since;
      const tooSlow =
        age > limits.slowAfterMs && bytesRead - entry.startBytes < (age / 1000) * limits.minBytesPerSecond;
      if (now - entry.heardAt < limits.stalledMs && !tooSlow) continue;
      watched.delete(request);
      if (!entry.response.headersSent && request.socket.writable) request.socket.end(answer);
      request.destroy();
    }
  };
  const timer = setInterval(look, Math.max(100, Math.min(5000, limits.stalledMs / 4)));
  timer.unref();
  return {
    watch(request, response) {
      if (request.complete || (request.headers['content-length'] ?? '0') === '0') {
        if (request.headers['transfer-encoding'] === undefined) return;
      }
      const now = performance.now();
      const { bytesRead } = request.socket;
      watched.set(request, { response, since: now, startBytes: bytesRead, bytes: bytesRead, heardAt: now });
      request.once('close', () => watched.delete(request));
    },
    close: () => clearInterval(timer),
  };
}
