import type { FastifyReply, FastifyRequest } from 'fastify';

/** One server-sent event (HTML standard, section 9.2). */
export interface StreamMessage {
  /** What the browser sends back as Last-Event-ID to resume. */
  id?: string;
  event?: string;
  data: unknown;
}

export interface EventStream {
  /**
   * Sends a message. Resolves to false when the viewer is gone or so slow that its socket holds over 1 MB unsent;
   * the sender then stops or drops frames (never stored data).
   */
  send(message: StreamMessage): boolean;
  /** Aborts when the viewer goes away or the server stops. */
  signal: AbortSignal;
  close(): void;
}

const keepAliveMs = 15_000;
const maxUnsentBytes = 1024 * 1024;

/** Turns a request into a server-sent event stream. The handler must `return reply` afterwards. */
export function openEventStream(request: FastifyRequest, reply: FastifyReply): EventStream {
  reply.hijack();
  const socket = reply.raw;
  const abort = new AbortController();
  socket.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    connection: 'keep-alive',
    'x-accel-buffering': 'no',
  });
  socket.write(': connected\n\n');
  const keepAlive = setInterval(() => socket.write(': still here\n\n'), keepAliveMs);
  const end = (): void => {
    clearInterval(keepAlive);
    abort.abort();
  };
  request.raw.on('close', end);
  socket.on('close', end);
  socket.on('error', end);
  return {
    signal: abort.signal,
    send(message) {
      if (abort.signal.aborted || socket.writableLength > maxUnsentBytes) return false;
      const lines = [
        ...(message.id === undefined ? [] : [`id: ${message.id}`]),
        ...(message.event === undefined ? [] : [`event: ${message.event}`]),
        `data: ${JSON.stringify(message.data)}`,
      ];
      socket.write(`${lines.join('\n')}\n\n`);
      return true;
    },
    close() {
      end();
      socket.end();
    },
  };
}
