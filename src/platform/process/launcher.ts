import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../kernel/faults.ts';
import type { Log } from '../observe/log.ts';
import { entryArgv } from './entry.ts';
import { type Exit, killGroup } from './keeper.ts';
import type { LauncherReport, LauncherRequest } from './launcher-messages.ts';
import { endProcess, findProcessesIn } from './orphans.ts';
import { followFile } from './output.ts';

export interface Launch {
  /** Program and arguments; no shell reads them. */
  argv: readonly string[];
  /** Must exist. */
  cwd: string;
  /** The whole environment; nothing is inherited, PATH included. */
  env: Record<string, string>;
  /** Run under another user; only root may ask for it. */
  uid?: number | undefined;
  gid?: number | undefined;
  /** Standard input; absent is empty. */
  inputFile?: string | undefined;
  /** Standard output and error are appended to this file, by the kernel, in the order written. */
  outputFile: string;
  /** Standard error alone, apart from `outputFile`. */
  errorFile?: string | undefined;
  /** Asked to end (SIGTERM to the group) after this long, killed `graceMs` later. */
  timeoutMs?: number | undefined;
  /** Default 5 s. */
  graceMs?: number | undefined;
}

export interface Finished extends Exit {
  timedOut: boolean;
  /** The launcher itself died, so the exit status is unknown; the group was killed. */
  lost: boolean;
}

export interface Started {
  /** Also the id of its process group. */
  readonly pid: number;
  /** Resolves once the program has ended and what it left in its group was killed. Never rejects. */
  readonly exited: Promise<Finished>;
  /** To the whole group. */
  signal(name: NodeJS.Signals): void;
  /** `signal` (default SIGTERM) to the group, SIGKILL after `graceMs` (default 5 s). */
  stop(options?: { signal?: NodeJS.Signals; graceMs?: number }): Promise<Finished>;
}

export interface RunOptions extends Omit<Launch, 'outputFile'> {
  /** Kept after the run when given; otherwise a temporary file. */
  outputFile?: string | undefined;
  /** Called with output as it comes (within 50 ms), in order; all calls are made before `run` resolves. */
  onOutput?: ((chunk: Buffer) => void) | undefined;
  /** The program is stopped when it has written more (it may overshoot by what it writes in 50 ms). Default 64 MiB. */
  maxOutputBytes?: number | undefined;
  /** Stops the program. */
  signal?: AbortSignal | undefined;
}

export interface RunResult extends Finished {
  /** The first `maxOutputBytes` of its output, standard error included (unless it has a file of its own). */
  output: string;
  overflowed: boolean;
}

/**
 * Starts programs by way of a small helper process. Everything it started ends when this process ends, however it ends.
 * Any number of programs may run at once.
 */
export interface Launcher {
  /** Starts and returns at once. Rejects with `platform.cannot-start` when there is no such program or directory. */
  start(launch: Launch): Promise<Started>;
  /** Starts, waits, and returns the output. A non-zero exit is a result, not an error. */
  run(options: RunOptions): Promise<RunResult>;
  /** Stops what still runs (3 s, then kill) and ends the helper. */
  close(): Promise<void>;
}

interface Pending {
  resolve: (started: Started) => void;
  reject: (reason: unknown) => void;
  pid: number | undefined;
  finish: (finished: Finished) => void;
  exited: Promise<Finished>;
}

const memoryOptions = ['--max-old-space-size=96', '--max-semi-space-size=1'];

/**
 * Opens a launcher. The helper process is started now, and again by itself should it die. `directory` is where the helper
 * stands, so that a later server can find it (`endPreviousLauncher`); it must exist.
 */
