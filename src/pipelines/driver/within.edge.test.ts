import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { appendWithin, openWithin, readWithin, renameWithin, sizeWithin, writeWithin } from './within.ts';

let root: string;
let control: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-within-'));
  control = join(root, 'control');
  await mkdir(join(control, 'steps/1'), { recursive: true });
  await mkdir(join(root, 'server/1'), { recursive: true });
  await writeFile(join(root, 'server/1/out'), 'of the server');
  await writeFile(join(control, 'steps/1/out'), 'of the job');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const text = async (name: string) => (await readWithin(control, name, { most: 1000 }))?.toString();

it('reads and writes plain files of the directory', async () => {
  expect(await text('steps/1/out')).toBe('of the job');
  expect((await readWithin(control, 'steps/1/out', { offset: 7, most: 3 }))?.toString()).toBe('job');
  expect(await readWithin(control, 'steps/1/out', { most: 3 })).toBeUndefined();
  expect(await sizeWithin(control, 'steps/1/out')).toBe(10);
  await writeWithin(control, 'steps/1/answer', '0\n');
  await appendWithin(control, 'steps/1/answer', '1\n');
  expect(await renameWithin(control, 'steps/1/answer', 'taken')).toBe(true);
  expect(await text('steps/1/taken')).toBe('0\n1\n');
  expect(await text('steps/9/out')).toBeUndefined();
  expect(await renameWithin(control, 'steps/1/answer', 'taken')).toBe(false);
});

it('follows no link that a job laid, to a file or to a directory on the way, and waits for no FIFO', async () => {
  await rm(join(control, 'steps/1/out'));
  await symlink(join(root, 'server/1/out'), join(control, 'steps/1/out'));
  await symlink(join(root, 'server/1/out'), join(control, 'steps/1/answer.new'));
  expect(await sizeWithin(control, 'steps/1/out')).toBe(0);
  expect(await text('steps/1/out')).toBeUndefined();
  await appendWithin(control, 'steps/1/out', 'more');
  await writeWithin(control, 'steps/1/answer', '0\n');
  expect((await stat(join(control, 'steps/1/answer'))).size).toBe(2);

  await rename(join(control, 'steps'), join(control, 'before'));
  await symlink(join(root, 'server'), join(control, 'steps'));
  expect(await sizeWithin(control, 'steps/1/out')).toBe(0);
  expect(await openWithin(control, 'steps/1/out')).toBeUndefined();
  await writeWithin(control, 'steps/1/out', 'changed');
  expect(await renameWithin(control, 'steps/1/out', 'gone')).toBe(false);
  expect(await readFile(join(root, 'server/1/out'), 'utf8')).toBe('of the server');

  execFileSync('mkfifo', [join(control, 'journal')]);
  expect(await openWithin(control, 'journal')).toBeUndefined();
});
