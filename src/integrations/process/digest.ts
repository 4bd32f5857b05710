import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Fault } from '../../kernel/faults.ts';

const mostFiles = 300_000;
/** Files up to this size are read whole, several at once. */
const smallBytes = 1024 * 1024;
const atOnce = 32;

/** SHA-256 over names, kinds, executability and contents, in name order. */
export async function digestOf(root: string): Promise<string> {
  const hash = createHash('sha256');
  const paths: string[] = [];
  const walk = async (directory: string): Promise<void> => {
    const entries = (await readdir(directory, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const path = join(directory, entry.name);
      if (paths.push(path) > mostFiles) {
        throw new Fault('unprocessable', 'The build has too many files', { code: 'process.too-many-files' });
      }
      if (entry.isDirectory()) await walk(path);
    }
  };
  await walk(root);
  for (let first = 0; first < paths.length; first += atOnce) {
    const parts = await Promise.all(paths.slice(first, first + atOnce).map((path) => factsOf(path)));
    for (const { path, kind, executable, size, content } of parts) {
      hash.update(`${kind}${executable ? 'x' : '-'} ${relative(root, path)}\0${kind === 'f' ? size : ''}\0`);
      if (content !== undefined) hash.update(content);
      else if (kind === 'f') await addLarge(hash, path);
    }
  }
  return hash.digest('hex');
}

async function factsOf(path: string) {
  const facts = await lstat(path);
  const kind = facts.isDirectory() ? 'd' : facts.isSymbolicLink() ? 'l' : facts.isFile() ? 'f' : 'o';
  const small = kind === 'f' && facts.size <= smallBytes;
  const content = kind === 'l' ? await readlink(path) : small ? await readFile(path) : undefined;
  return { path, kind, executable: (facts.mode & 0o100) !== 0, size: facts.size, content };
}

async function addLarge(hash: Hash, path: string): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: smallBytes })) hash.update(chunk as Buffer);
}
