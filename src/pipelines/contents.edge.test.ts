import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { storeContent, sweepContents } from './contents.ts';
import { filesBelow } from './files.ts';

it('keeps the same content once, under all its paths, and no longer than one of them', async () => {
  const root = await mkdtemp(join(tmpdir(), 'millrace-contents-'));
  const files = filesBelow(root);
  const save = (id: string, text: string) =>
    storeContent(files, join(files.cache(id), '0.tar'), Readable.from([Buffer.from(text)]));
  const node = async (id: string) => (await stat(join(files.cache(id), '0.tar'))).ino;
  try {
    expect(await save('a', 'the same')).toBe(8);
    expect(await save('b', 'the same')).toBe(8);
    await save('c', 'other');
    expect(await node('a')).toBe(await node('b'));
    expect(await node('a')).not.toBe(await node('c'));
    expect(await readdir(files.cache('b'))).toEqual(['0.tar']);

    await rm(files.cache('a'), { recursive: true });
    await sweepContents(files);
    expect(await readFile(join(files.cache('b'), '0.tar'), 'utf8')).toBe('the same');
    await rm(files.cache('b'), { recursive: true });
    await rm(files.cache('c'), { recursive: true });
    await sweepContents(files);
    expect(await readdir(dirname(files.content('x')))).toEqual([]);
    expect(existsSync(files.cache('a'))).toBe(false);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
