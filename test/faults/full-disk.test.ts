import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLog } from '../../src/platform/observe/log.ts';
import { openSpool, type Spool } from '../../src/platform/spool/spool.ts';

const log = openLog({ level: 'silent' });
const isRoot = process.getuid?.() === 0;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-full-'));
  if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory]);
});
afterEach(async () => {
  if (isRoot) execFileSync('umount', [directory]);
  await rm(directory, { recursive: true, force: true });
});

async function contents(spool: Spool, wanted: number): Promise<string[]> {
  const found: string[] = [];
  const stop = new AbortController();
  await spool.drain(
    async (frames) => {
      found.push(...frames.map((frame) => frame.toString('utf8', 0, 20).trim()));
      if (found.length >= wanted) stop.abort();
    },
    { signal: stop.signal, batchMs: 1 },
  );
  return found;
}

test('a full disk refuses plainly, keeps what it acknowledged, and takes more once there is room', async ({ skip }) => {
  if (!isRoot) skip('mounting a small disk needs root');
  const open = () => openSpool({ directory: join(directory, 'spool'), maxBytes: 1e9, segmentBytes: 200_000, log });
  const spool = await open();
  const frame = (n: number): Buffer => Buffer.from(`frame ${n}`.padEnd(50_000));
  const acknowledged: string[] = [];
  const refused: { code: string; retryAfter: number | undefined }[] = [];
  for (let n = 0; n < 60; n += 1) {
    await spool.append(frame(n)).then(
      () => acknowledged.push(`frame ${n}`),
      (error) => refused.push(error),
    );
  }
  expect(acknowledged.length).toBeGreaterThan(30);
  expect(refused.length).toBeGreaterThan(10);
  for (const error of refused)
    expect(error).toMatchObject({ kind: 'unavailable', code: 'platform.disk-full', retryAfter: 30 });

  // Small ones fit into the last blocks or are refused; either way the answer is true.
  const small = await spool.append(Buffer.from('small')).then(
    () => ['small'],
    () => [],
  );
  await spool.close();
  const again = await open();
  expect(await contents(again, acknowledged.length + small.length)).toEqual([...acknowledged, ...small]);
  await again.append(frame(100));
  expect(await contents(again, 1)).toEqual(['frame 100']);
  await again.close();
});

test('a disk that somebody else fills mid-write loses nothing and doubles nothing', async ({ skip }) => {
  if (!isRoot) skip('mounting a small disk needs root');
  const spool = await openSpool({ directory: join(directory, 'spool'), maxBytes: 1e9, log });
  await spool.append(Buffer.from('before'));
  await writeFile(join(directory, 'filler'), Buffer.alloc(1_900_000));
  await expect(spool.append(Buffer.from('refused'.padEnd(300_000)))).rejects.toMatchObject({
    code: 'platform.disk-full',
  });
  await rm(join(directory, 'filler'));
  await spool.append(Buffer.from('after'));
  expect(await contents(spool, 2)).toEqual(['before', 'after']);
  await spool.close();
});
