import { constants } from 'node:fs';
import { access, copyFile, mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a repository's object store consists of, as files. */
export interface ObjectStore {
  /** Paths relative to the store, loose objects first. */
  files: string[];
  bytes: number;
  /** Objects with a file of their own. */
  loose: number;
  /** Objects in packs, counted without reading them. */
  packed: number;
}

const looseDirectory = /^[0-9a-f]{2}$/;
const looseObject = /^(?:[0-9a-f]{38}|[0-9a-f]{62})$/;
const packFile = /^pack-[0-9a-f]+\.(?:pack|idx|rev|promisor)$/;

/**
 * Lists an object store (`objects` directory); undefined when it borrows from another one. Loose objects are listed before packs: git
 * only ever moves an object from the former into the latter, so none is missed between the two looks.
 */
export async function listObjectStore(objects: string): Promise<ObjectStore | undefined> {
  const borrows = await access(join(objects, 'info', 'alternates')).then(
    () => true,
    () => false,
  );
  if (borrows) return undefined;
  const store: ObjectStore = { files: [], bytes: 0, loose: 0, packed: 0 };
  const add = async (file: string): Promise<void> => {
    store.files.push(file);
    const { size } = await stat(join(objects, file));
    store.bytes += size;
  };
  for (const directory of (await readdir(objects)).filter((name) => looseDirectory.test(name))) {
    const names = (await readdir(join(objects, directory))).filter((name) => looseObject.test(name));
    store.loose += names.length;
    await Promise.all(names.map((name) => add(join(directory, name))));
  }
  const packs = (await readdir(join(objects, 'pack')).catch(() => [])).filter((name) => packFile.test(name));
  for (const name of packs) {
    await add(join('pack', name));
    if (name.endsWith('.idx')) store.packed += await countOf(join(objects, 'pack', name));
  }
  return store;
}

/** The number of objects a pack's index (version 2) names: the last word of its table of 256 sums. */
async function countOf(index: string): Promise<number> {
  const file = await open(index);
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 8 + 255 * 4);
    return buffer.readUInt32BE();
  } finally {
    await file.close();
  }
}

/** Copies a store's files into another repository's `objects`. Rejects with ENOENT when git has packed some of them anew meanwhile. */
export async function copyObjectStore(from: string, store: ObjectStore, to: string): Promise<void> {
  for (const directory of new Set(store.files.map(dirname))) await mkdir(join(to, directory), { recursive: true });
  const queue = [...store.files];
  const copy = async (): Promise<void> => {
    for (let file = queue.pop(); file !== undefined; file = queue.pop())
      await copyFile(join(from, file), join(to, file), constants.COPYFILE_FICLONE);
  };
  await Promise.all(Array.from({ length: 4 }, copy));
}
