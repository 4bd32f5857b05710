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
}

const stderrBytes = 8192;

/** Starts git in a process group of its own, so that whatever it starts ends with it. The caller reads its output. */
export function spawnGit(command: GitCommand): ChildProcessWithoutNullStreams {
  return spawn('git', command.argv, { cwd: command.cwd ?? '/', env: command.env, detached: true, stdio: 'pipe' });
}

/** Ends git and everything it started. Nothing happens when it is gone already. */
export function killGit(child: ChildProcessWithoutNullStreams): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
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
  options: GitLimits & { acceptable?: number[]; input?: string } = {},
): Promise<GitResult> {
  const child = spawnGit(command);
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
  child.stdin.end(options.input ?? '');
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
