import { readdir, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Processes of a PostgreSQL whose server is gone: every one of them (postmaster and backends alike) has the data directory
 * as its working directory and `postgres` as its program, so neither a stale pid file nor a reused pid can mislead.
 */
export async function findPostgresIn(dataDirectory: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if ((await readlink(`/proc/${entry}/cwd`)) !== dataDirectory) continue;
      // A deleted program reads "/path/postgres (deleted)".
      if (basename(await readlink(`/proc/${entry}/exe`)).startsWith('postgres')) found.push(Number(entry));
    } catch {
      // It ended meanwhile, or belongs to someone else.
    }
  }
  return found;
}

/** Ends what an earlier server left running on this data directory: asks for 3 s, then kills. Returns how many there were. */
export async function endOrphans(dataDirectory: string): Promise<number> {
  const orphans = await findPostgresIn(dataDirectory);
  let remaining = orphans;
  for (let waited = 0; remaining.length > 0; waited += 50) {
    for (const pid of remaining) {
      if (waited === 0) end(pid, 'SIGINT');
      else if (waited >= 3000) end(pid, 'SIGKILL');
    }
    await sleep(50);
    remaining = await findPostgresIn(dataDirectory);
  }
  return orphans.length;
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
