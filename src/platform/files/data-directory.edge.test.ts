import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataDirectory, readHolder } from './data-directory.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-lock-test-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('one holder at a time, by any path to it; the second is told who the first is', async () => {
  const data = join(directory, 'data');
  const first = await openDataDirectory(data);
  await first.announce('http://localhost:7400');
  await symlink(data, join(directory, 'other-name'));
  await expect(openDataDirectory(join(directory, 'other-name'))).rejects.toMatchObject({
    kind: 'conflict',
    code: 'platform.data-directory-taken',
    message: expect.stringMatching(
      new RegExp(`process ${process.pid}, started \\d{4}-.*, answering on http://localhost:7400`),
    ),
  });
  await first.release();
  const second = await openDataDirectory(data);
  await second.release();
  expect(await readHolder(data)).toBeUndefined();
});

test('a killed holder holds nothing', async () => {
  const script = join(directory, 'holder.ts');
  const module = fileURLToPath(new URL('./data-directory.ts', import.meta.url));
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  await writeFile(
    script,
    `import { openDataDirectory } from ${JSON.stringify(module)};
     await openDataDirectory(process.argv[2]!);
     process.stdout.write('held');
     setInterval(() => {}, 1000);`,
  );
  const data = join(directory, 'data');
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script, data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await expect(openDataDirectory(data)).rejects.toMatchObject({ code: 'platform.data-directory-taken' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  const next = await openDataDirectory(data);
  expect((await readHolder(data))?.pid).toBe(process.pid);
  await next.release();
});

test('of many that start at once one holds it, also over what the killed left, and below a long path', async () => {
  const data = join(directory, 'd'.repeat(100), 'data');
  const left = join(directory, 'lock');
  await mkdir(left);
  for (const directories of [data, directory]) {
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => openDataDirectory(directories)));
    const holders = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(holders).toHaveLength(1);
    await holders[0]!.value.release();
    const next = await openDataDirectory(directories);
    await next.release();
  }
});
