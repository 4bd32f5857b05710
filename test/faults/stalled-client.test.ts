import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import {
  eventually,
  processesNaming,
  type RunningMillrace,
  removeDirectory,
  startMillrace,
} from '../harness/millrace.ts';

const stallSeconds = 3;
/** A body that drips gets twice the time; this machine may be busy. */
const cutWithinMs = 30_000;
const clientsOfAKind = 30;

let millrace: RunningMillrace;
let client: Client;
let token: string;
let dsn: URL;

beforeAll(async () => {
  millrace = await startMillrace({ env: { MILLRACE_RUNTIME: 'process', MILLRACE_STALL: String(stallSeconds) } });
  const owner = await millrace.owner();
  ({ client, token } = owner);
  const project = await client.projects.create({ body: { slug: 'stall', name: 'Stall' } });
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

/** Opens a connection, sends this much and then nothing; `drip` is sent every half second besides. */
function stall(text: string, drip?: string): Stalled {
  const socket = connect(Number(new URL(millrace.url).port), '127.0.0.1');
  const began = performance.now();
  let said = '';
  let timer: NodeJS.Timeout | undefined;
  socket.write(text);
  if (drip !== undefined) timer = setInterval(() => socket.write(drip), 500);
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

const post = (path: string, headers: Record<string, string>, begin: string, length = 1_000_000): string =>
  [
    `POST ${path} HTTP/1.1`,
    'host: localhost',
    `content-length: ${length}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    begin,
  ].join('\r\n');

/** Ways to begin a request and not end it. The bodies would be taken if they ended where they stop. */
function waysToStall(): Record<string, () => Stalled> {
  const bearer = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const basic = `Basic ${Buffer.from(`x:${token}`).toString('base64')}`;
  const sentry = { 'x-sentry-auth': `Sentry sentry_key=${dsn.username}, sentry_version=7` };
  const event = `{}\n{"type":"event"}\n{"message":"half an envelope"}\n`;
  const otlp = { authorization: `Bearer ${dsn.username}`, 'content-type': 'application/json' };
  const git = { authorization: basic, 'content-type': 'application/x-git-receive-pack-request' };
  const project = '{"slug":"half","name":"Half"}';
  return {
    headers: () => stall('GET / HTTP/1.1\r\nhost: localhost\r\nx-a: '),
    'dripping headers': () => stall('GET / HTTP/1.1\r\nhost: localhost\r\n', 'x-a: b\r\n'),
    api: () => stall(post('/api/v1/projects', bearer, project)),
    'dripping api': () => stall(post('/api/v1/projects', bearer, project), ' '),
    envelope: () => stall(post(`/api${dsn.pathname}/envelope/`, sentry, event)),
    'dripping envelope': () => stall(post(`/api${dsn.pathname}/envelope/`, sentry, event), '\n'),
    traces: () => stall(post('/v1/traces', otlp, '{"resourceSpans":[]}')),
    webhook: () => stall(post('/hooks/github/01900000-0000-7000-8000-000000000001', {}, '{}')),
    push: () => stall(post('/git/stall.git/git-receive-pack', git, '00')),
    'dripping push': () => stall(post('/git/stall.git/git-receive-pack', git, '00f0'), 'a'),
  };
}

it('cuts off clients that stall, with a plain answer, and serves everybody else meanwhile', async () => {
  const before = await residentMb();
  const stalled = Object.entries(waysToStall()).flatMap(([kind, open]) =>
    Array.from({ length: clientsOfAKind }, () => ({ kind, ...open() })),
  );

  // Others are served while all of them hang.
  const waits: number[] = [];
  const rounds = 20;
  for (let n = 0; n < rounds; n += 1) {
    const began = performance.now();
    const response = await fetch(`${millrace.url}/api/v1/projects`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(20_000),
    });
    expect(response.status).toBe(200);
    await response.arrayBuffer();
    waits.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  waits.sort((a, b) => a - b);
  const grown = (await residentMb()) - before;
  console.log(
    `beside ${stalled.length} stalled clients: median ${waits[rounds / 2]!.toFixed(1)} ms, ` +
      `slowest ${waits.at(-1)!.toFixed(1)} ms, ${grown.toFixed(0)} MB more`,
  );
  expect(grown).toBeLessThan(200);

  for (const { kind, ended, socket } of stalled) {
    const timer = setTimeout(() => socket.destroy(), cutWithinMs);
    const { afterMs, text } = await ended;
    clearTimeout(timer);
    expect(afterMs, kind).toBeLessThan(cutWithinMs);
    // Git that is told of too many at once says so before anything is read.
    expect(text, kind).toMatch(/^HTTP\/1\.1 (408 Request Timeout|503 Service Unavailable)\r\n/);
    if (text.includes(' 408 ')) expect(text, kind).toMatch(/took too long|Client Timeout/);
  }

  // What came only in part was not taken, and nothing is left of it.
  const { items } = await client.projects.list();
  expect(items.map((project) => project.slug)).toEqual(['stall']);
  expect((await client.errors.listIssues({ query: { project: 'stall' } })).items).toEqual([]);
  await eventually('no git serves a client that is gone', async () =>
    (await processesNaming(millrace.dataDir)).every(({ command }) => !command.includes('receive-pack')),
  );
});

it('takes a body that is slow but keeps coming', async () => {
  const body = JSON.stringify({ slug: 'slow', name: 'Slow' }) + ' '.repeat(100_000);
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}`, connection: 'close' };
  const { socket, ended } = stall(post('/api/v1/projects', headers, '', body.length));
  const parts = 40;
  const size = Math.ceil(body.length / parts);
  for (let part = 0; part < parts; part += 1) {
    socket.write(body.slice(part * size, (part + 1) * size));
    await new Promise((resolve) => setTimeout(resolve, (stallSeconds * 1500) / parts));
  }
  expect((await ended).text).toMatch(/^HTTP\/1\.1 201 /);
});

it('holds so many bodies at a time and no more, whoever sends them', async () => {
  const before = await residentMb();
  const size = 15 * 1024 * 1024;
  // Nobody has to show who they are before the body has come.
  const clients = Array.from({ length: 24 }, () => {
    const one = stall(post('/v1/traces', { 'content-type': 'application/json' }, '', size + 1));
    one.socket.write(Buffer.alloc(size));
    return one;
  });
  const answers: string[] = [];
  let most = 0;
  const ended = Promise.all(clients.map(async ({ ended }) => answers.push((await ended).text)));
  const over = { is: false };
  void ended.then(() => {
    over.is = true;
  });
  while (!over.is) {
    most = Math.max(most, (await residentMb()) - before);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const busy = answers.filter((text) => /^HTTP\/1\.1 503 /.test(text) && text.includes('Too much is being received'));
  console.log(`${clients.length} bodies of 15 MB: ${most.toFixed(0)} MB more, ${busy.length} asked to come back`);
  expect(busy.length).toBeGreaterThan(0);
  for (const text of answers) expect(text).toMatch(/^HTTP\/1\.1 (408|503) /);
  expect(most).toBeLessThan(450);
  const after = await fetch(`${millrace.url}/v1/traces`, {
    method: 'POST',
    headers: { authorization: `Bearer ${dsn.username}`, 'content-type': 'application/json' },
    body: '{"resourceSpans":[]}',
  });
  expect(after.status).toBe(200);
});

it('takes none of this for an error of its own', async () => {
  const lines = (await readFile(join(millrace.dataDir, 'log', 'server.log'), 'utf8')).split('\n');
  expect(lines.filter((line) => line.includes('"level":50'))).toEqual([]);
});
