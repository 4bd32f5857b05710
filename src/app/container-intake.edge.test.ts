import { createServer } from 'node:net';
import fastify from 'fastify';
import { expect, it } from 'vitest';
import { openLog } from '../platform/observe/log.ts';
import { containerIntake } from './container-intake.ts';

it('follows the bridge of the engine, and does without one that cannot be had', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  let address: string | undefined;
  const intake = containerIntake({
    bridgeAddress: async () => address,
    listen: async (host) => {
      const app = fastify();
      app.get('/', () => 'here');
      await app.listen({ host, port });
      return app;
    },
    name: 'intake',
    log: openLog({ level: 'silent' }),
  });
  const answers = (host: string): Promise<boolean> =>
    fetch(`http://${host}:${port}/`).then(
      (answer) => answer.ok,
      () => false,
    );
  await intake.look();
  expect(await answers('127.0.0.2')).toBe(false);
  address = '203.0.113.9';
  await intake.look();
  address = '127.0.0.2';
  await intake.look();
  await intake.look();
  expect(await answers('127.0.0.2')).toBe(true);
  address = undefined;
  await intake.look();
  expect(await answers('127.0.0.2')).toBe(true);
  address = '127.0.0.3';
  await intake.look();
  expect(await answers('127.0.0.3')).toBe(true);
  expect(await answers('127.0.0.2')).toBe(false);
  await intake.close();
  expect(await answers('127.0.0.3')).toBe(false);
});
