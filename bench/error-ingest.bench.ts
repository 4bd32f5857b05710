import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createErrors } from '../src/errors/index.ts';
import { errorsMigrations } from '../src/errors/migrations/index.ts';
import { createSentryIntake } from '../src/integrations/sentry/index.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { newId } from '../src/kernel/ids.ts';
import { createIntakeServer } from '../src/platform/http/server.ts';
import { openLog } from '../src/platform/observe/log.ts';
import { openDatabase } from '../src/platform/postgres/database.ts';
import { sql } from '../src/platform/postgres/sql.ts';
import { openSpool } from '../src/platform/spool/spool.ts';
import { removeDirectory, temporaryDirectory } from '../test/harness/millrace.ts';
import { testDatabase } from '../test/harness/postgres.ts';

/**
 * Durable error ingest on one core, from a Python event of 20 kB (gzip, as Debian's SDK sends it), as a share of a bare Node server
 * that only reads, unpacks and parses the same bytes. Fifty kinds of error, each of which already holds its first fifty events: of a
 * flood, one event a second and kind is kept in full, all are counted. Accepted: answered 200 after the sync to disk. Digested: grouped, counted and
 * stored in PostgreSQL, telemetry spooled; measured from the first request to the last event stored. Goal: 1,000 events/s.
 */
const sizes = [2_000, 20_000, 200_000];
const connections = 32;
const kinds = 50;

/** An event as the Python SDK writes it: frames with source and variables, breadcrumbs, request; about `bytes` long. */
function pythonEvent(index: number, bytes: number): string {
  const kind = index % kinds;
  const frame = (n: number): object => ({
    filename: `shop/module${n}.py`,
    abs_path: `/srv/shop/shop/module${n}.py`,
    function: n === 0 ? `view_${kind}` : `step_${n}`,
    module: `shop.module${n}`,
    lineno: 100 + n,
    pre_context: [
      '',
      'def total(cart, code):',
      '    """What a cart costs."""',
      '    discount = find(code)',
      '    lines = cart.lines',
    ],
    context_line: `    return sum(line.price for line in lines) * discount["percent"] / ${n + 1}`,
    post_context: [
      '',
      '',
      'def checkout(request):',
      '    cart = Cart.of(request)',
      '    return render(request, "cart.html")',
    ],
    vars: {
      cart: '<Cart: 3 lines>',
      code: "'SPRING'",
      discount: { amount: '5', label: "'Spring'" },
      self: `<View ${index}>`,
    },
    in_app: n % 3 !== 2,
  });
  const event = (frames: number, crumbs: number): object => ({
    level: 'error',
    exception: {
      values: [
        {
          type: 'KeyError',
          value: "'percent'",
          module: null,
          mechanism: { type: 'django', handled: false },
          stacktrace: { frames: Array.from({ length: frames }, (_, n) => frame(frames - 1 - n)) },
        },
      ],
    },
    event_id: newId().replaceAll('-', ''),
    timestamp: new Date().toISOString(),
    breadcrumbs: {
      values: Array.from({ length: crumbs }, (_, n) => ({
        type: 'default',
        category: 'query',
        level: null,
        message: `SELECT * FROM shop_article WHERE id = ${n}`,
        timestamp: new Date().toISOString(),
        data: { 'db.params': null },
      })),
    },
    transaction: `/checkout/${kind}`,
    contexts: {
      trace: { trace_id: newId().replaceAll('-', ''), span_id: '0123456789abcdef', op: 'http.server' },
      runtime: { name: 'CPython', version: '3.11.2' },
    },
    request: {
      url: 'http://shop.example/checkout/',
      method: 'POST',
      headers: { Host: 'shop.example', 'User-Agent': 'Mozilla/5.0' },
      data: { code: 'SPRING' },
    },
    user: { id: String(index % 997), email: `user${index % 997}@shop.example` },
    extra: { 'sys.argv': ['/usr/bin/gunicorn', 'shop.wsgi'] },
    modules: { django: '3.2.25', gunicorn: '20.1.0', 'sentry-sdk': '1.9.10' },
    release: 'r7-abcdef0',
    environment: 'production',
    server_name: 'web-1',
    platform: 'python',
    sdk: {
      name: 'sentry.python',
      version: '1.9.10',
      packages: [{ name: 'pypi:sentry-sdk', version: '1.9.10' }],
      integrations: ['django', 'logging', 'threading'],
    },
  });
  const one = JSON.stringify(event(1, 5)).length;
  const each = JSON.stringify(frame(10)).length + 1;
  return JSON.stringify(event(Math.max(1, Math.round((bytes - one) / each) + 1), 5));
}

