import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { eventually, type RunningMillrace, removeDirectory, startMillrace } from '../harness/millrace.ts';

/**
 * Everything a stranger who knows a DSN, or none, can throw at the errors intake, at the same time, while an honest client goes on
 * reporting: its events arrive, memory stays bounded, and the accounts say what was refused.
 */

/** Memory the server may take for all of it, over what it had (MB): 256 of bodies under way, 128 of two that are unpacked, and what grouping takes. Unpacked, the bodies are 36 GB. */
const allowedMb = 600;
const kinds = 10_000;
const megabyte = 1024 * 1024;

let millrace: RunningMillrace;
let client: Client;
let dsn: URL;
const agent = new Agent({ keepAlive: true, maxSockets: 24 });

beforeAll(async () => {
  millrace = await startMillrace({ env: { MILLRACE_RUNTIME: 'process' } });
  ({ client } = await millrace.owner());
  dsn = new URL((await client.projects.create({ body: { slug: 'abused', name: 'Abused' } })).dsn);
});
afterAll(async () => {
  agent.destroy();
  await millrace?.stop();
  if (millrace) await removeDirectory(millrace.dataDir);
});

async function memoryMb(field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${millrace.pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)![1]) / 1024;
}

const path = (key = dsn.username, project = dsn.pathname): string => `/api${project}/envelope/?sentry_key=${key}`;

/** Status of the answer; 0 when the connection was cut. */
function post(
  body: Buffer | AsyncIterable<Buffer>,
  headers: Record<string, string> = {},
  to = path(),
): Promise<number> {
  return new Promise((resolve) => {
    const outgoing = request(
      { agent, host: '127.0.0.1', port: new URL(millrace.url).port, path: to, method: 'POST', headers },
      (answer: IncomingMessage) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
        answer.on('error', () => resolve(answer.statusCode ?? 0));
      },
    );
    outgoing.on('error', () => resolve(0));
    if (Buffer.isBuffer(body)) outgoing.end(body);
    else {
      void (async () => {
        for await (const chunk of body) {
          if (outgoing.destroyed) return;
          if (!outgoing.write(chunk)) await drained(outgoing);
        }
        outgoing.end();
      })();
    }
  });
}

/** Resolves when more can be written, or when nobody reads any more. */
function drained(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      outgoing.off('drain', go).off('close', go);
      resolve();
    };
    outgoing.on('drain', go).on('close', go);
  });
}

const envelope = (payload: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from('{}\n{"type":"event"}\n'), Buffer.from(payload as string)]);
const event = (more: object): Buffer =>
  envelope(JSON.stringify({ event_id: randomUUID().replaceAll('-', ''), platform: 'python', ...more }));

/** Does `work` this many times, over a few lanes; how often each status came. */
async function times(count: number, work: (index: number) => Promise<number>): Promise<Record<number, number>> {
  const seen: Record<number, number> = {};
  let next = 0;
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      while (next < count) {
        const status = await work(next++);
        seen[status] = (seen[status] ?? 0) + 1;
      }
    }),
  );
  return seen;
}

async function* hundredMegabytes(): AsyncGenerator<Buffer> {
  const chunk = Buffer.alloc(256 * 1024, 'x');
  for (let sent = 0; sent < 100 * megabyte; sent += chunk.length) yield chunk;
}

/** A body that never comes: a byte now and then. */
function drip(): Socket {
  const socket = connect(Number(new URL(millrace.url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`POST ${path()} HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n{`);
  const timer = setInterval(() => socket.write(' '), 200);
  socket.on('close', () => clearInterval(timer));
  return socket;
}

it('stays up, serves the honest and keeps accounts under everything at once', async () => {
  const zeros = Buffer.alloc(300 * megabyte);
  const brotli = brotliCompressSync(zeros, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
  const gzip = gzipSync(zeros, { level: 9 });
  expect(brotli.length).toBeLessThan(1000);
  const deep = '['.repeat(400_000) + ']'.repeat(400_000);
  const broken = Buffer.from([0x22, 0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x22]);
  for (let index = 0; index < 20; index += 1) await post(event({ message: 'warm' }));
  const before = await memoryMb('VmRSS');

  const slow = Array.from({ length: 60 }, drip);
  let attacked = true;
  const waits: number[] = [];
  let honest = 0;
  const honestClient = (async () => {
    while (attacked) {
      const started = performance.now();
      const status = await post(event({ message: 'An honest error', logger: 'honest', fingerprint: ['honest'] }));
      waits.push(performance.now() - started);
      // Told to come back is an answer as well; the client's next one is what counts.
      if (status === 200) honest += 1;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  })();
  const [bombs, packed, large, nested, flood, forged, garbled] = await Promise.all([
    times(100, () => post(brotli, { 'content-encoding': 'br' })),
    times(20, () => post(gzip, { 'content-encoding': 'gzip' })),
    times(8, () => post(hundredMegabytes())),
    times(50, () => post(envelope(`{"extra":${deep}}`))),
    times(kinds, (index) => post(event({ message: `kind ${index}`, fingerprint: [`kind ${index}`] }))),
    times(500, (index) => post(event({ message: 'x' }), {}, path('f'.repeat(32), `/${1 + (index % 50)}`))),
    times(100, () =>
      post(envelope(Buffer.concat([Buffer.from('{"fingerprint":["garbled"],"message":'), broken, Buffer.from('}')]))),
    ),
  ]);
  attacked = false;
  await honestClient;
  for (const socket of slow) socket.destroy();
  const peak = await memoryMb('VmHWM');

  expect(bombs).toEqual({ 413: 100 });
  expect(packed).toEqual({ 413: 20 });
  expect((large[413] ?? 0) + (large[0] ?? 0)).toBe(8);
  expect(nested[200] ?? 0).toBe(50);
  expect(forged).toEqual({ 403: 500 });
  expect(garbled).toEqual({ 200: 100 });
  expect(flood).toEqual({ 200: kinds });
  expect(honest).toBe(waits.length);
  expect(honest).toBeGreaterThan(10);

  const outcomes = await eventually(
    'everything is counted',
    async () => {
      const { items } = await client.errors.listOutcomes({ query: { project: 'abused', hours: 24 } });
      const kept = items.find((one) => one.category === 'error' && one.outcome === 'accepted')?.quantity;
      const counted = kept !== undefined && kept >= 20 + honest + kinds + 100;
      return counted && items.some((one) => one.reason === 'body_too_large' && one.quantity === 128)
        ? items
        : undefined;
    },
    300_000,
  );
  expect(outcomes).toContainEqual({ category: 'error', outcome: 'invalid', reason: 'too_deep', quantity: 50 });
  const { items } = await client.errors.listIssues({
    query: { project: 'abused', search: 'honest', status: 'all', limit: 5 },
  });
  expect(items[0]?.count).toBe(honest);
  const all = await client.errors.countIssues({ query: { project: 'abused' } });
  // 500 new ones an hour, and the one that collects the rest.
  expect(all.unresolved).toBeLessThanOrEqual(501);
  waits.sort((a, b) => a - b);
  console.log(
    `memory ${Math.round(before)} MB before, ${Math.round(peak)} MB at most; the honest client sent ${honest}, ` +
      `answered after ${Math.round(waits[Math.floor(waits.length / 2)]!)} ms (median), ${Math.round(waits.at(-1)!)} ms at most`,
  );
  expect(peak - before).toBeLessThan(allowedMb);
});
