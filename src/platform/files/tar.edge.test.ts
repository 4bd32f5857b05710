import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packTar, unpackTar } from './tar.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-tar-'));
  await mkdir(join(root, 'in'));
  await mkdir(join(root, 'out'));
  await writeFile(join(root, 'in', 'a'), 'content');
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('archives by the system’s tar', () => {
  it('are whole even when nobody listens until tar has ended', async () => {
    const archive = packTar(root, ['in']);
    await sleep(200);
    await unpackTar(join(root, 'out'), archive);
    expect(await readFile(join(root, 'out', 'in', 'a'), 'utf8')).toBe('content');
  });

  it('may have any padding behind their end', async () => {
    const parts: Buffer[] = [];
    for await (const part of packTar(root, ['in'])) parts.push(part as Buffer);
    const padded = Readable.from([...parts, ...Array.from({ length: 64 }, () => Buffer.alloc(65_536))]);
    await unpackTar(join(root, 'out'), padded);
    expect(await readFile(join(root, 'out', 'in', 'a'), 'utf8')).toBe('content');
  });

  it('fail as a whole when they are cut short or cannot be read', async () => {
    await expect(unpackTar(join(root, 'out'), packTar(root, ['absent']))).rejects.toThrow(/could not pack/);
    await expect(unpackTar(join(root, 'out'), Readable.from([Buffer.from('no archive')]))).rejects.toThrow(
      /could not unpack/,
    );
  });
});
