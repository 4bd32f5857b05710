import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { keep } from './keeper.ts';

/** Command lines that hold `mark`. */
async function running(mark: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir('/proc')) {
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(mark) && entry !== String(process.pid)) found.push(command.replaceAll('\0', ' '));
  }
  return found;
}

test('a kept program that was stopped leaves nothing that watched over it', async () => {
  const mark = newId();
  const kept = await keep({ argv: ['/bin/sh', '-c', 'while :; do sleep 0.05; done', mark] });
  while ((await running(mark)).length < 2) await sleep(20);
  expect(await kept.stop()).toMatchObject({ signal: 'SIGTERM' });
  expect(await running(mark)).toEqual([]);
});

/** Adopts orphans and waits for none, as process 1 of many a container does. */
const unreaping = `
import ctypes, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
subprocess.Popen(sys.argv[1:]).wait()
sys.stdin.read()`;

test('what watches a program does not wait for one that has ended and that nobody waited for', async ({ skip }) => {
  const python = spawn('python3', ['-c', ''], { stdio: 'ignore' });
  if (await new Promise((resolve) => python.once('error', () => resolve(true)).once('exit', (code) => resolve(code))))
    skip();
  const mark = newId();
  const module = JSON.stringify(new URL('./keeper.ts', import.meta.url).href);
  const script = `import(${module}).then(async ({ keep }) => {
    await keep({ argv: ['/bin/sleep', '1000'], env: { MARK: ${JSON.stringify(mark)} }, graceMs: 60_000 });
    console.log(process.pid);
  })`;
  const server = [process.execPath, '--import', import.meta.resolve('tsx'), '-e', script, mark];
  const adopter = spawn('python3', ['-c', unreaping, ...server], { stdio: ['pipe', 'pipe', 'inherit'] });
  const watchers = async (): Promise<number> => {
    let count = 0;
    for (const entry of await readdir('/proc')) {
      const environment = await readFile(`/proc/${entry}/environ`, 'utf8').catch(() => '');
      if (environment.includes(`MARK=${mark}`)) count += 1;
    }
    return count;
  };
  const pid = await new Promise<string>((resolve) => adopter.stdout.once('data', (text) => resolve(String(text))));
  while ((await watchers()) < 2) await sleep(20);
  process.kill(Number(pid), 'SIGKILL');
  const began = Date.now();
  while ((await watchers()) > 0 && Date.now() - began < 30_000) await sleep(50);
  expect(await watchers()).toBe(0);
  adopter.stdin.end();
});