export function openLauncher(options: { log: Log; directory?: string | undefined }): Launcher {
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let closed = false;
  let helper = startHelper();

  function startHelper(): ChildProcess {
    const [node, ...args] = entryArgv(import.meta.url, 'launcher-process', memoryOptions);
    const child = spawn(node!, args, {
      cwd: options.directory,
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', (report: LauncherReport) => receive(report));
    child.on('error', (error) => options.log.error({ err: error }, 'the launcher process cannot be reached'));
    child.once('exit', (exitCode, signal) => {
      // Its programs may live on without it; nobody could tell how they end, so they end now.
      for (const [id, entry] of pending) {
        pending.delete(id);
        if (entry.pid !== undefined) killGroup(entry.pid);
        else entry.reject(cannotStart('the launcher process ended', undefined));
        entry.finish({ exitCode: null, signal: 'SIGKILL', timedOut: false, lost: true });
      }
      if (closed) return;
      options.log.error({ exitCode, signal }, 'the launcher process ended; starting another');
      helper = startHelper();
    });
    return child;
  }

  function receive(report: LauncherReport): void {
    const entry = pending.get(report.id);
    if (!entry) return;
    if (report.type === 'failed') {
      pending.delete(report.id);
      entry.reject(cannotStart(report.message, report.code));
    } else if (report.type === 'started') {
      entry.pid = report.pid;
      entry.resolve({
        pid: report.pid,
        exited: entry.exited,
        signal: (signal) => send({ type: 'signal', id: report.id, signal }),
        stop: (how = {}) => {
          send({ type: 'stop', id: report.id, signal: how.signal ?? 'SIGTERM', graceMs: how.graceMs ?? 5000 });
          return entry.exited;
        },
      });
    } else {
      pending.delete(report.id);
      const { exitCode, signal, timedOut } = report;
      entry.finish({ exitCode, signal, timedOut, lost: false });
    }
  }

  function send(request: LauncherRequest): void {
    if (helper.connected) helper.send(request, () => {});
  }

  function start(launch: Launch): Promise<Started> {
    if (closed) return Promise.reject(cannotStart('the launcher is closed', undefined));
    return new Promise((resolve, reject) => {
      const id = nextId;
      nextId += 1;
      let finish: (finished: Finished) => void = () => {};
      const exited = new Promise<Finished>((done) => {
        finish = done;
      });
      pending.set(id, { resolve, reject, pid: undefined, finish, exited });
      send({ ...launch, argv: [...launch.argv], type: 'start', id, graceMs: launch.graceMs ?? 5000 });
    });
  }

  async function run(wanted: RunOptions): Promise<RunResult> {
    const { onOutput, maxOutputBytes = 64 * 1024 * 1024, signal, ...launch } = wanted;
    signal?.throwIfAborted();
    const scratch = launch.outputFile === undefined ? await mkdtemp(join(tmpdir(), 'millrace-run-')) : undefined;
    const outputFile = launch.outputFile ?? join(scratch!, 'output');
    try {
      const from = await stat(outputFile).then(
        (facts) => facts.size,
        () => 0,
      );
      const started = await start({ ...launch, outputFile });
      const stop = (): void => void started.stop({ graceMs: launch.graceMs ?? 5000 });
      if (signal?.aborted) stop();
      signal?.addEventListener('abort', stop, { once: true });
      let overflowed = false;
      const written = await followFile(outputFile, from, started.exited, (chunk, total) => {
        if (total <= maxOutputBytes) onOutput?.(chunk);
        else if (!overflowed) {
          overflowed = true;
          stop();
        }
      });
      const finished = await started.exited;
      signal?.removeEventListener('abort', stop);
      const output = await readPart(outputFile, from, Math.min(written, maxOutputBytes));
      return { ...finished, output, overflowed };
    } finally {
      if (scratch) await rm(scratch, { recursive: true, force: true });
    }
  }

  return {
    start,
    run,
    async close() {
      if (closed) return;
      closed = true;
      const gone = new Promise<void>((resolve) => helper.once('exit', () => resolve()));
      if (helper.exitCode !== null || helper.signalCode !== null) return;
      if (helper.connected) helper.disconnect();
      await gone;
    },
  };
}

/** A helper gives its programs 3 s when its server is gone, and itself no longer. */
const patienceMs = 4000;

/**
 * Waits until the helper of a killed server has ended all it started, and ends it when it takes too long: what is started
 * next may use the same files. Resolves to whether there was one.
 */
export async function endPreviousLauncher(directory: string): Promise<boolean> {
  const began = Date.now();
  let found = false;
  for (;;) {
    const left = await findProcessesIn(directory);
    // What stands there after that long is none of ours.
    if (left.length === 0 || Date.now() - began > 2 * patienceMs) return found;
    found = true;
    if (Date.now() - began > patienceMs) {
      // Its watch stays, and kills what it leaves.
      for (const pid of await findProcessesIn(directory, basename(process.execPath))) endProcess(pid, 'SIGKILL');
    }
    await sleep(50);
  }
}

async function readPart(path: string, from: number, bytes: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(bytes);
    const { bytesRead } = await file.read(buffer, 0, bytes, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

const cannotStart = (message: string, code: string | undefined): Fault =>
  new Fault('unprocessable', `The program cannot be started: ${message}`, {
    code: 'platform.cannot-start',
    hint:
      code === 'ENOENT'
        ? 'Check that the program is installed, that PATH is set, and that the working directory exists.'
        : undefined,
  });
