import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * One entry of a log's index, written after each piece of log: how much there is up to here, when that piece came, and how
 * much of the raw output it stands for. `raw` is -1 where the log may not be taken up again (in the middle of a line).
 */
export interface LogMark {
  lines: number;
  bytes: number;
  raw: number;
  at: number;
}

/** Bytes of one mark: four little-endian doubles. */
export const markBytes = 32;

export const emptyMark: LogMark = { lines: 0, bytes: 0, raw: 0, at: 0 };

export function encodeMark(mark: LogMark): Buffer {
  const bytes = Buffer.allocUnsafe(markBytes);
  bytes.writeDoubleLE(mark.lines, 0);
  bytes.writeDoubleLE(mark.bytes, 8);
  bytes.writeDoubleLE(mark.raw, 16);
  bytes.writeDoubleLE(mark.at, 24);
  return bytes;
}

export function decodeMark(bytes: Buffer, at = 0): LogMark {
  return {
    lines: bytes.readDoubleLE(at),
    bytes: bytes.readDoubleLE(at + 8),
    raw: bytes.readDoubleLE(at + 16),
    at: bytes.readDoubleLE(at + 24),
  };
}

/** How many line feeds a piece holds. */
export function countLines(piece: Buffer): number {
  let count = 0;
  for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, at + 1)) count += 1;
  return count;
}

/** Appends to one step's log. One writer at a time; readers may read all the while. */
export interface LogWriter {
  /** Raw bytes the log stands for: where reading of the step's output goes on. */
  readonly raw: number;
  /** Whole lines, as every line of the server's own is. */
  readonly lines: number;
  /** Lines as readers count them, an unfinished last one included. */
  readonly shownLines: number;
  /** Appends masked bytes that bring the log to `raw` (-1: not a place to take it up again). */
  append(piece: Buffer, raw: number, at: number): Promise<void>;
  /** Adds whole lines of the server's own in between, standing for no output. */
  note(text: string, at: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens (or makes) a log of masked bytes in `path` and its index in `path.idx`. After a crash everything behind the last mark that can be
 * taken up is cut off, so that the output from `raw` on is added exactly once.
 */
export async function openLogWriter(path: string): Promise<LogWriter> {
  await mkdir(dirname(path), { recursive: true });
  const log = await open(path, 'a+');
  const index = await open(`${path}.idx`, 'a+');
  let mark = await recover(log, index);
  let last = mark.bytes === 0 ? 10 : await byteAt(log, mark.bytes - 1);
  const append = async (piece: Buffer, raw: number, at: number): Promise<void> => {
    await log.write(piece);
    if (piece.length > 0) last = piece[piece.length - 1]!;
    mark = { lines: mark.lines + countLines(piece), bytes: mark.bytes + piece.length, raw, at };
    await index.write(encodeMark(mark));
  };
  let resumeAt = mark.raw;
  return {
    get raw() {
      return resumeAt;
    },
    get lines() {
      return mark.lines;
    },
    get shownLines() {
      return mark.lines + (last === 10 ? 0 : 1);
    },
    async append(piece, raw, at) {
      if (raw >= 0) resumeAt = raw;
      await append(piece, raw, at);
    },
    async note(text, at) {
      const open = last === 10 ? '' : '\n';
      await append(Buffer.from(`${open}${text}\n`), open === '' ? resumeAt : -1, at);
    },
    async close() {
      await log.close();
      await index.close();
    },
  };
}

async function byteAt(file: FileHandle, position: number): Promise<number> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, position);
  return buffer[0]!;
}

async function recover(log: FileHandle, index: FileHandle): Promise<LogMark> {
  const size = (await log.stat()).size;
  let count = Math.floor((await index.stat()).size / markBytes);
  let mark = emptyMark;
  while (count > 0) {
    const { buffer } = await index.read(Buffer.alloc(markBytes), 0, markBytes, (count - 1) * markBytes);
    const candidate = decodeMark(buffer);
    if (candidate.raw >= 0 && candidate.bytes <= size) {
      mark = candidate;
      break;
    }
    count -= 1;
  }
  await index.truncate(count * markBytes);
  await log.truncate(mark.bytes);
  return mark;
}
