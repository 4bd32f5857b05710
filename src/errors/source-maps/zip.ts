import { inflateRawSync } from 'node:zlib';

/** A member of a ZIP archive. */
export interface ZipEntry {
  name: string;
  size: number;
  /** Its bytes; throws for what is damaged or larger than announced. */
  read(): Buffer;
}

const endRecord = 0x06054b50;
const centralRecord = 0x02014b50;
const localRecord = 0x04034b50;

/**
 * Lists an archive by its central directory (PKWARE APPNOTE, 4.3). Offsets count from the start of the buffer, also where something else
 * stands before the first member. Null for what is no ZIP; members over `largest` bytes and names that lead elsewhere are left out.
 */
export function readZip(bytes: Buffer, limits: { members: number; largest: number }): ZipEntry[] | null {
  const end = findEnd(bytes);
  if (end < 0) return null;
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  if (count > limits.members) return null;
  const entries: ZipEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== centralRecord) return null;
    const method = bytes.readUInt16LE(at + 10);
    const packed = bytes.readUInt32LE(at + 20);
    const size = bytes.readUInt32LE(at + 24);
    const [nameLength, extraLength, noteLength] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const local = bytes.readUInt32LE(at + 42);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    at += 46 + nameLength + extraLength + noteLength;
    if (name.endsWith('/') || name.includes('..') || size > limits.largest || (method !== 0 && method !== 8)) continue;
    entries.push({ name, size, read: () => readMember(bytes, local, { method, packed, size }) });
  }
  return entries;
}

function findEnd(bytes: Buffer): number {
  for (let at = bytes.length - 22; at >= Math.max(0, bytes.length - 22 - 65_535); at -= 1) {
    if (bytes.readUInt32LE(at) === endRecord) return at;
  }
  return -1;
}

function readMember(bytes: Buffer, at: number, member: { method: number; packed: number; size: number }): Buffer {
  if (at + 30 > bytes.length || bytes.readUInt32LE(at) !== localRecord) throw new RangeError('a member is damaged');
  const from = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28);
  const body = bytes.subarray(from, from + member.packed);
  if (body.length !== member.packed) throw new RangeError('a member is cut off');
  if (member.method === 0) return body;
  return inflateRawSync(body, { maxOutputLength: Math.max(1, member.size) });
}
