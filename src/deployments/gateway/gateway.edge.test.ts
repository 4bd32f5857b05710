import { createServer, get, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { openLog } from '../../platform/observe/log.ts';
import type { TelemetryRecord } from '../../platform/observe/telemetry-sink.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { Route } from './routes.ts';

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function upstream(handler: (request: IncomingMessage, reply: import('node:http').ServerResponse) => void) {
  const server: Server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  return { server, port: (server.address() as AddressInfo).port };
}

async function start() {
  const written: TelemetryRecord[] = [];
  const telemetry = { write: async (records: TelemetryRecord[]) => void written.push(...records) };
  const gateway = createGateway({ clock: systemClock, log: openLog({ level: 'silent' }), telemetry });
  const port = await gateway.listen(0, '127.0.0.1');
  open.push({ close: () => gateway.close(100) });
  return { gateway, port, written };
}

const route = (group: string, ports: number[], more: Partial<Route> = {}): Route => ({
  host: 'shop.localhost',
  path: '/',
  stripPath: false,
  projectId: 'p',
  environment: 'staging',
  service: 'web',
  group,
  release: `r-${group}`,
  targets: ports.map((port) => ({ instanceId: `${group}-${port}`, host: '127.0.0.1', port, healthy: true })),
  ...more,
});

function ask(port: number, path = '/', options: import('node:http').RequestOptions = {}, body?: Buffer) {
  return new Promise<{ status: number; body: string; headers: IncomingMessage['headers'] }>((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        path,
        agent: false,
        ...options,
        headers: { host: 'shop.localhost', ...options.headers },
      },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString(), headers: answer.headers }),
        );
        answer.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const settle = (gateway: Gateway, group: string) =>
  expect.poll(() => gateway.inFlight(group), { timeout: 2000 }).toBe(0);

test('routes by host and path, tells the target who asked, and takes a prefix off where wanted', async () => {
  const one = await upstream((asked, reply) => reply.end(JSON.stringify({ url: asked.url, headers: asked.headers })));
  const two = await upstream((asked, reply) => reply.end(`api ${asked.url}`));
  const { gateway, port } = await start();
  gateway.apply([route('a', [one.port]), route('a', [two.port], { path: '/api', stripPath: true, service: 'api' })]);
  const seen = JSON.parse(
    (await ask(port, '/x?y=1', { headers: { 'x-forwarded-for': '10.0.0.9', connection: 'x-own', 'x-own': '1' } })).body,
  );
  expect(seen.url).toBe('/x?y=1');
  expect(seen.headers).toMatchObject({
    host: 'shop.localhost',
    'x-forwarded-for': '10.0.0.9, 127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'shop.localhost',
  });
  expect(seen.headers['x-request-id']).toMatch(/-/);
  expect(seen.headers['x-own']).toBeUndefined();
  expect((await ask(port, '/api/items?n=2')).body).toBe('api /items?n=2');
  expect((await ask(port, '/apiary')).body).toContain('/apiary');
});

test('says plainly what is wrong: no route, no instance, nobody reachable', async () => {
  const { gateway, port } = await start();
  expect(await ask(port)).toMatchObject({ status: 404, body: expect.stringContaining('gateway.no-route') });
  gateway.apply([route('a', [])]);
  expect(await ask(port, '/', { headers: { accept: 'text/html' } })).toMatchObject({
    status: 503,
    body: expect.stringContaining('No instance of'),
    headers: { 'content-type': 'text/html; charset=utf-8' },
  });
  gateway.apply([route('a', [1])]);
  expect(await ask(port)).toMatchObject({ status: 502 });
});

test('a GET goes to another instance when one cannot be reached, a POST does not', async () => {
  let posts = 0;
  const one = await upstream((asked, reply) => {
    if (asked.method === 'POST') posts += 1;
    reply.end('fine');
  });
  const { gateway, port } = await start();
  gateway.apply([route('a', [1, one.port])]);
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(port)));
  expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 10 }, () => 200));
  // Only the first choice can hit the dead one; afterwards it rests.
  expect(posts).toBe(0);
  const post = await ask(port, '/', { method: 'POST' }, Buffer.from('x'));
  expect([200, 502]).toContain(post.status);
});

