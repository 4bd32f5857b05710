import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseKeys, partKeys, readKey } from './ssh-keys.ts';

const pem = (type: 'rsa' | 'ec' | 'ed25519'): string => {
  const { privateKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : type === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
};

function opensshHere(): boolean {
  try {
    execFileSync('ssh-keygen', ['-?'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

describe('SSH keys', () => {
  it.each(['rsa', 'ec', 'ed25519'] as const)('are read from PEM (%s), and chosen by either fingerprint', (type) => {
    const key = readKey(pem(type))!;
    expect(key.md5).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
    expect(key.sha256).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    const other = readKey(pem('ed25519'))!;
    for (const wanted of [key.md5, key.md5.toUpperCase(), `MD5:${key.md5}`, key.sha256, key.sha256.slice(7)]) {
      expect(chooseKeys([other, key], [wanted])).toEqual({ chosen: [key], unknown: [] });
    }
    expect(chooseKeys([other, key], ['aa:bb'])).toEqual({ chosen: [], unknown: ['aa:bb'] });
    expect(chooseKeys([other, key], []).chosen).toEqual([other, key]);
  });

  it.skipIf(!opensshHere())('have the fingerprints that OpenSSH gives them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-keys-'));
    try {
      for (const type of ['rsa', 'ecdsa', 'ed25519']) {
        const file = join(folder, type);
        execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file]);
        const print = (hash: string): string =>
          execFileSync('ssh-keygen', ['-l', '-E', hash, '-f', file], { encoding: 'utf8' }).split(' ')[1]!;
        const key = readKey(readFileSync(file, 'utf8'))!;
        expect([key.sha256, `MD5:${key.md5}`]).toEqual([print('sha256'), print('md5')]);
        execFileSync('ssh-keygen', ['-q', '-p', '-N', 'phrase', '-f', file]);
        expect(readKey(readFileSync(file, 'utf8'))).toBeUndefined();
      }
      writeFileSync(join(folder, 'pem'), pem('rsa'), { mode: 0o600 });
      const printed = execFileSync('ssh-keygen', ['-l', '-f', join(folder, 'pem')], { encoding: 'utf8' }).split(' ')[1];
      expect(readKey(readFileSync(join(folder, 'pem'), 'utf8'))!.sha256).toBe(printed);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are told from variables by their name and by being keys', () => {
    const key = pem('ed25519');
    const { keys, variables } = partKeys([
      { name: 'SSH_KEY_DEPLOY', value: key },
      { name: 'SSH_KEY_PASSPHRASE', value: 'words' },
      { name: 'TLS_KEY', value: key },
    ]);
    expect(keys).toHaveLength(1);
    expect(variables.map(({ name }) => name)).toEqual(['SSH_KEY_PASSPHRASE', 'TLS_KEY']);
  });

  it('that are cut or broken are none', () => {
    const key = pem('rsa');
    for (const text of [
      '',
      'x',
      key.slice(0, 200),
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----',
    ])
      expect(readKey(text)).toBeUndefined();
  });
});
