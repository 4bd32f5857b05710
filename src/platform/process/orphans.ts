import { readdir, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Processes that run `program` (`postgres`, `node`; any when absent) with exactly `directory` as their working directory. A
 * store's processes all have its data directory as theirs, so neither a stale pid file nor a reused pid can mislead.
 */
export async function findProcessesIn(directory: string, program?: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    try {
      if ((await readlink(`/proc/${entry}/cwd`)) !== directory) continue;
      // A deleted program reads "/path/postgres (deleted)".
      const running = basename(await readlink(`/proc/${entry}/exe`)).replace(/ \(deleted\)$/, '');
      if (program === undefined || running === program) found.push(Number(entry));
    } catch {
      // It ended meanwhile, or belongs to someone else.
    }
  }
  return found;
}

/** What was asked to end and did not is killed after this. */
const graceMs = 3000;
/** Something else than the program that stands in the directory for longer is none of ours. */
const patienceMs = 6000;

/**
 * Ends what an earlier server left running on a data directory: asks for 3 s, then kills. Also waits for what stands there
 * and is not yet the program: a keeper's shell that is about to become it. Returns how many there were.
 */
export async function endOrphans(directory: string, program: string, signal: NodeJS.Signals): Promise<number> {
  const asked = new Set<number>();
  for (let waited = 0; ; waited += 50) {
    const left = await findProcessesIn(directory);
    const orphans = await findProcessesIn(directory, program);
    if (left.length === 0 || (orphans.length === 0 && waited >= patienceMs)) return asked.size;
    for (const pid of orphans) {
      if (!asked.has(pid)) endProcess(pid, signal);
      else if (waited >= graceMs) endProcess(pid, 'SIGKILL');
      asked.add(pid);
    }
    await sleep(50);
  }
}

/** Signals a process; one that is gone already is no error. */
export function endProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