test('streams both ways: a body of 30 MB up and down, unchanged in length, without waiting for its end', async () => {
  const one = await upstream((asked, reply) => asked.pipe(reply));
  const { gateway, port } = await start();
  gateway.apply([route('a', [one.port])]);
  const total = 30 * 1024 * 1024;
  const received = await new Promise<number>((resolve, reject) => {
    let count = 0;
    const outgoing = request(
      { host: '127.0.0.1', port, method: 'POST', path: '/', headers: { host: 'shop.localhost' } },
      (answer) => {
        answer.on('data', (part: Buffer) => {
          // The rest is sent only now, so a gateway that waits for the end of a body never answers.
          if (count === 0) outgoing.end(Buffer.alloc(total - 1024));
          count += part.length;
        });
        answer.on('end', () => resolve(count));
      },
    );
    outgoing.on('error', reject);
    outgoing.write(Buffer.alloc(1024));
  });
  expect(received).toBe(total);
});

test('upgrades pass through and are counted until they end', async () => {
  const one = await upstream((_, reply) => reply.end());
  one.server.on('upgrade', (_asked, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: echo\r\nconnection: Upgrade\r\n\r\n');
    socket.pipe(socket);
  });
  const { gateway, port } = await start();
  gateway.apply([route('a', [one.port])]);
  const socket = connect(port, '127.0.0.1');
  const chunks: string[] = [];
  socket.on('data', (part) => chunks.push(String(part)));
  socket.write('GET / HTTP/1.1\r\nhost: shop.localhost\r\nupgrade: echo\r\nconnection: Upgrade\r\n\r\n');
  await expect.poll(() => chunks.join('')).toContain('101 Switching Protocols');
  socket.write('hello');
  await expect.poll(() => chunks.join('')).toContain('hello');
  expect(gateway.inFlight('a')).toBe(1);
  gateway.endUpgraded('a');
  await settle(gateway, 'a');
});

test('a switch sends what comes later to the new side, while a request under way finishes on the old one', async () => {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const blue = await upstream(async (_, reply) => {
    await held;
    reply.end('blue');
  });
  const green = await upstream((_, reply) => reply.end('green'));
  const { gateway, port } = await start();
  gateway.apply([route('blue', [blue.port])]);
  const slow = ask(port);
  await expect.poll(() => gateway.inFlight('blue')).toBe(1);
  gateway.apply([route('green', [green.port])]);
  expect((await ask(port)).body).toBe('green');
  expect(gateway.inFlight('blue')).toBe(1);
  release();
  expect((await slow).body).toBe('blue');
  await settle(gateway, 'blue');
});

test('counts per release what failed, and tells telemetry about each request', async () => {
  const one = await upstream((asked, reply) => {
    reply.statusCode = asked.url === '/bad' ? 500 : 200;
    reply.end();
  });
  const { gateway, port, written } = await start();
  gateway.apply([route('a', [one.port])]);
  for (const path of ['/good?secret=1', '/good', '/bad']) await ask(port, path);
  await settle(gateway, 'a');
  expect(gateway.traffic('a')).toEqual({ requests: 3, failed: 1 });
  await expect.poll(() => written.length, { timeout: 3000 }).toBe(3);
  expect(written[0]).toMatchObject({
    type: 'GatewayRequest',
    attributes: { name: 'GET /good', status: 200, release: 'r-a', environment: 'staging', error: false },
  });
  expect(written[2]!.attributes).toMatchObject({ status: 500, error: true, message: 'answered 500' });
});

test('where nothing healthy is there to answer, nothing is held against the release', async () => {
  const gone = await upstream(() => {});
  await new Promise((resolve) => gone.server.close(resolve));
  const { gateway, port, written } = await start();
  gateway.apply([route('a', [])]);
  expect((await ask(port)).status).toBe(503);
  const [target] = route('a', [gone.port]).targets;
  gateway.apply([route('a', [], { targets: [{ ...target!, healthy: false }] })]);
  expect((await ask(port)).status).toBe(502);
  await settle(gateway, 'a');
  expect(gateway.traffic('a')).toEqual({ requests: 0, failed: 0 });
  gateway.apply([route('a', [gone.port])]);
  expect((await ask(port)).status).toBe(502);
  await settle(gateway, 'a');
  expect(gateway.traffic('a')).toEqual({ requests: 1, failed: 1 });
  await expect.poll(() => written.map((record) => record.attributes.error)).toEqual([true, true, true]);
});

test('a visitor who leaves, and a target that breaks off, leave nothing in flight', async () => {
  const one = await upstream((asked, reply) => {
    reply.write('part');
    if (asked.url === '/break') setTimeout(() => reply.destroy(), 50);
  });
  const { gateway, port } = await start();
  gateway.apply([route('a', [one.port])]);
  await expect(ask(port, '/break')).rejects.toThrow();
  const leaving = get({ host: '127.0.0.1', port, headers: { host: 'shop.localhost' } }, () => leaving.destroy());
  leaving.on('error', () => {});
  await settle(gateway, 'a');
  expect(gateway.traffic('a').failed).toBeGreaterThanOrEqual(1);
});