const key = 'b'.repeat(32);

/** The server under test: `bare`, or `millrace` on the given database. Prints its port, then serves until it is ended. */
async function serve(mode: string, databaseUrl: string, dataDir: string): Promise<void> {
  process.once('SIGINT', () => process.exit(0));
  if (mode === 'bare') {
    const server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const event = JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()) as { event_id: string };
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ id: event.event_id }));
      });
    });
    server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
    return;
  }
  const log = openLog({ level: 'warn' });
  const project = { id: newId(), slug: 'bench', publicKey: key };
  const telemetrySpool = await openSpool({ directory: `${dataDir}/telemetry`, maxBytes: 1e10, log });
  const telemetry = { write: (records: object[]) => telemetrySpool.append(Buffer.from(JSON.stringify(records))) };
  const room = await createErrors({
    database: openDatabase(databaseUrl),
    clock: systemClock,
    log,
    dataDir,
    telemetry,
    projects: {
      list: async () => [],
      projectByIngest: async () => project,
      find: async () => project,
    },
    people: { nameOf: async () => undefined, byEmail: async () => undefined },
  });
  for (const loop of room.room.loops) void loop.run(new AbortController().signal);
  const server = await createIntakeServer({
    log,
    intakes: [createSentryIntake({ reception: room.reception, telemetry, clock: systemClock, log })],
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  console.log((server.server.address() as AddressInfo).port);
}

/** Starts this file as a server on a core of its own, where the machine has two and `taskset`. */
async function startServer(
  mode: string,
  databaseUrl: string,
  dataDir: string,
): Promise<{ child: ChildProcess; port: number }> {
  const command = [
    process.execPath,
    '--import',
    'tsx',
    fileURLToPath(import.meta.url),
    'serve',
    mode,
    databaseUrl,
    dataDir,
  ];
  const argv = pinned() ? ['taskset', '-c', '0', ...command] : command;
  const child = spawn(argv[0]!, argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout!.once('data', (data: Buffer) => resolve(Number(String(data).trim())));
    child.once('exit', (code) => reject(new Error(`the ${mode} server ended with ${code}`)));
  });
  return { child, port };
}

function pinned(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return cpus().length > 1;
  } catch {
    return false;
  }
}

/** Sends every body once over a few connections; resolves to the seconds it took. */
async function sendAll(port: number, bodies: Buffer[]): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let next = 0;
  const send = (body: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          agent,
          host: '127.0.0.1',
          port,
          path: '/api/1/store/',
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'content-encoding': 'gzip',
            'content-length': body.length,
            'x-sentry-auth': `Sentry sentry_key=${key}, sentry_version=7, sentry_client=sentry.python/1.9.10`,
          },
        },
        (response) => {
          response.resume();
          response.on('end', () =>
            response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  const lane = async (): Promise<void> => {
    while (next < bodies.length) await send(bodies[next++]!);
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: connections }, lane));
  agent.destroy();
  return (performance.now() - start) / 1000;
}

