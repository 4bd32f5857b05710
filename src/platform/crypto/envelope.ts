import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** A key that encrypts other keys. */
export interface MasterKey {
  id: string;
  /** 32 bytes. */
  bytes: Buffer;
}

const ivLength = 12;
const tagLength = 16;

/**
 * Encrypts with a fresh data key (AES-256-GCM), and that key with the master key. `place` says where the value belongs
 * (`project:<id>/DATABASE_URL`) and is authenticated: a sealed value copied to another row does not open.
 * @returns `m1.<key id>.<wrapped data key>.<sealed value>`
 */
export function seal(value: string, place: string, key: MasterKey): string {
  const dataKey = randomBytes(32);
  const wrapped = encrypt(dataKey, key.bytes, `key:${place}`);
  const sealed = encrypt(Buffer.from(value), dataKey, `value:${place}`);
  return `m1.${key.id}.${wrapped.toString('base64url')}.${sealed.toString('base64url')}`;
}

/** Opens a sealed value; `find` gives master keys by id. Throws when it was altered or belongs to another place. */
export function open(sealed: string, place: string, find: (keyId: string) => MasterKey): string {
  const { keyId, wrapped, body } = partsOf(sealed);
  const dataKey = decrypt(wrapped, find(keyId).bytes, `key:${place}`);
  return decrypt(body, dataKey, `value:${place}`).toString();
}

/** Encrypts the data key of a sealed value with another master key; the value itself is not touched. */
export function rewrap(sealed: string, place: string, find: (keyId: string) => MasterKey, key: MasterKey): string {
  const { keyId, wrapped, body } = partsOf(sealed);
  const dataKey = decrypt(wrapped, find(keyId).bytes, `key:${place}`);
  const again = encrypt(dataKey, key.bytes, `key:${place}`);
  return `m1.${key.id}.${again.toString('base64url')}.${body.toString('base64url')}`;
}

function partsOf(sealed: string): { keyId: string; wrapped: Buffer; body: Buffer } {
  const [version, keyId, wrapped, body, ...rest] = sealed.split('.');
  if (version !== 'm1' || !keyId || !wrapped || !body || rest.length > 0) throw new Error('not a sealed value');
  return { keyId, wrapped: Buffer.from(wrapped, 'base64url'), body: Buffer.from(body, 'base64url') };
}

function encrypt(plain: Buffer, key: Buffer, place: string): Buffer {
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength });
  cipher.setAAD(Buffer.from(place));
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(box: Buffer, key: Buffer, place: string): Buffer {
  if (box.length < ivLength + tagLength) throw new Error('not a sealed value');
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, ivLength), { authTagLength: tagLength });
  decipher.setAAD(Buffer.from(place));
  decipher.setAuthTag(box.subarray(box.length - tagLength));
  return Buffer.concat([decipher.update(box.subarray(ivLength, box.length - tagLength)), decipher.final()]);
}
