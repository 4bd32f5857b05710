import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { PassThrough, type Readable } from 'node:stream';
import { Fault } from '../../kernel/faults.ts';
import type { GitCommand } from './commands.ts';

export interface GitResult {
  code: number;
  stdout: Buffer;
  /** The first 8 KiB. */
  stderr: string;
}

export interface GitLimits {
  /** After this the process group is killed and an `unavailable` Fault thrown. Default 30 s. */
  timeoutMs?: number | undefined;
  /** More output than this is a `too-large` Fault. Default 64 MiB. */
  outputBytes?: number | undefined;
  /** For what runs long and reads and writes no pipe: a watcher ends it when the server dies. */
  guarded?: boolean | undefined;
  /** The file a guarded git reads as its standard input. Default none. */
  inputFile?: string | undefined;
}

const stderrBytes = 8192;

/**
 * Starts git in a process group of its own, so that whatever it starts ends with it. The caller reads its output.
 * What reads standard input or writes to a pipe ends when the server dies; for the rest see `guard`.
 */
export function spawnGit(command: GitCommand): ChildProcessWithoutNullStreams {
  return spawn('git', command.argv, { cwd: command.cwd ?? '/', env: command.env, detached: true, stdio: 'pipe' });
}

/**
 * A watcher beside git waits for the end of standard input, which only the server holds: when the server dies, git is
 * asked to end (a fetch could go on for half an hour). Arguments are passed through, never read by the shell; the first
 * one is the file git reads.
 */
const guard = `
exec 3<&0
git "$@" <"$0" 3<&- &
git=$!
{ read -r _ <&3; kill -s TERM -- "-$$"; } >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$git"
status=$?
kill -s KILL "$watcher" 2>/dev/null
exit "$status"`;

function spawnGuarded(command: GitCommand, inputFile = '/dev/null'): ChildProcessWithoutNullStreams {
  const argv = ['-c', guard, inputFile, ...command.argv];
  return spawn('/bin/sh', argv, { cwd: command.cwd ?? '/', env: command.env, detached: true, stdio: 'pipe' });
}

/** Git that was asked to end and did not is killed after this. */
const graceMs = 3000;

/**
 * Ends git and everything it started: asked first, since git then takes its lock files away. Nothing happens when it is
 * gone already.
 */
export function killGit(child: ChildProcessWithoutNullStreams): void {
  const signal = (name: NodeJS.Signals): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      child.kill(name);
    }
  };
  signal('SIGTERM');
  setTimeout(() => signal('SIGKILL'), graceMs).unref();
}

/** Collects the beginning of what git says on standard error. */
export function collectErrors(child: ChildProcessWithoutNullStreams): () => string {
  const parts: Buffer[] = [];
  let size = 0;
  child.stderr.on('data', (chunk: Buffer) => {
    if (size < stderrBytes) parts.push(chunk.subarray(0, stderrBytes - size));
    size += chunk.length;
  });
  return () => Buffer.concat(parts).toString();
}

/**
 * Runs git to its end, whatever its exit status. `acceptable` names the statuses that are answers; any other throws.
 * Faults: `unavailable` when git is not installed or takes too long, `too-large` when it prints too much.
 */
export async function runGit(
  command: GitCommand,
  options: GitLimits & { acceptable?: number[] } = {},
): Promise<GitResult> {
  const child = options.guarded ? spawnGuarded(command, options.inputFile) : spawnGit(command);
  const stderr = collectErrors(child);
  const parts: Buffer[] = [];
  const limit = options.outputBytes ?? 64 * 1024 * 1024;
  let size = 0;
  let failure: Fault | undefined;
  const fail = (fault: Fault): void => {
    failure ??= fault;
    killGit(child);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit)
      fail(new Fault('too-large', `git printed more than ${limit} bytes`, { code: 'git.output-limit' }));
    else parts.push(chunk);
  });
  child.stdin.on('error', () => {});
  // The watcher takes the end of input for the end of the server.
  if (!options.guarded) child.stdin.end();
  const timeoutMs = options.timeoutMs ?? 30_000;
  const timer = setTimeout(
    () => fail(new Fault('unavailable', `git took longer than ${timeoutMs} ms`, { code: 'git.timeout' })),
    timeoutMs,
  );
  const code = await exitOf(child).finally(() => clearTimeout(timer));
  if (failure) throw failure;
  if (!(options.acceptable ?? [0]).includes(code)) throw new GitFailure(command, code, stderr());
  return { code, stdout: Buffer.concat(parts), stderr: stderr() };
}

/** Git ended with a status that is no answer. A bug of ours or a damaged repository, unless the caller knows better. */
export class GitFailure extends Error {
  readonly exitCode: number;
  readonly stderr: string;

  constructor(command: GitCommand, exitCode: number, stderr: string) {
    const verb = command.argv.find((word) => !word.startsWith('-')) ?? '';
    super(`git ${verb} ended with ${exitCode}: ${stderr.trim()}`);
    this.name = 'GitFailure';
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** Resolves to the exit status once the process ended and its output was read; -1 when a signal ended it. */
export function exitOf(child: ChildProcessWithoutNullStreams): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      reject(
        new Fault('unavailable', 'git cannot be started', {
          code: 'git.missing',
          hint: 'Install git (2.36 or newer) and make sure it is on the PATH.',
          cause: error,
        }),
      );
    });
    child.on('close', (code) => resolve(code ?? -1));
  });
}

/** Streams what git prints; the stream errors when git fails, and destroying it ends git. */
export function streamGit(command: GitCommand): Readable {
  const child = spawnGit(command);
  const stderr = collectErrors(child);
  const output = new PassThrough();
  child.stdin.on('error', () => {});
  child.stdin.end();
  child.stdout.pipe(output, { end: false });
  output.on('close', () => killGit(child));
  exitOf(child).then(
    (code) => (code === 0 ? output.end() : output.destroy(new GitFailure(command, code, stderr()))),
    (error: Error) => output.destroy(error),
  );
  return output;
}
