import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Duplex, Readable } from 'node:stream';

export interface Exit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

export interface KeepOptions {
  argv: readonly string[];
  cwd?: string | undefined;
  /** The whole environment of the program; nothing is inherited. */
  env?: Record<string, string> | undefined;
  /** Run under another user; only root may ask for it. */
  uid?: number | undefined;
  gid?: number | undefined;
  /** How the program is asked to end. Default SIGTERM. */
  stopSignal?: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | undefined;
  /** After this long it is killed, with its whole process group. Default 10 s. */
  graceMs?: number | undefined;
  onLine?: ((line: string) => void) | undefined;
}

/** A running program that cannot outlive this process. */
export interface Kept {
  /** The program itself (no shell in between); also the id of its process group. */
  readonly pid: number;
  readonly exited: Promise<Exit>;
  signal(name: NodeJS.Signals): void;
  /** Asks, waits for the grace time, kills the group; resolves once it and what watched over it are gone. Safe to call twice. */
  stop(): Promise<Exit>;
}

/**
 * Runs beside the program, in its process group, blocked on a pipe whose other end only this process holds.
 * A line means "the program has ended"; end of file means "the server died", however it died, and then the program is
 * asked to stop and, after the grace time, killed with its group. A program that ended and that nobody has waited for (a
 * zombie: in a container process 1 often waits for none) counts as gone, though it can still be signalled. The program
 * itself replaces the shell (`exec`), so its pid and exit status are its own. Everything from outside is a positional parameter.
 */
const keeperScript = `
signal=$1; tenths=$2; shift 2
runs() {
  kill -0 "$$" || return 1
  while read -r name state rest; do [ "$name" != State: ] || break; done <"/proc/$$/status" || return 0
  [ "$state" != Z ]
}
(
  if read -r word <&3; then exit 0; fi
  kill -s "$signal" "$$" || exit 0
  while [ "$tenths" -gt 0 ] && runs; do sleep 0.1; tenths=$((tenths - 1)); done
  kill -s KILL -- "-$$"
) >/dev/null 2>&1 &
exec "$@" 3<&-`;

/** Starts a long-lived program (a store, a launcher) in a process group of its own. Rejects when it cannot be started. */
export async function keep(options: KeepOptions): Promise<Kept> {
  const stopSignal = options.stopSignal ?? 'SIGTERM';
  const graceMs = options.graceMs ?? 10_000;
  const tenths = String(Math.ceil(graceMs / 100));
  const child = spawn(
    '/bin/sh',
    ['-c', keeperScript, 'millrace-keeper', stopSignal.slice(3), tenths, ...options.argv],
    {
      cwd: options.cwd,
      env: options.env ?? {},
      uid: options.uid,
      gid: options.gid,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  );
  const lifeline = child.stdio[3] as Duplex;
  lifeline.on('error', () => {});
  lifeline.resume();
  // The other end is held by the watcher alone.
  const unwatched = new Promise<void>((resolve) => lifeline.once('close', resolve));
  for (const stream of [child.stdout, child.stderr] as Readable[]) {
    createInterface({ input: stream }).on('line', (line) => options.onLine?.(line));
  }
  let ended: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (exitCode, signal) => {
      ended = { exitCode, signal };
      lifeline.end('done\n');
      resolve(ended);
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  child.on('error', () => {});
  const pid = child.pid!;
  let stopping: Promise<Exit> | undefined;
  return {
    pid,
    exited,
    signal: (name) => {
      if (!ended) child.kill(name);
    },
    stop: () => {
      stopping ??= (async () => {
        if (!ended) child.kill(stopSignal);
        const timer = setTimeout(() => killGroup(pid), graceMs);
        const exit = await exited;
        clearTimeout(timer);
        await unwatched;
        return exit;
      })();
      return stopping;
    },
  };
}

/** SIGKILL to a process group; one that is gone already is no error. */
export function killGroup(pgid: number, signal: NodeJS.Signals = 'SIGKILL'): boolean {
  try {
    process.kill(-pgid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}
