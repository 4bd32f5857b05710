import { createWriteStream } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, normalize, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { Fault } from '../kernel/faults.ts';

/** Bounds of an unpacked commit. */
export const unpackLimits = { bytes: 4 * 1024 ** 3, entries: 300_000 };

const refuse = (message: string): Fault => new Fault('unprocessable', message, { code: 'deployments.unpack' });

/**
 * Unpacks the tar stream of a commit below `directory`. Names that lead outside are refused; symbolic links are made as
 * they are, but nothing is ever written through one.
 */
export async function unpack(archive: Readable, directory: string, signal: AbortSignal): Promise<void> {
  await mkdir(directory, { recursive: true });
  const extract = tar.extract();
  let bytes = 0;
  let entries = 0;
  const links: { path: string; target: string }[] = [];
  const writing = (async () => {
    for await (const entry of extract) {
      const { name, type, size = 0, mode = 0o644, linkname } = entry.header;
      entries += 1;
      bytes += size;
      if (bytes > unpackLimits.bytes || entries > unpackLimits.entries)
        throw refuse('The commit is too large to build');
      const path = resolve(directory, normalize(name));
      if (path !== resolve(directory) && !path.startsWith(resolve(directory) + sep)) {
        throw refuse(`"${name}" lies outside the repository`);
      }
      if (type === 'directory') {
        await mkdir(path, { recursive: true });
        entry.resume();
      } else if (type === 'file' || type === 'contiguous-file') {
        await mkdir(dirname(path), { recursive: true });
        await pipeline(entry, createWriteStream(path, { mode: mode & 0o755 }));
      } else {
        // Made at the end, so that no later entry can be written through one.
        if (type === 'symlink' && linkname) links.push({ path, target: linkname });
        entry.resume();
      }
    }
  })();
  await Promise.all([pipeline(archive, extract, { signal }), writing]);
  for (const link of links) {
    await mkdir(dirname(link.path), { recursive: true });
    await symlink(link.target, link.path);
  }
}
