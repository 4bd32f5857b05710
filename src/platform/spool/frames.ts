import { crc32 } from 'node:zlib';

/** Four bytes of length and four of CRC-32 (of the payload), both little-endian, before each frame. */
export const headerBytes = 8;
/** Larger frames are refused at append, so a larger length on reading means damage. */
export const maxFrameBytes = 64 * 1024 * 1024;

/** The header of a frame. */
export function encodeHeader(frame: Uint8Array): Buffer {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32LE(frame.length, 0);
  // Mixed with the length, so that a run of zero bytes (a tail that was never written) is no valid empty frame.
  header.writeUInt32LE((crc32(frame) ^ frame.length ^ 0x4d52_5350) >>> 0, 4);
  return header;
}

/**
 * The whole frames at the start of a segment, as views into it. `end` is where they stop: short of the segment's
 * length when its tail is torn (a crash in the middle of a write) or damaged.
 */
export function decodeFrames(segment: Buffer): { frames: Buffer[]; end: number } {
  const frames: Buffer[] = [];
  let end = 0;
  while (end + headerBytes <= segment.length) {
    const length = segment.readUInt32LE(end);
    const from = end + headerBytes;
    if (length > maxFrameBytes || from + length > segment.length) break;
    const frame = segment.subarray(from, from + length);
    if ((crc32(frame) ^ length ^ 0x4d52_5350) >>> 0 !== segment.readUInt32LE(end + 4)) break;
    frames.push(frame);
    end = from + length;
  }
  return { frames, end };
}
