import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/*
 * A job may write to its control directory, and in a container it sees other files than the server does: a link it lays there leads to a
 * file of the server. So the server opens nothing through a link there, neither the file nor a directory on the way to it.
 */

const missing = new Set(['ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO']);

/** A path of the directory that holds `name`, good while `work` lasts; undefined when it is not there, or not below `directory`. */
async function inParent<Result>(
  directory: string,
  name: string,
  work: (path: string) => Promise<Result>,
): Promise<Result | undefined> {
  let parent: FileHandle;
  try {
    parent = await open(join(directory, dirname(name)), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (missing.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  try {
    // Where the system does not tell, there are no containers that share files with the server either.
    if (process.platform !== 'linux') return await work(join(directory, name));
    const held = `/proc/self/fd/${parent.fd}`;
    const [at, root] = [await readlink(held), await realpath(directory)];
    return at === root || at.startsWith(`${root}/`) ? await work(join(held, basename(name))) : undefined;
  } finally {
    await parent.close();
  }
}

/** Opens a plain file of a control directory for reading; undefined when there is none. */
export function openWithin(directory: string, name: string): Promise<FileHandle | undefined> {
  return inParent(directory, name, async (path) => {
    try {
      // Without waiting: a FIFO in its place has no writer.
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      if ((await file.stat()).isFile()) return file;
      await file.close();
    } catch (error) {
      if (!missing.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
    return undefined;
  });
}

/** Bytes of a plain file of a control directory; 0 when there is none. */
export async function sizeWithin(directory: string, name: string): Promise<number> {
  const size = await inParent(directory, name, async (path) => {
    try {
      const facts = await lstat(path);
      return facts.isFile() ? facts.size : 0;
    } catch (error) {
      if (!missing.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      return 0;
    }
  });
  return size ?? 0;
}

/** The text of a file of a control directory from `offset` on; undefined when there is none or it holds more than `most` bytes. */
export async function readWithin(
  directory: string,
  name: string,
  { offset = 0, most }: { offset?: number | undefined; most: number },
): Promise<Buffer | undefined> {
  const file = await openWithin(directory, name);
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    if (size - offset > most) return undefined;
    const bytes = Buffer.alloc(Math.max(0, size - offset));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Writes a file of a control directory that appears whole or not at all. */
export async function writeWithin(directory: string, name: string, text: string): Promise<void> {
  await inParent(directory, name, async (path) => {
    await rm(`${path}.new`, { recursive: true, force: true });
    const file = await open(
      `${path}.new`,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o644,
    );
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  });
}

/** Writes behind the end of a file of a control directory; does nothing when there is none. */
export async function appendWithin(directory: string, name: string, text: string): Promise<void> {
  await inParent(directory, name, async (path) => {
    try {
      const file = await open(
        path,
        constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      );
      try {
        if ((await file.stat()).isFile()) await file.writeFile(text);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!missing.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  });
}

/** Gives a file of a control directory another name beside it; false when it is not there. */
export async function renameWithin(directory: string, name: string, to: string): Promise<boolean> {
  const done = await inParent(directory, name, (path) =>
    rename(path, join(dirname(path), to)).then(
      () => true,
      () => false,
    ),
  );
  return done ?? false;
}

/** Removes a file of a control directory. */
export async function removeWithin(directory: string, name: string): Promise<void> {
  await inParent(directory, name, (path) => rm(path, { recursive: true, force: true }));
}
