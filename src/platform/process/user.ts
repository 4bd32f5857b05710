import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Fault } from '../../kernel/faults.ts';

/**
 * A user without an account that the embedded PostgreSQL runs under when Millrace itself is root (PostgreSQL refuses root).
 * High enough to collide with no distribution's ranges; `nobody` is avoided because other things run under it.
 */
export const storeUser = 64_742;

/** Whether this process may hand files and processes to another user. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * Says plainly when `uid` cannot reach `path` because a directory above it is closed to others (a home directory, usually).
 */
export async function requireTraversable(path: string, uid: number): Promise<void> {
  for (let directory = dirname(resolve(path)); ; directory = dirname(directory)) {
    const facts = await stat(directory);
    const open = facts.uid === uid ? (facts.mode & 0o100) !== 0 : (facts.mode & 0o001) !== 0;
    if (!open) {
      throw new Fault('unavailable', `PostgreSQL runs as user ${uid} and cannot enter ${directory}`, {
        code: 'platform.directory-closed',
        hint: `Run chmod o+x ${directory}, choose another data directory, or start Millrace as an ordinary user.`,
      });
    }
    if (directory === '/') return;
  }
}
