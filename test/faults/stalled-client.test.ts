import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningMillrace, removeDirectory, startMillrace } from '../harness/millrace.ts';

/** Headers have 20 s, a body that brings nothing 30 s; looks come every 5 s, and this machine may be busy. */
const cutWithinMs = 50_000;
const clientsOfAKind = 40;

let millrace: RunningMillrace;
let token: string;
let dsn: URL;

beforeAll(async () => {
  millrace = await startMillrace({ env: { MILLRACE_RUNTIME: 'process' } });
  const owner = await millrace.owner();
  token = owner.token;
  const project = await owner.client.projects.create({ body: { slug: 'stall', name: 'Stall' } });
  dsn = new URL(project.dsn);
});
afterAll(async () => {
  await millrace?.stop();
  if (millrace) await removeDirectory(millrace.dataDir);
});

/** Resident memory of the server process in MB. */
async function residentMb(): Promise<number> {
  const status = await readFile(`/proc/${millrace.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) / 1024;
}

interface Stalled {
  socket: Socket;
  /** What the server said before it closed, and after how long (ms). */
  ended: Promise<{ afterMs: number; text: string }>;
}

/** Opens a connection, sends this much and then nothing; `drip` is sent every second besides. */
function stall(text: string, drip?: string): Stalled {
  const socket = connect(Number(new URL(millrace.url).port), '127.0.0.1');
  const began = performance.now();
  let said = '';
  let timer: NodeJS.Timeout | undefined;
  socket.write(text);
  if (drip !== undefined) timer = setInterval(() => socket.write(drip), 1000);
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  socket.on('error', () => {});
  const ended = new Promise<{ afterMs: number; text: string }>((resolve) =>
    socket.on('close', () => {
      clearInterval(timer);
      resolve({ afterMs: performance.now() - began, text: said });
    }),
  );
  return { socket, ended };
}

const post = (path: string, headers: Record<string, string>, begin: string): string =>
  [
    `POST ${path} HTTP/1.1`,
    'host: localhost',
    'content-length: 1000000',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    begin,
  ].join('\r\n');

it('cuts off clients that stall, and serves everybody else meanwhile', async () => {
  const bearer = { authorization: `Bearer ${token}` };
  const basic = `Basic ${Buffer.from(`x:${token}`).toString('base64')}`;
  const sentry = { 'x-sentry-auth': `Sentry sentry_key=${dsn.username}, sentry_version=7` };
  const kinds: Record<string, () => Stalled> = {
    headers: () => stall('GET / HTTP/1.1\r\nhost: localhost\r\nx-a: '),
    'dripping headers': () => stall('GET / HTTP/1.1\r\nhost: localhost\r\n', 'x-a: b\r\n'),
    api: () => stall(post('/api/v1/projects', { ...bearer, 'content-type': 'application/json' }, '{"slug":')),
    envelope: () => stall(post(`/api${dsn.pathname}/envelope/`, sentry, '{}\n')),
    traces: () =>
      stall(
        post('/v1/traces', { authorization: `Bearer ${dsn.username}`, 'content-type': 'application/json' }, '{"res'),
      ),
    push: () =>
      stall(
        post(
          '/git/stall.git/git-receive-pack',
          { authorization: basic, 'content-type': 'application/x-git-receive-pack-request' },
          '00',
        ),
      ),
  };
  const before = await residentMb();
  const stalled = Object.entries(kinds).flatMap(([kind, open]) =>
    Array.from({ length: clientsOfAKind }, () => ({ kind, ...open() })),
  );

  // Others are served while all of them hang.
  const waits: number[] = [];
  for (let n = 0; n < 60; n += 1) {
    const began = performance.now();
    const response = await fetch(`${millrace.url}/api/v1/projects`, {
      headers: bearer,
      signal: AbortSignal.timeout(5000),
    });
    expect(response.status).toBe(200);
    await response.arrayBuffer();
    waits.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  waits.sort((a, b) => a - b);
  console.log(
    `beside ${stalled.length} stalled clients: median ${waits[30]!.toFixed(1)} ms, slowest ${waits[59]!.toFixed(1)} ms`,
  );
  expect(await residentMb()).toBeLessThan(before + 100);

  for (const { kind, ended, socket } of stalled) {
    const timer = setTimeout(() => socket.destroy(new Error('never cut off')), cutWithinMs);
    const { afterMs, text } = await ended;
    clearTimeout(timer);
    expect(afterMs, kind).toBeLessThan(cutWithinMs);
    expect(text, kind).toMatch(/^(HTTP\/1\.1 (408|503) |$)/);
  }
}, 180_000);

it('takes a body that is slow but keeps coming', async () => {
  const body = JSON.stringify({ slug: 'slow', name: 'x'.repeat(80) });
  const head = `POST /api/v1/projects HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\ncontent-type: application/json\r\nauthorization: Bearer ${token}\r\nconnection: close\r\n\r\n`;
  const { socket, ended } = stall(head);
  for (const letter of body) {
    socket.write(letter);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect((await ended).text).toMatch(/^HTTP\/1\.1 201 /);
});
