import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { watchGroups } from './group-watch.ts';
import { killGroup } from './keeper.ts';
import type { LauncherReport, LauncherRequest } from './launcher-messages.ts';
import { requireProgram, starterArgv } from './starter.ts';

/**
 * The launcher process: small and long-lived, so that starting something costs what this process weighs and not what the
 * server weighs. It relays no output (that goes straight to files) and ends everything it started when the server is gone;
 * when it is killed itself, its watch ends everything.
 */
interface Running {
  child: ChildProcess;
  timedOut: boolean;
  timers: NodeJS.Timeout[];
}

const running = new Map<number, Running>();
const watch = watchGroups();
const lastWordsMs = 3000;

function report(message: LauncherReport): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

function start(request: Extract<LauncherRequest, { type: 'start' }>): void {
  const files: number[] = [];
  const open = (path: string, flags: string): number => {
    const file = openSync(path, flags, 0o600);
    files.push(file);
    return file;
  };
  try {
    const input = request.inputFile === undefined ? 'ignore' : open(request.inputFile, 'r');
    const output = open(request.outputFile, 'a');
    const error = request.errorFile === undefined ? output : open(request.errorFile, 'a');
    requireProgram(request.argv[0]!, request.cwd, request.env.PATH);
    const [starter, ...rest] = starterArgv(request.argv, request.env);
    const child = spawn(starter!, rest, {
      cwd: request.cwd,
      env: request.env,
      uid: request.uid,
      gid: request.gid,
      detached: true,
      stdio: [input, output, error, watch.pipe],
    });
    const entry: Running = { child, timedOut: false, timers: [] };
    child.once('error', (failure: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return;
      report({ type: 'failed', id: request.id, code: failure.code ?? 'unknown', message: failure.message });
    });
    if (child.pid === undefined) return;
    watch.add(child.pid);
    running.set(request.id, entry);
    child.once('exit', (exitCode, signal) => {
      for (const timer of entry.timers) clearTimeout(timer);
      // What it left behind in its group ends with it.
      killGroup(child.pid!);
      watch.remove(child.pid!);
      running.delete(request.id);
      report({ type: 'exited', id: request.id, exitCode, signal, timedOut: entry.timedOut });
    });
    if (request.timeoutMs !== undefined) {
      entry.timers.push(
        setTimeout(() => {
          entry.timedOut = true;
          stop(entry, 'SIGTERM', request.graceMs);
        }, request.timeoutMs),
      );
    }
    report({ type: 'started', id: request.id, pid: child.pid });
  } catch (failure) {
    const { code, message } = failure as NodeJS.ErrnoException;
    report({ type: 'failed', id: request.id, code: code ?? 'unknown', message });
  } finally {
    for (const file of files) closeSync(file);
  }
}

function stop(entry: Running, signal: NodeJS.Signals, graceMs: number): void {
  killGroup(entry.child.pid!, signal);
  entry.timers.push(setTimeout(() => killGroup(entry.child.pid!), graceMs));
}

process.on('message', (request: LauncherRequest) => {
  if (request.type === 'start') return start(request);
  const entry = running.get(request.id);
  if (!entry) return;
  if (request.type === 'stop') stop(entry, request.signal, request.graceMs);
  else killGroup(entry.child.pid!, request.signal);
});

/** End of the channel: the server closed it or is dead, by whatever means. */
function end(): void {
  for (const entry of running.values()) stop(entry, 'SIGTERM', lastWordsMs);
  const leave = (): void => {
    if (running.size === 0) process.exit(0);
  };
  leave();
  setInterval(leave, 20);
}

process.once('disconnect', end);
// Over before this process had come so far.
if (!process.connected) end();

// A terminal's Ctrl-C and a supervisor's stop are for the server to act on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
