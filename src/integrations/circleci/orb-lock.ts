import { createHash } from 'node:crypto';
import { limits } from './limits.ts';
import type { Problems } from './problems.ts';

/** Where a repository keeps which orb texts it was made with. */
export const lockFile = '.circleci/orbs.lock';

/** One pinned orb: the version its reference meant, and the SHA-256 of that text, in hexadecimal. */
export interface LockedOrb {
  version: string;
  sha256: string;
}

/** By reference as written: `circleci/node@5.1`, or an address. */
export type OrbLock = Map<string, LockedOrb>;

/** Reads a lock file: a line `reference version sha256` for each orb, sorted; `#` begins a comment. */
export function readLock(text: string, problems: Problems): OrbLock {
  const lock: OrbLock = new Map();
  if (text.length > limits.fileBytes) {
    problems.error({ file: lockFile, line: 1, column: 1 }, 'The lock file is too large');
    return lock;
  }
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const match = /^(\S+) (\S+) ([0-9a-f]{64})$/.exec(line.trim());
    if (match) lock.set(match[1]!, { version: match[2]!, sha256: match[3]! });
    else {
      const hint = 'Make the file anew with "millrace orb lock".';
      problems.error(
        { file: lockFile, line: index + 1, column: 1 },
        'This line is not "reference version sha256"',
        hint,
      );
    }
  }
  return lock;
}

export function printLock(lock: OrbLock): string {
  const lines = [...lock].map(([reference, { version, sha256 }]) => `${reference} ${version} ${sha256}`).sort();
  return `# Orbs of .circleci/config.yml, pinned by content. Made by "millrace orb lock".\n${lines.join('\n')}\n`;
}

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
