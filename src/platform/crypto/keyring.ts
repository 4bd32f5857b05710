import { createHash, createHmac, randomBytes } from 'node:crypto';
import { chmod, mkdir, open as openFile, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../kernel/faults.ts';
import { type MasterKey, open, rewrap, seal } from './envelope.ts';

/** The master keys of this installation: one is current, older ones still open what they sealed. */
export interface Keyring {
  currentKeyId(): string;
  /** Keys come from the environment: a new one is put there by hand. */
  readonly fromEnvironment: boolean;
  seal(value: string, place: string): string;
  /** Throws when the value was altered, belongs elsewhere, or its key is gone (`unavailable` Fault). */
  open(sealed: string, place: string): Promise<string>;
  /** The same value under the current key. */
  rewrap(sealed: string, place: string): Promise<string>;
  /** Equal values have equal fingerprints under one key; nothing else can be learned from one. 8 hex digits. */
  fingerprint(value: string): string;
  /** Makes a new current key. Refused when keys come from the environment. */
  rotate(): Promise<string>;
}

/**
 * Opens the keys: from `environmentKey` (64 hex digits or base64 of 32 bytes; several by commas, the current one
 * first), else from `<directory>/*.key` (made on first use, readable by its owner only). The newest file is current.
 */
export async function openKeyring(options: {
  directory: string;
  environmentKey?: string | undefined;
}): Promise<Keyring> {
  const fromEnvironment = options.environmentKey ? options.environmentKey.split(',').map(parseKey) : undefined;
  let keys = fromEnvironment ?? (await readKeys(options.directory));
  if (keys.length === 0) {
    await makeKey(options.directory);
    keys = await readKeys(options.directory);
  }
  const find = (keyId: string): MasterKey => {
    const key = keys.find((each) => each.id === keyId);
    if (key) return key;
    throw new Fault('unavailable', `Encryption key ${keyId} is not here`, {
      code: 'crypto.key-missing',
      hint: 'Put the key file back into the keys directory, or name the key in MILLRACE_KEY.',
    });
  };
  /** Another server may have rotated: look again before saying that a key is gone. */
  const withKeys = async (sealed: string): Promise<void> => {
    const keyId = sealed.split('.')[1];
    if (!fromEnvironment && !keys.some((each) => each.id === keyId)) keys = await readKeys(options.directory);
  };
  return {
    currentKeyId: () => keys[0]!.id,
    fromEnvironment: fromEnvironment !== undefined,
    seal: (value, place) => seal(value, place, keys[0]!),
    async open(sealed, place) {
      await withKeys(sealed);
      return open(sealed, place, find);
    },
    async rewrap(sealed, place) {
      await withKeys(sealed);
      return rewrap(sealed, place, find, keys[0]!);
    },
    fingerprint: (value) =>
      createHmac('sha256', keys[0]!.bytes).update('fingerprint:').update(value).digest('hex').slice(0, 8),
    async rotate() {
      if (fromEnvironment) {
        throw new Fault('conflict', 'The encryption key comes from the environment', {
          code: 'crypto.key-from-environment',
          hint: 'Put a new key and a comma in front of MILLRACE_KEY, restart, and rotate again.',
        });
      }
      await makeKey(options.directory);
      keys = await readKeys(options.directory);
      return keys[0]!.id;
    },
  };
}

function keyOf(bytes: Buffer): MasterKey {
  return { id: createHash('sha256').update('millrace key id:').update(bytes).digest('hex').slice(0, 12), bytes };
}

function parseKey(text: string): MasterKey {
  const trimmed = text.trim();
  const bytes = /^[0-9a-f]{64}$/i.test(trimmed) ? Buffer.from(trimmed, 'hex') : Buffer.from(trimmed, 'base64');
  if (bytes.length !== 32) {
    throw new Fault('invalid', 'MILLRACE_KEY is not a key of 32 bytes', {
      code: 'crypto.key-form',
      hint: 'Give 64 hex digits, for example those of `openssl rand -hex 32`.',
    });
  }
  return keyOf(bytes);
}

/** Newest first: file names begin with the time they were made. */
async function readKeys(directory: string): Promise<MasterKey[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = (await readdir(directory)).filter((name) => name.endsWith('.key')).sort();
  const keys: MasterKey[] = [];
  for (const name of names.reverse()) keys.push(parseKey(await readFile(join(directory, name), 'utf8')));
  return keys;
}

async function makeKey(directory: string): Promise<void> {
  const bytes = randomBytes(32);
  const name = `${new Date().toISOString().replace(/\D/g, '')}-${keyOf(bytes).id}.key`;
  const path = join(directory, name);
  const file = await openFile(`${path}.new`, 'wx', 0o600);
  try {
    await file.writeFile(`${bytes.toString('hex')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  // Whole or absent, and on disk before anything is sealed with it.
  await rename(`${path}.new`, path);
  await chmod(path, 0o600);
  const parent = await openFile(directory, 'r');
  await parent.sync().finally(() => parent.close());
}
