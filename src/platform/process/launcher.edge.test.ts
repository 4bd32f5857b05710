import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openLog } from '../observe/log.ts';
import { endPreviousLauncher, type Launcher, openLauncher } from './launcher.ts';
import { findProcessesIn } from './orphans.ts';

let launcher: Launcher;
let cwd: string;
beforeAll(() => {
  launcher = openLauncher({ log: openLog({ level: 'silent' }) });
});
afterAll(() => launcher.close());
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'millrace-launch-test-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const env = { PATH: '/usr/bin:/bin' };
const sh = (script: string, ...rest: string[]): string[] => ['sh', '-c', script, 'sh', ...rest];
/** A zombie has no command line any more; in a container nobody may wait for one whose parent was killed. */
const alive = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
};
const gone = async (pid: number): Promise<boolean> => {
  for (let waited = 0; waited < 10_000 && alive(pid); waited += 25) await sleep(25);
  return !alive(pid);
};

test('returns output of both streams in order, and the exit code', async () => {
  const result = await launcher.run({ argv: sh('echo one; echo two >&2; echo three; exit 7'), cwd, env });
  expect(result).toMatchObject({
    exitCode: 7,
    signal: null,
    output: 'one\ntwo\nthree\n',
    timedOut: false,
    lost: false,
  });
});

test('hands arguments over untouched and inherits no environment', async () => {
  const nasty = `a'b"c $(id) \\ ; | \n *`;
  const result = await launcher.run({ argv: sh('printf %s "$1"; env | wc -l', nasty), cwd, env: { ...env, X: '1' } });
  expect(result.output.startsWith(nasty)).toBe(true);
  // PATH, X, and PWD that the shell adds.
  expect(Number(result.output.slice(nasty.length))).toBeLessThanOrEqual(4);
});

test('passes output on while the program runs', async () => {
  const seen: { text: string; at: number }[] = [];
  await launcher.run({
    argv: sh('echo first; sleep 1; echo second'),
    cwd,
    env,
    onOutput: (chunk) => seen.push({ text: chunk.toString(), at: Date.now() }),
  });
  expect(seen.map((one) => one.text).join('')).toBe('first\nsecond\n');
  expect(seen.at(-1)!.at - seen[0]!.at).toBeGreaterThan(500);
});

test('a timeout ends the whole group, those that ignore the polite signal too', async () => {
  const result = await launcher.run({
    argv: sh('trap "" TERM; sh -c "trap \'\' TERM; echo $$; sleep 100" & echo $!; wait; sleep 100'),
    cwd,
    env,
    timeoutMs: 300,
    graceMs: 200,
  });
  expect(result).toMatchObject({ signal: 'SIGKILL', timedOut: true });
  for (const pid of result.output.trim().split('\n').map(Number)) expect(await gone(pid)).toBe(true);
});

test('what a finished program left in the background ends too', async () => {
  const result = await launcher.run({ argv: sh('sleep 100 & echo $!'), cwd, env });
  expect(result.exitCode).toBe(0);
  expect(await gone(Number(result.output))).toBe(true);
});

test('a program that writes without end is stopped', async () => {
  const result = await launcher.run({ argv: ['yes'], cwd, env, maxOutputBytes: 10_000 });
  expect(result.overflowed).toBe(true);
  expect(result.output).toHaveLength(10_000);
});

test('an aborted run ends', async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 200);
  const result = await launcher.run({ argv: ['sleep', '100'], cwd, env, signal: abort.signal });
  expect(result.signal).toBe('SIGTERM');
});

test('a missing program is a plain fault', async () => {
  await expect(launcher.run({ argv: ['no-such-program'], cwd, env })).rejects.toMatchObject({
    code: 'platform.cannot-start',
  });
  await expect(launcher.run({ argv: ['true'], cwd: join(cwd, 'absent'), env })).rejects.toMatchObject({
    code: 'platform.cannot-start',
  });
});

test('a supervised program is stopped by group and reports its exit', async () => {
  const outputFile = join(cwd, 'service.log');
  const started = await launcher.start({
    argv: sh('trap "echo bye; exit 3" TERM; echo up; while :; do sleep 0.05; done'),
    cwd,
    env,
    outputFile,
  });
  while (!(await readFile(outputFile, 'utf8')).includes('up')) await sleep(20);
  expect(await started.stop()).toMatchObject({ exitCode: 3, signal: null });
  expect(await readFile(outputFile, 'utf8')).toMatch(/^up\n(Terminated\n)?bye\n$/);
});

test('a launcher that is closed while it starts ends', async () => {
  for (const afterMs of [0, 40, 80, 160, 320]) {
    const brief = openLauncher({ log: openLog({ level: 'silent' }), directory: cwd });
    await sleep(afterMs);
    await brief.close();
  }
  expect(await findProcessesIn(cwd)).toEqual([]);
});

test('hundreds at once, each with its own result', async () => {
  const results = await Promise.all(
    Array.from({ length: 200 }, (_, n) => launcher.run({ argv: sh('echo $1; exit $(($1 % 5))', String(n)), cwd, env })),
  );
  for (const [n, result] of results.entries()) expect(result).toMatchObject({ exitCode: n % 5, output: `${n}\n` });
});

/** A process that opened a launcher, standing in `cwd`, and started a program that takes a signal for a joke. */
async function startServer(): Promise<{ server: ChildProcess; program: number }> {
  const script = join(cwd, 'server.ts');
  const module = fileURLToPath(new URL('./launcher.ts', import.meta.url));
  const log = fileURLToPath(new URL('../observe/log.ts', import.meta.url));
  await writeFile(join(cwd, 'package.json'), '{"type":"module"}');
  await writeFile(
    script,
    `import { openLauncher } from ${JSON.stringify(module)};
     import { openLog } from ${JSON.stringify(log)};
     const launcher = openLauncher({ log: openLog({ level: 'silent' }), directory: ${JSON.stringify(cwd)} });
     const env = { PATH: '/usr/bin:/bin' };
     const argv = ['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'];
     const started = await launcher.start({ argv, cwd: '/', env, outputFile: '/dev/null' });
     process.stdout.write(started.pid + '\\n');`,
  );
  const server = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const program = await new Promise<number>((resolve) => server.stdout.once('data', (text) => resolve(Number(text))));
  return { server, program };
}

test('everything ends when the server is killed, and the next one waits for it', async () => {
  const { server, program } = await startServer();
  expect(alive(program)).toBe(true);
  server.kill('SIGKILL');
  expect(await endPreviousLauncher(cwd)).toBe(true);
  expect(await gone(program)).toBe(true);
  expect(await findProcessesIn(cwd)).toEqual([]);
  expect(await endPreviousLauncher(cwd)).toBe(false);
});

test('everything ends when server and launcher are killed at once', async () => {
  const { server, program } = await startServer();
  const helpers = await findProcessesIn(cwd, basename(process.execPath));
  expect(helpers).toHaveLength(1);
  server.kill('SIGSTOP');
  process.kill(helpers[0]!, 'SIGKILL');
  server.kill('SIGKILL');
  expect(await gone(program)).toBe(true);
  await endPreviousLauncher(cwd);
  expect(await findProcessesIn(cwd)).toEqual([]);
});
