import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '../../src/client/index.ts';

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What `millrace up --json` prints on its `ready` line. */
interface Ready {
  event: 'ready';
  url: string;
  gatewayUrl: string;
  ownerLink: string | null;
  pid: number;
}

export interface RunningMillrace {
  url: string;
  gatewayUrl: string;
  dataDir: string;
  pid: number;
  /** Signs the owner in, once; null when there is one. */
  ownerLink: string | null;
  /** Milliseconds from start to ready. */
  startMs: number;
  /** Everything it printed so far. */
  output(): string;
  /** Signs the owner in over the one-time link; makes a token with all rights. */
  owner(): Promise<{ client: Client; token: string; email: string; password: string }>;
  /** kill -9 of the server process alone; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>;
  child: ChildProcess;
}

export interface MillraceOptions {
  /** Kept between runs by the caller; a temporary one is made when absent (remove it with `removeDirectory`). */
  dataDir?: string;
  env?: Record<string, string>;
  /** Same port again after a restart, so that clients and sent addresses stay right. */
  port?: number;
  gatewayPort?: number;
}

/** Starts the built program as a user would (`node bin/millrace.js up`), on free ports and a data directory of its own. */
export async function startMillrace(options: MillraceOptions = {}): Promise<RunningMillrace> {
  const dataDir = options.dataDir ?? (await temporaryDirectory());
  const started = performance.now();
  const child = spawnMillrace(dataDir, options);
  let output = '';
  const ready = await new Promise<Ready>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      output += chunk.toString();
      for (const line of output.split('\n')) {
        if (line.startsWith('{"event":"ready"')) resolve(JSON.parse(line) as Ready);
      }
    };
    child.stdout!.on('data', onData);
    child.stderr!.on('data', onData);
    child.on('exit', (code, signal) =>
      reject(new Error(`millrace ended (${code ?? signal}) before it was ready:\n${output}`)),
    );
  });
  const exited = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  return {
    ...ready,
    dataDir,
    child,
    startMs: performance.now() - started,
    output: () => output,
    async owner() {
      if (!ready.ownerLink) throw new Error('This data directory has an owner already');
      const email = 'olga@example.test';
      const password = 'correct horse battery staple';
      return claimOwner(ready.url, ready.ownerLink, email, password);
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

function spawnMillrace(dataDir: string, options: MillraceOptions) {
  return spawn(process.execPath, [join(repository, 'bin', 'millrace.js'), 'up', '--json'], {
    cwd: repository,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      MILLRACE_DATA: dataDir,
      MILLRACE_PORT: String(options.port ?? 0),
      MILLRACE_GATEWAY_PORT: String(options.gatewayPort ?? 0),
      MILLRACE_INTAKE_PORT: '0',
      MILLRACE_TLS_PORT: '0',
      MILLRACE_OTLP_GRPC_PORT: '0',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Starts the program on a data directory and kills it after `afterMs`, ready or not. */
export async function killWhileStarting(dataDir: string, options: MillraceOptions, afterMs: number): Promise<void> {
  const child = spawnMillrace(dataDir, options);
  child.stdout!.resume();
  child.stderr!.resume();
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  child.kill('SIGKILL');
  await exited;
}

async function claimOwner(url: string, link: string, email: string, password: string) {
  const key = new URL(link).hash.slice(1);
  const response = await fetch(`${url}/api/v1/identity/owner`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url, 'x-millrace-client': '1' },
    body: JSON.stringify({ token: key, name: 'Olga Owner', email, password }),
  });
  if (!response.ok) throw new Error(`Claiming the owner failed: ${response.status} ${await response.text()}`);
  const cookie = response.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const withCookie: typeof fetch = (input, init) =>
    fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), cookie, origin: url } });
  const { token } = await createClient({ baseUrl: url, fetch: withCookie }).identity.createToken({
    body: { name: 'test', scopes: null },
  });
  return { client: createClient({ baseUrl: url, token }), token, email, password };
}

/** A directory that PostgreSQL's own uid can reach too. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-story-'));
  await chmod(directory, 0o755);
  return directory;
}

export const removeDirectory = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

/** Live processes whose command line, environment or working directory names `text`; to show that nothing outlived the server. */
export async function processesNaming(text: string): Promise<{ pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    try {
      const command = (await readFile(`/proc/${entry}/cmdline`, 'utf8')).replaceAll('\0', ' ');
      const environment = await readFile(`/proc/${entry}/environ`, 'utf8').catch(() => '');
      const directory = await readlink(`/proc/${entry}/cwd`).catch(() => '');
      if ([command, environment, directory].some((facts) => facts.includes(text)))
        found.push({ pid: Number(entry), command });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** Calls `probe` every 100 ms until it gives something truthy; rejects after `timeoutMs` with what was waited for. */
export async function eventually<Result>(
  what: string,
  probe: () => Promise<Result | undefined | null | false>,
  timeoutMs = 60_000,
): Promise<Result> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const result = await probe();
      if (result) return result;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for: ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
