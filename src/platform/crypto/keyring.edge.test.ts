import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openKeyring } from './keyring.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-keys-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('makes a key only its owner can read, and finds it again', async () => {
  const ring = await openKeyring({ directory });
  const sealed = ring.seal('value', 'here');
  const [file] = await readdir(directory);
  expect((await stat(join(directory, file!))).mode & 0o777).toBe(0o600);
  expect(await (await openKeyring({ directory })).open(sealed, 'here')).toBe('value');
});

it('rotates: old values stay readable, also for another server that had the old key only', async () => {
  const ring = await openKeyring({ directory });
  const other = await openKeyring({ directory });
  const old = ring.seal('value', 'here');
  const keyId = await ring.rotate();
  expect(ring.currentKeyId()).toBe(keyId);
  const moved = await ring.rewrap(old, 'here');
  expect(moved.split('.')[1]).toBe(keyId);
  expect(await ring.open(old, 'here')).toBe('value');
  expect(await other.open(moved, 'here')).toBe('value');
});

it('takes the key from the environment and says what is wrong with a bad one', async () => {
  const environmentKey = 'ab'.repeat(32);
  const ring = await openKeyring({ directory, environmentKey });
  expect(await ring.open(ring.seal('value', 'here'), 'here')).toBe('value');
  expect(await readdir(directory)).toEqual([]);
  await expect(ring.rotate()).rejects.toMatchObject({ code: 'crypto.key-from-environment' });
  await expect(openKeyring({ directory, environmentKey: 'short' })).rejects.toMatchObject({ code: 'crypto.key-form' });
});
