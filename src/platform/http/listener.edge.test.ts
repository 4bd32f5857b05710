import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { moveListener } from './listener.ts';

let app: FastifyInstance;
let port: number;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeEach(async () => {
  app = fastify({ forceCloseConnections: true });
  app.get('/who', (asked) => ({ from: asked.socket.remotePort, at: asked.socket.localAddress }));
  await app.listen({ host: '127.0.0.1', port: 0 });
  port = (app.server.address() as AddressInfo).port;
});
afterEach(() => app.close());

function ask(host: string, port: number): Promise<{ from: number; at: string }> {
  return new Promise((resolve, reject) => {
    request({ host, port, path: '/who', agent }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve(JSON.parse(text)));
    })
      .on('error', reject)
      .end();
  });
}

it('moves to every address of the machine while a connection goes on', async () => {
  const before = await ask('127.0.0.1', port);
  await expect(ask('127.0.0.2', port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await moveListener(app.server, '0.0.0.0');
  expect((await ask('127.0.0.2', port)).at).toContain('127.0.0.2');
  // The same connection as before.
  expect((await ask('127.0.0.1', port)).from).toBe(before.from);
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal);
  if (outside) expect((await ask(outside.address, port)).at).toContain(outside.address);
});

it('stays where it is when the other address cannot be had', async () => {
  await expect(moveListener(app.server, '203.0.113.7')).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  expect((await ask('127.0.0.1', port)).at).toContain('127.0.0.1');
});

it('closes with the application, open connections included', async () => {
  await ask('127.0.0.1', port);
  await moveListener(app.server, '0.0.0.0');
  await ask('127.0.0.1', port);
  await app.close();
  await expect(ask('127.0.0.1', port)).rejects.toThrow(/ECONNREFUSED|ECONNRESET|hang up/);
});
