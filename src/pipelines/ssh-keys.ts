import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';

/** A private key a job may be given, as `add_ssh_keys` names it. */
export interface SshKey {
  /** The private key as text, ended by a line feed. */
  text: string;
  /** Sixteen pairs of hex digits with colons between. */
  md5: string;
  /** As OpenSSH prints it: `SHA256:` and base64 without padding. */
  sha256: string;
}

const secretName = /^SSH_KEY(_[A-Za-z0-9_]*)?$/;

/**
 * Tells keys from variables: a secret called `SSH_KEY` or `SSH_KEY_...` that holds a private key is none of the job's variables; the
 * step `add_ssh_keys` gives it to the job.
 */
export function partKeys<Secret extends { name: string; value: string }>(
  secrets: readonly Secret[],
): { keys: SshKey[]; variables: Secret[] } {
  const keys: SshKey[] = [];
  const variables: Secret[] = [];
  for (const secret of secrets) {
    const key = secretName.test(secret.name) ? readKey(secret.value) : undefined;
    if (key) keys.push(key);
    else variables.push(secret);
  }
  return { keys, variables };
}

/** Which of the keys a step asks for, by fingerprints of either kind (all when it names none), and fingerprints no key has. */
export function chooseKeys(
  keys: readonly SshKey[],
  fingerprints: readonly string[],
): { chosen: SshKey[]; unknown: string[] } {
  if (fingerprints.length === 0) return { chosen: [...keys], unknown: [] };
  const bare = (text: string): string => text.replace(/^MD5:/i, '').replace(/=+$/, '');
  const fits = (key: SshKey, wanted: string): boolean =>
    [key.sha256, key.sha256.slice('SHA256:'.length)].includes(bare(wanted)) || key.md5 === bare(wanted).toLowerCase();
  return {
    chosen: keys.filter((key) => fingerprints.some((wanted) => fits(key, wanted))),
    unknown: fingerprints.filter((wanted) => !keys.some((key) => fits(key, wanted))),
  };
}

/** A private key in OpenSSH's own format or in PEM, without a passphrase; undefined for anything else. Pure. */
export function readKey(text: string): SshKey | undefined {
  const trimmed = text.replaceAll('\r\n', '\n').trim();
  const blob = openSshBlob(trimmed) ?? pemBlob(trimmed);
  if (!blob) return undefined;
  const md5 = createHash('md5').update(blob).digest('hex').match(/../g)!.join(':');
  const sha256 = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
  return { text: `${trimmed}\n`, md5, sha256 };
}

const openSshMagic = 'openssh-key-v1\0';

/** The public part of a key as OpenSSH stores it: magic, cipher, kdf, kdf options, how many, then the public keys. */
function openSshBlob(text: string): Buffer | undefined {
  const body = /^-----BEGIN OPENSSH PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END OPENSSH PRIVATE KEY-----$/.exec(
    text,
  )?.[1];
  if (!body) return undefined;
  const bytes = Buffer.from(body, 'base64');
  if (bytes.toString('latin1', 0, openSshMagic.length) !== openSshMagic) return undefined;
  const reader = { at: openSshMagic.length };
  const field = (): Buffer | undefined => {
    if (reader.at + 4 > bytes.length) return undefined;
    const length = bytes.readUInt32BE(reader.at);
    const end = reader.at + 4 + length;
    if (end > bytes.length) return undefined;
    const value = bytes.subarray(reader.at + 4, end);
    reader.at = end;
    return value;
  };
  // A key with a passphrase is of no use in a job.
  if (field()?.toString() !== 'none') return undefined;
  field();
  field();
  reader.at += 4;
  return field();
}

function pemBlob(text: string): Buffer | undefined {
  if (!/^-----BEGIN [A-Z ]*PRIVATE KEY-----\n/.test(text)) return undefined;
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch {
    return undefined;
  }
  const jwk = key.export({ format: 'jwk' });
  const part = (name: 'n' | 'e' | 'x' | 'y'): Buffer => Buffer.from(jwk[name] ?? '', 'base64url');
  if (jwk.kty === 'RSA') return fields('ssh-rsa', positive(part('e')), positive(part('n')));
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519') return fields('ssh-ed25519', part('x'));
  if (jwk.kty !== 'EC' || !jwk.crv) return undefined;
  const curve = `nistp${jwk.crv.slice('P-'.length)}`;
  return fields(`ecdsa-sha2-${curve}`, Buffer.from(curve), Buffer.concat([Buffer.from([4]), part('x'), part('y')]));
}

/** A number of SSH is signed: one whose first bit is set gets a zero in front. */
const positive = (bytes: Buffer): Buffer => (bytes[0]! >= 128 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);

function fields(kind: string, ...parts: Buffer[]): Buffer {
  return Buffer.concat(
    [Buffer.from(kind), ...parts].flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}
