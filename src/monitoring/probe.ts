import { lookup } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { connect, type LookupFunction } from 'node:net';
import type { z } from 'zod';
import type { httpTarget, tcpTarget } from './api.ts';
import type { Result } from './check.ts';

export type HttpTarget = z.output<typeof httpTarget>;
export type TcpTarget = z.output<typeof tcpTarget>;
export type Target = HttpTarget | TcpTarget;

export interface Probed extends Result {
  durationMs: number;
}

/** Bytes of an answer that are read when its text matters. */
const mostBodyBytes = 1024 * 1024;

/** Runs a check once, on a connection of its own (a pooled one would hide failures). Never rejects; ends within `timeoutMs`. */
export async function probe(target: Target, timeoutMs: number, signal: AbortSignal): Promise<Probed> {
  const began = performance.now();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const outcome = await (target.kind === 'http' ? probeHttp(target, limit) : probeTcp(target, limit)).catch(
    (error: NodeJS.ErrnoException): Result => failure(error, limit, timeoutMs),
  );
  const durationMs = performance.now() - began;
  const slow = target.warnAfterMs !== null && durationMs > target.warnAfterMs;
  if (outcome.state !== 'ok' || !slow) return { ...outcome, durationMs };
  const output = `${outcome.output}, but slower than ${target.warnAfterMs} ms (${Math.round(durationMs)} ms)`;
  return { state: 'warning', output, durationMs };
}

function failure(error: NodeJS.ErrnoException, limit: AbortSignal, timeoutMs: number): Result {
  if (limit.aborted) return { state: 'critical', output: `No answer within ${timeoutMs} ms` };
  const words: Record<string, string> = {
    ECONNREFUSED: 'Connection refused',
    ECONNRESET: 'Connection closed by the other side',
    EHOSTUNREACH: 'No route to the host',
    ENETUNREACH: 'The network cannot be reached',
  };
  // A name that cannot be resolved says nothing about the service behind it.
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    return { state: 'unknown', output: `The host name cannot be resolved (${error.code})` };
  }
  return { state: 'critical', output: words[error.code ?? ''] ?? error.message };
}

/** `localhost` and every name below it is this machine (RFC 6761), whatever the resolver knows. */
const resolveName: LookupFunction = (hostname, options, callback) => {
  if (!/(^|\.)localhost\.?$/i.test(hostname)) return lookup(hostname, options, callback);
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

function probeHttp(target: HttpTarget, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const url = new URL(target.url);
    const request = (url.protocol === 'https:' ? https : http).request(
      url,
      {
        method: target.method,
        headers: { 'user-agent': 'millrace-check', accept: '*/*', ...target.headers },
        agent: false,
        lookup: resolveName,
        signal,
      },
      (response) => {
        const status = response.statusCode ?? 0;
        const statusText = `HTTP ${status} ${response.statusMessage ?? ''}`.trim();
        if (!target.expectStatus.some((expected) => covers(expected, status))) {
          request.destroy();
          resolve({ state: 'critical', output: `${statusText}, expected ${target.expectStatus.join(' or ')}` });
          return;
        }
        readBody(response, target.expectBody === null ? 0 : mostBodyBytes).then((body) => {
          request.destroy();
          if (target.expectBody !== null && !body.includes(target.expectBody)) {
            resolve({ state: 'critical', output: `${statusText}, but the answer does not hold the expected text` });
          } else resolve({ state: 'ok', output: statusText });
        }, reject);
      },
    );
    request.once('error', reject);
    request.end();
  });
}

async function readBody(response: http.IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  if (most === 0) return '';
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes >= most) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, most);
}

function covers(expected: string, status: number): boolean {
  const [from, to = from] = expected.split('-').map(Number);
  return status >= from! && status <= to!;
}

function probeTcp(target: TcpTarget, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.host, port: target.port, lookup: resolveName });
    const abort = (): void => void socket.destroy(new Error('no answer'));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', abort));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve({ state: 'ok', output: `Port ${target.port} accepts connections` });
    });
  });
}
