import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../../kernel/faults.ts';
import { holdAlone } from './sole-holder.ts';

/** Who serves from a data directory. */
export interface Holder {
  pid: number;
  /** Unix milliseconds. */
  startedAt: number;
  /** Where it answers, once it does: `http://localhost:7400`. */
  address: string | null;
}

export interface DataDirectory {
  /** Absolute, symbolic links resolved. */
  readonly path: string;
  /** Says where this server answers, for those who find the directory taken and for the command line. */
  announce(address: string): Promise<void>;
  release(): Promise<void>;
}

const holderSchema = z.object({ pid: z.number(), startedAt: z.number(), address: z.string().nullable() });
const holderFile = (path: string): string => join(path, 'server.json');

/** What `server.json` of a directory says; its process may be gone. */
export async function readHolder(path: string): Promise<Holder | undefined> {
  const text = await readFile(holderFile(path), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Makes the directory when absent and takes it for this process alone, until `release` or the end of the process, whichever way
 * it ends. A second server on it gets a `conflict` Fault that names the first.
 */
export async function openDataDirectory(wanted: string): Promise<DataDirectory> {
  const path = await prepare(wanted);
  const lock = await holdAlone(lockDirectory(path));
  if (!lock) throw taken(path, await readHolder(path));
  const holder: Holder = { pid: process.pid, startedAt: Date.now(), address: null };
  const write = async (): Promise<void> => {
    const unfinished = `${holderFile(path)}.${process.pid}`;
    await writeFile(unfinished, JSON.stringify(holder), { mode: 0o644 });
    await rename(unfinished, holderFile(path));
  };
  await write();
  return {
    path,
    async announce(address) {
      holder.address = address;
      await write();
    },
    async release() {
      await rm(holderFile(path), { force: true });
      await lock.release();
    },
  };
}

async function prepare(wanted: string): Promise<string> {
  try {
    await mkdir(wanted, { recursive: true });
    const path = await realpath(wanted);
    // Others may pass through (PostgreSQL runs under another user when we are root) but not look around.
    await chmod(path, 0o711);
    return path;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS' && code !== 'ENOTDIR' && code !== 'EEXIST')
      throw cause;
    throw new Fault('unavailable', `The data directory ${wanted} cannot be used (${code})`, {
      code: 'platform.data-directory',
      hint: 'Choose another with --data or MILLRACE_DATA, or give this user the right to write there.',
      cause,
    });
  }
}

/** A unix socket's path must fit 104 bytes (108 on Linux); below a long directory there is no room for one. */
const longestLockDirectory = 80;

function lockDirectory(path: string): string {
  const near = join(path, 'lock');
  if (Buffer.byteLength(near) <= longestLockDirectory) return near;
  return join('/tmp', `millrace-lock-${createHash('sha256').update(path).digest('hex').slice(0, 24)}`);
}

function taken(path: string, holder: Holder | undefined): Fault {
  const facts = holder
    ? `process ${holder.pid}, started ${new Date(holder.startedAt).toISOString()}${holder.address ? `, answering on ${holder.address}` : ''}`
    : 'another process';
  return new Fault('conflict', `The data directory ${path} is in use by ${facts}`, {
    code: 'platform.data-directory-taken',
    hint: holder?.address
      ? `Open ${holder.address}, stop that server, or start with another data directory.`
      : 'Wait for that server to start, stop it, or start with another data directory.',
  });
}
