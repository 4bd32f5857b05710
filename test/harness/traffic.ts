import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Client } from '../../src/client/index.ts';
import { newId } from '../../src/kernel/ids.ts';

/** Somebody who does one thing after the other until told to stop; `stop` rejects with what went wrong. */
export interface Lane<Done> {
  done: Done[];
  stop(): Promise<void>;
}

/** Does `next` again and again, with a pause between two; what it resolves to is done, unless that is nothing. */
export function laneOf<Done>(pauseMs: number, next: (n: number) => Promise<Done | undefined>): Lane<Done> {
  const done: Done[] = [];
  let open = true;
  let failure: unknown;
  const running = (async () => {
    for (let n = 0; open; n += 1) {
      const one = await next(n);
      if (one !== undefined) done.push(one);
      await sleep(pauseMs);
    }
  })().catch((error: unknown) => {
    failure = error;
  });
  return {
    done,
    async stop() {
      open = false;
      await running;
      if (failure !== undefined) throw failure;
    },
  };
}

/** Sends one event in an envelope; resolves to whether it was acknowledged. */
async function sendError(dsn: string, eventId: string): Promise<boolean> {
  const { protocol, host, username, pathname } = new URL(dsn);
  const frames = [{ function: 'total', filename: 'shop/cart.py', lineno: 7, in_app: true }];
  const event = {
    event_id: eventId,
    timestamp: Date.now() / 1000,
    platform: 'python',
    level: 'error',
    exception: { values: [{ type: 'KeyError', value: "'percent'", stacktrace: { frames } }] },
  };
  const parts = [{ event_id: eventId, dsn }, { type: 'event' }, event];
  try {
    const response = await fetch(`${protocol}//${host}/api${pathname}/envelope/`, {
      method: 'POST',
      headers: { 'x-sentry-auth': `Sentry sentry_key=${username}, sentry_version=7` },
      body: parts.map((part) => JSON.stringify(part)).join('\n'),
      signal: AbortSignal.timeout(5000),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Sends error events, each again until it is acknowledged, as an SDK with a retrying transport would. Done: their ids. */
export const sendErrors = (dsn: string): Lane<string> =>
  laneOf(60, async () => {
    const id = newId().replaceAll('-', '');
    while (!(await sendError(dsn, id))) await sleep(100);
    return id;
  });

/** Sends lines of log over OTLP, each once: its protocol cannot tell a line that comes again. Done: those that were acknowledged. */
export const sendLines = (dsn: string): Lane<string> =>
  laneOf(60, async () => {
    const line = `line ${newId()}`;
    const { protocol, host, username } = new URL(dsn);
    const attributes = [{ key: 'source', value: { stringValue: 'lane' } }];
    const record = { timeUnixNano: `${Date.now()}000000`, body: { stringValue: line }, attributes };
    try {
      const response = await fetch(`${protocol}//${host}/v1/logs`, {
        method: 'POST',
        headers: { authorization: `Bearer ${username}`, 'content-type': 'application/json' },
        body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }),
        signal: AbortSignal.timeout(5000),
      });
      await response.arrayBuffer();
      return response.ok ? line : undefined;
    } catch {
      return undefined;
    }
  });

/** Creates contexts over the API, each again with its key until it is acknowledged. Done: their names. */
export const createContexts = (client: Client): Lane<string> =>
  laneOf(200, async (n) => {
    const body = { name: `made-${n}` };
    const idempotencyKey = newId();
    for (;;) {
      try {
        await client.secrets.createContext({ body, idempotencyKey, signal: AbortSignal.timeout(5000) });
        return body.name;
      } catch (error) {
        // A refusal is an answer, and none is due; everything else is a server that is away.
        const refused = error instanceof ApiError && error.status >= 400 && error.status < 500;
        if (refused && error.code !== 'http.idempotency-in-progress') throw error;
        await sleep(100);
      }
    }
  });

/** One request through the gateway on loopback. Rejects when no answer comes. */
export function askGateway(port: number, host: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, headers: { host }, agent: false, timeout: 5000 };
    const outgoing = request(options, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        body += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: body.trim() }));
      answer.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** Asks a deployed service again and again. Done: what it said, when it answered itself. */
export const visit = (port: number, host: string): Lane<string> =>
  laneOf(150, async () => {
    const answer = await askGateway(port, host).catch(() => undefined);
    return answer?.status === 200 ? answer.body : undefined;
  });