/** Processor time a process has used, in seconds (user and system, all threads). */
function cpuSeconds(child: ChildProcess): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function measure(bytes: number): Promise<void> {
  const count = Math.round(Math.min(12_000, 160_000_000 / bytes));
  const bodiesOf = (n: number): Buffer[] =>
    Array.from({ length: n }, (_, index) => gzipSync(pythonEvent(index, bytes)));
  const bodies = bodiesOf(count);
  const size = pythonEvent(0, bytes).length;
  const dataDir = await temporaryDirectory();
  const store = await testDatabase(errorsMigrations);
  try {
    const bare = await startServer('bare', store.url, dataDir);
    await sendAll(bare.port, bodies.slice(0, 500));
    const bareCpuBefore = cpuSeconds(bare.child);
    const bareRate = count / (await sendAll(bare.port, bodies));
    const bareCpu = (cpuSeconds(bare.child) - bareCpuBefore) / count;
    bare.child.kill();

    const { child, port } = await startServer('millrace', store.url, dataDir);
    const counted = async (): Promise<number> =>
      (await store.database.first<{ n: number | null }>(sql`select sum(count) as n from errors_issues`))?.n ?? 0;
    const settled = async (n: number): Promise<void> => {
      while ((await counted()) < n) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    // Until the compiler has settled and each kind has its first events, which are kept in full.
    const warm = bodiesOf(kinds * 60);
    await sendAll(port, warm);
    await settled(warm.length);
    const start = performance.now();
    const cpuBefore = cpuSeconds(child);
    const acceptedRate = count / (await sendAll(port, bodies));
    await settled(count + warm.length);
    const digestedRate = count / ((performance.now() - start) / 1000);
    const cpu = (cpuSeconds(child) - cpuBefore) / count;
    child.kill('SIGINT');
    await new Promise((r) => child.once('exit', r));
    const share = (rate: number): string => `${Math.round((100 * rate) / bareRate)} %`;
    console.log(
      `${(size / 1000).toFixed(1)} kB (${(bodies[0]!.length / 1000).toFixed(1)} kB gzip), ${count} events: bare server ${Math.round(bareRate)}/s;` +
        ` accepted ${Math.round(acceptedRate)}/s (${share(acceptedRate)}); digested ${Math.round(digestedRate)}/s (${share(digestedRate)});` +
        ` processor time an event ${(bareCpu * 1000).toFixed(2)} ms bare, ${(cpu * 1000).toFixed(2)} ms digested (${Math.round(1 / cpu)}/s on an idle core, ${Math.round((100 * bareCpu) / cpu)} %)`,
    );
  } finally {
    await store.close();
    await removeDirectory(dataDir);
  }
}

/** From the answer 200 to the event standing in the database, where every page looks, at 500 events/s of 20 kB for 20 s. */
async function measureVisible(perSecond: number, seconds: number): Promise<void> {
  const dataDir = await temporaryDirectory();
  const store = await testDatabase(errorsMigrations);
  try {
    const { child, port } = await startServer('millrace', store.url, dataDir);
    const bodies = Array.from({ length: perSecond * seconds }, (_, index) => gzipSync(pythonEvent(index, 20_000)));
    await sendAll(port, bodies.slice(0, 200));
    const answered = new Map<string, number>();
    const waits: number[] = [];
    let sending = true;
    const watch = (async () => {
      while (sending || answered.size > 0) {
        // The oldest first; those that are seen leave.
        const ids = [...answered.keys()].slice(0, 500);
        const rows = await store.database.query<{ id: string }>(sql`
          select replace(event_id::text, '-', '') as id from errors_received where event_id = any(${ids}::uuid[])`);
        const now = performance.now();
        for (const { id } of rows) {
          waits.push(now - answered.get(id)!);
          answered.delete(id);
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    const agent = new Agent({ keepAlive: true, maxSockets: 64 });
    const headers = {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'x-sentry-auth': `Sentry sentry_key=${key}, sentry_version=7`,
    };
    const send = (body: Buffer): Promise<void> =>
      new Promise((resolve, reject) => {
        const to = { agent, host: '127.0.0.1', port, path: '/api/1/store/', method: 'POST' };
        const outgoing = request({ ...to, headers: { ...headers, 'content-length': body.length } }, (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => {
            answered.set((JSON.parse(text) as { id: string }).id, performance.now());
            resolve();
          });
        });
        outgoing.on('error', reject);
        outgoing.end(body);
      });
    const start = performance.now();
    const sent: Promise<void>[] = [];
    for (const [index, body] of bodies.slice(200).entries()) {
      const due = start + (index * 1000) / perSecond;
      if (due > performance.now()) await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
      sent.push(send(body));
    }
    await Promise.all(sent);
    const took = (performance.now() - start) / 1000;
    sending = false;
    await watch;
    agent.destroy();
    child.kill('SIGINT');
    waits.sort((a, b) => a - b);
    const at = (share: number): string => waits[Math.floor(waits.length * share)]!.toFixed(0);
    console.log(
      `visible after acceptance, ${Math.round(sent.length / took)} events/s of 20 kB: median ${at(0.5)} ms, p99 ${at(0.99)} ms (goal 1000 ms)`,
    );
  } finally {
    await store.close();
    await removeDirectory(dataDir);
  }
}

const [mode, server, databaseUrl, dataDir] = process.argv.slice(2);
if (mode === 'serve') await serve(server!, databaseUrl!, dataDir!);
else {
  for (const size of sizes) await measure(size);
  await measureVisible(500, 20);
  process.exit(0);
}
