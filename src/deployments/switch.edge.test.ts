import { Agent, request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployWorld, nodeService, quickRollout, type World, webCompose } from '../../test/harness/deploy-world.ts';

let world: World;
beforeAll(async () => {
  world = await deployWorld();
});
afterAll(() => world.close());

const files = (n: number): Record<string, string> => ({
  'server.cjs': nodeService(`// change ${n}`),
  'compose.yaml': webCompose,
  'millrace.yaml': quickRollout().replace('1s', '300ms'),
});

test('visitors who keep asking through four deployments never see a failure, slow requests and posts included', async () => {
  await world.until('deployment.succeeded', (await world.release(files(0))).version);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const seen = new Map<string, number>();
  const failures: string[] = [];
  let running = true;
  const ask = (path: string, method: string): Promise<void> =>
    new Promise((resolve) => {
      const options = {
        host: '127.0.0.1',
        port: world.gatewayPort,
        path,
        method,
        agent,
        headers: { host: 'production.shop.localhost' },
      };
      const outgoing = request(options, (answer) => {
        let body = '';
        answer.on('data', (part) => {
          body += part;
        });
        answer.on('error', (error) => failures.push(String(error)));
        answer.on('close', () => {
          if (answer.statusCode === 200 && answer.complete) seen.set(body, (seen.get(body) ?? 0) + 1);
          else failures.push(`${method} ${path} ${answer.statusCode} ${body}`);
          resolve();
        });
      });
      outgoing.on('error', (error) => {
        failures.push(`${method} ${path} ${error.message}`);
        resolve();
      });
      outgoing.end(method === 'POST' ? 'some body' : undefined);
    });
  const visitor = async (path: string, method: string): Promise<void> => {
    while (running) await ask(path, method);
  };
  const visitors = [
    visitor('/', 'GET'),
    visitor('/', 'GET'),
    visitor('/', 'POST'),
    visitor('/slow', 'GET'),
    visitor('/slow', 'POST'),
  ];
  const versions: string[] = [];
  for (let n = 1; n <= 4; n += 1) {
    const { version } = await world.release(files(n));
    versions.push(version);
    await world.until('deployment.succeeded', version, 30_000);
  }
  running = false;
  await Promise.all(visitors);
  agent.destroy();
  expect(failures).toEqual([]);
  for (const version of versions) expect(seen.get(version)).toBeGreaterThan(0);
}, 120_000);
