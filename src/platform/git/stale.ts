import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Files git makes to keep others out, and directories for objects of a push that is not taken yet. */
const isLock = (name: string): boolean => name.endsWith('.lock') || name === 'gc.pid';
const isQuarantine = (name: string): boolean => name.startsWith('tmp_objdir-');

/**
 * Removes what a git that was killed (power, out of memory) left in a repository: its lock files, which would refuse
 * every later push, and half-received objects. Git itself holds such a lock for milliseconds, so `olderThanMs` of some
 * minutes cannot hit one at work; half-received objects are given a day.
 * @returns the paths removed
 */
export async function removeLeftovers(repository: string, now: number, olderThanMs: number): Promise<string[]> {
  const removed: string[] = [];
  const removeOld = async (path: string, ageMs: number): Promise<void> => {
    const known = await stat(path).catch(() => undefined);
    if (!known || now - known.mtimeMs < ageMs) return;
    await rm(path, { recursive: true, force: true });
    removed.push(path);
  };
  const walk = async (directory: string, isRoot: boolean): Promise<void> => {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(directory, entry.name);
      if (entry.isFile() && isLock(entry.name)) await removeOld(path, olderThanMs);
      else if (entry.isDirectory() && (!isRoot || entry.name === 'refs')) await walk(path, false);
    }
  };
  await walk(repository, true);
  for (const name of await readdir(join(repository, 'objects')).catch(() => [])) {
    if (isQuarantine(name)) await removeOld(join(repository, 'objects', name), Math.max(olderThanMs, 86_400_000));
  }
  return removed;
}
