import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Files, storeStream } from './files.ts';

/**
 * Writes a stream to a file that appears whole or not at all. What is kept already, under whatever path, is kept once: both are names of
 * one file, where the file system has links. Files stored so are never written to again. Resolves to the size in bytes.
 */
export async function storeContent(
  files: Files,
  path: string,
  content: NodeJS.ReadableStream | AsyncIterable<Uint8Array>,
): Promise<number> {
  const hash = createHash('sha256');
  const hashed = (async function* () {
    for await (const chunk of content as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      yield chunk;
    }
  })();
  const bytes = await storeStream(path, hashed);
  await shareContent(path, files.content(hash.digest('hex')));
  return bytes;
}

async function shareContent(path: string, kept: string): Promise<void> {
  await mkdir(dirname(kept), { recursive: true });
  try {
    await link(path, kept);
  } catch (error) {
    // Without links each path has a file of its own.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return;
    const temporary = `${path}.${randomUUID()}.new`;
    // Swept away a moment ago, or has as many names as a file may have: then this one stays what it is.
    await link(kept, temporary)
      .then(() => rename(temporary, path))
      .catch(() => {});
    await rm(temporary, { force: true });
  }
}

/** Removes contents that no path leads to any more. */
export async function sweepContents(files: Files): Promise<void> {
  const directory = dirname(files.content('x'));
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const names = await stat(path).then(
      ({ nlink }) => nlink,
      () => 0,
    );
    if (names === 1) await rm(path, { force: true });
  }
}
