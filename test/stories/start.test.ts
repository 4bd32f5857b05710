import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  eventually,
  processesNaming,
  type RunningMillrace,
  removeDirectory,
  startMillrace,
  temporaryDirectory,
} from '../harness/millrace.ts';

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
let dataDir: string;
let running: RunningMillrace[];

beforeEach(async () => {
  dataDir = await temporaryDirectory();
  running = [];
});
afterEach(async () => {
  for (const one of running) if (one.child.exitCode === null && one.child.signalCode === null) await one.stop();
  await removeDirectory(dataDir);
});

async function start(options: Parameters<typeof startMillrace>[0] = {}): Promise<RunningMillrace> {
  const millrace = await startMillrace({ dataDir, ...options });
  running.push(millrace);
  return millrace;
}

/** A start that is expected to fail: its exit code and everything it printed. */
function failingStart(env: Record<string, string>): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [join(repository, 'bin', 'millrace.js'), 'up'], {
    env: { ...process.env, MILLRACE_GATEWAY_PORT: '0', MILLRACE_INTAKE_PORT: '0', MILLRACE_TLS_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const onData = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout.on('data', onData);
  child.stderr.on('data', onData);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, text })));
}

const nothingLeft = (): Promise<boolean> => processesNaming(dataDir).then((left) => left.length === 0);

it('starts on an empty directory, stops without a trace on SIGTERM, and starts again as it was', async () => {
  const first = await start();
  expect((await fetch(first.url)).status).toBe(200);
  const { token } = await first.owner();
  const asked = await fetch(`${first.url}/api/v1/projects`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ slug: 'kept', name: 'Kept' }),
  });
  expect(asked.status).toBe(201);
  expect(await first.stop()).toBe(0);
  expect(await processesNaming(dataDir)).toEqual([]);

  const second = await start();
  console.log(`first start ${Math.round(first.startMs)} ms, warm start ${Math.round(second.startMs)} ms`);
  const list = await fetch(`${second.url}/api/v1/projects`, { headers: { authorization: `Bearer ${token}` } });
  expect(((await list.json()) as { items: { slug: string }[] }).items.map((one) => one.slug)).toEqual(['kept']);
  expect(second.ownerLink).toBeNull();
  expect(await second.stop()).toBe(0);
  expect(await processesNaming(dataDir)).toEqual([]);
});

it('is on loopback until there is an owner, and then at once where its settings say', async () => {
  const millrace = await start({ env: { MILLRACE_HOST: '0.0.0.0' } });
  const elsewhere = millrace.url.replace('localhost', '127.0.0.2');
  await expect(fetch(elsewhere)).rejects.toThrow();
  await millrace.owner();
  await eventually('it listens on every address', async () => (await fetch(elsewhere)).ok, 20_000);
  expect((await fetch(millrace.url)).status).toBe(200);
  // A port given by the system cannot be expected again, so the restart only shows that nothing waits for a claim any more.
  await millrace.stop();
  const again = await start({ env: { MILLRACE_HOST: '0.0.0.0' } });
  expect((await fetch(again.url.replace('localhost', '127.0.0.2'))).status).toBe(200);
});

it('says who holds the data directory, and leaves that server alone', async () => {
  const first = await start();
  const { code, text } = await failingStart({ MILLRACE_DATA: dataDir, MILLRACE_PORT: '0' });
  expect(code).toBe(1);
  expect(text).toContain(`is in use by process ${first.pid}`);
  expect(text).toContain(first.url);
  expect(text).not.toMatch(/^\s+at /m);
  expect((await fetch(first.url)).status).toBe(200);
});

it.each(['MILLRACE_PORT', 'MILLRACE_INTAKE_PORT', 'MILLRACE_TLS_PORT', 'MILLRACE_GATEWAY_PORT'])(
  'says plainly that the port of %s is taken, and stops what it had started',
  async (variable) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    try {
      const { code, text } = await failingStart({
        MILLRACE_DATA: dataDir,
        MILLRACE_PORT: '0',
        [variable]: String(port),
      });
      expect(code).toBe(1);
      expect(text).toMatch(new RegExp(`^Port ${port} .*(in use|taken)`, 'm'));
      expect(text).toContain(variable);
      expect(text).not.toMatch(/^\s+at /m);
      expect(await processesNaming(dataDir)).toEqual([]);
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  },
);

it('leaves no process behind when it is killed, and recovers', async () => {
  const first = await start();
  const { token } = await first.owner();
  await first.kill();
  await eventually('every child of the killed server ends', nothingLeft, 20_000);

  const second = await start();
  const me = await fetch(`${second.url}/api/v1/projects`, { headers: { authorization: `Bearer ${token}` } });
  expect(me.status).toBe(200);
  // Killed again before its children had time to end: the next start does not wait for a person.
  await second.kill();
  const third = await start();
  expect((await fetch(third.url)).status).toBe(200);
  expect(await third.stop()).toBe(0);
  expect(await processesNaming(dataDir)).toEqual([]);
});
