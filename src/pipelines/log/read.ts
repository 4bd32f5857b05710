import { type FileHandle, open } from 'node:fs/promises';
import { decodeMark, emptyMark, type LogMark, markBytes } from './store.ts';

/** Longest text of a line in a window or stream, in bytes; the raw download is whole. */
export const longestShownLine = 16 * 1024;
/** Most bytes of log one window reads. */
const windowBytes = 8 * 1024 * 1024;

export interface ShownLine {
  /** Counts from 0. */
  line: number;
  /** Unix milliseconds when its first byte came. */
  at: number;
  text: string;
  /** Longer than shown. */
  cut: boolean;
}

export interface LogWindow {
  lines: ShownLine[];
  /** Byte offset and line number after the window. */
  nextOffset: number;
  nextLine: number;
  /** All there is, an unfinished last line included. */
  totalLines: number;
  totalBytes: number;
}

/** A log and its index, opened for reading. */
export class LogReader {
  readonly #log: FileHandle;
  readonly #index: FileHandle;

  private constructor(log: FileHandle, index: FileHandle) {
    this.#log = log;
    this.#index = index;
  }

  /** Undefined while nothing was written. */
  static async open(path: string): Promise<LogReader | undefined> {
    try {
      const log = await open(path, 'r');
      try {
        return new LogReader(log, await open(`${path}.idx`, 'r'));
      } catch (error) {
        await log.close();
        throw error;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#log.close();
    await this.#index.close();
  }

  /** How much there is, by the last mark. */
  async head(): Promise<{ lines: number; bytes: number }> {
    const mark = await this.#mark((await this.#marks()) - 1);
    return { lines: mark.lines + (await this.#partial(mark)), bytes: mark.bytes };
  }

  /**
   * Lines from number `fromLine` on (negative: counted from the end), at most `limit`. The last one may be unfinished;
   * with `whole` it is left out.
   */
  async window(fromLine: number, limit: number, whole = false): Promise<LogWindow> {
    const count = await this.#marks();
    const last = await this.#mark(count - 1);
    const totalLines = last.lines + (await this.#partial(last));
    const first = Math.min(Math.max(0, fromLine < 0 ? totalLines + fromLine : fromLine), totalLines);
    const at = await this.#search(count, (mark) => mark.lines <= first);
    const start = await this.#mark(at);
    const skipped = await this.#skip(start.bytes, first - start.lines, last.bytes);
    return this.#read({ offset: skipped, line: first, limit, whole, totalLines, last, mark: at });
  }

  /** Lines that begin at or after byte `offset`, which must be the beginning of a line. */
  async from(offset: number, limit: number): Promise<LogWindow> {
    const count = await this.#marks();
    const last = await this.#mark(count - 1);
    const totalLines = last.lines + (await this.#partial(last));
    const begin = Math.min(Math.max(0, offset), last.bytes);
    const at = await this.#search(count, (mark) => mark.bytes <= begin);
    const start = await this.#mark(at);
    const line = start.lines + (await this.#count(start.bytes, begin));
    return this.#read({ offset: begin, line, limit, whole: true, totalLines, last, mark: at });
  }

  /** Lines that contain `text`, letter case aside, from the beginning; stops at `limit`. */
  async search(text: string, limit: number): Promise<{ lines: ShownLine[]; more: boolean }> {
    const wanted = text.toLowerCase();
    const found: ShownLine[] = [];
    let next = 0;
    for (;;) {
      const window = await this.window(next, 5000);
      for (const line of window.lines) {
        if (!line.text.toLowerCase().includes(wanted)) continue;
        if (found.length === limit) return { lines: found, more: true };
        found.push(line);
      }
      if (window.nextLine === next || window.nextLine >= window.totalLines) return { lines: found, more: false };
      next = window.nextLine;
    }
  }

  async #marks(): Promise<number> {
    return Math.floor((await this.#index.stat()).size / markBytes);
  }

  async #mark(number: number): Promise<LogMark> {
    if (number < 0) return emptyMark;
    const { buffer, bytesRead } = await this.#index.read(Buffer.alloc(markBytes), 0, markBytes, number * markBytes);
    return bytesRead === markBytes ? decodeMark(buffer) : emptyMark;
  }

  /** 1 when the log does not end with a line feed. */
  async #partial(mark: LogMark): Promise<number> {
    if (mark.bytes === 0) return 0;
    const { buffer } = await this.#log.read(Buffer.alloc(1), 0, 1, mark.bytes - 1);
    return buffer[0] === 10 ? 0 : 1;
  }

  /** Number of the last mark for which `holds`; -1 for none. Marks only grow. */
  async #search(count: number, holds: (mark: LogMark) => boolean): Promise<number> {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(await this.#mark(middle))) low = middle + 1;
      else high = middle;
    }
    // Several marks may end inside one line; the first of them is where that line begins or before it.
    let found = low - 1;
    const mark = await this.#mark(found);
    if (found >= 0 && (await this.#byteBefore(mark.bytes)) !== 10) {
      while (found >= 0 && (await this.#mark(found)).lines === mark.lines) found -= 1;
    }
    return found;
  }

  async #byteBefore(offset: number): Promise<number> {
    if (offset === 0) return 10;
    const { buffer } = await this.#log.read(Buffer.alloc(1), 0, 1, offset - 1);
    return buffer[0]!;
  }

  /** Offset after `lines` line feeds from `offset`, at most `end`. */
  async #skip(offset: number, lines: number, end: number): Promise<number> {
    let left = lines;
    const piece = Buffer.allocUnsafe(256 * 1024);
    for (let position = offset; left > 0 && position < end; ) {
      const { bytesRead } = await this.#log.read(piece, 0, Math.min(piece.length, end - position), position);
      if (bytesRead === 0) break;
      const read = piece.subarray(0, bytesRead);
      for (let at = read.indexOf(10); at !== -1; at = read.indexOf(10, at + 1)) {
        left -= 1;
        if (left === 0) return position + at + 1;
      }
      position += bytesRead;
    }
    return left > 0 ? end : offset;
  }

  async #count(from: number, to: number): Promise<number> {
    let count = 0;
    const piece = Buffer.allocUnsafe(256 * 1024);
    for (let position = from; position < to; ) {
      const { bytesRead } = await this.#log.read(piece, 0, Math.min(piece.length, to - position), position);
      if (bytesRead === 0) break;
      const read = piece.subarray(0, bytesRead);
      for (let at = read.indexOf(10); at !== -1; at = read.indexOf(10, at + 1)) count += 1;
      position += bytesRead;
    }
    return count;
  }

  async #read(want: {
    offset: number;
    line: number;
    limit: number;
    whole: boolean;
    totalLines: number;
    last: LogMark;
    mark: number;
  }): Promise<LogWindow> {
    const lines: ShownLine[] = [];
    const times = new TimeLine(this.#index, want.mark);
    let offset = want.offset;
    let head: Buffer[] = [];
    let held = 0;
    const show = async (size: number): Promise<void> => {
      const bytes = Buffer.concat(head);
      const end = bytes[bytes.length - 1] === 13 && size === bytes.length ? bytes.length - 1 : bytes.length;
      const cut = size > longestShownLine;
      lines.push({
        line: want.line + lines.length,
        at: await times.of(offset),
        text: bytes.toString('utf8', 0, Math.min(end, longestShownLine)),
        cut,
      });
    };
    let position = want.offset;
    const budget = want.offset + windowBytes;
    while (lines.length < want.limit && position < want.last.bytes && (position < budget || lines.length === 0)) {
      const piece = Buffer.allocUnsafe(Math.min(256 * 1024, want.last.bytes - position));
      const { bytesRead } = await this.#log.read(piece, 0, piece.length, position);
      if (bytesRead === 0) break;
      const read = piece.subarray(0, bytesRead);
      let from = 0;
      for (let at = read.indexOf(10); at !== -1 && lines.length < want.limit; at = read.indexOf(10, from)) {
        if (held < longestShownLine) head.push(read.subarray(from, Math.min(at, from + longestShownLine - held)));
        await show(held + at - from);
        offset = position + at + 1;
        head = [];
        held = 0;
        from = at + 1;
      }
      if (held < longestShownLine) head.push(read.subarray(from, from + longestShownLine - held));
      held += bytesRead - from;
      position += bytesRead;
    }
    let nextLine = want.line + lines.length;
    if (!want.whole && position >= want.last.bytes && offset < want.last.bytes && lines.length < want.limit) {
      await show(want.last.bytes - offset);
      nextLine += 1;
    }
    return { lines, nextOffset: offset, nextLine, totalLines: want.totalLines, totalBytes: want.last.bytes };
  }
}

/** When the byte at an offset came, for offsets that only grow. */
class TimeLine {
  readonly #index: FileHandle;
  #next: number;
  #block: LogMark[] = [];
  #current: LogMark | undefined;

  constructor(index: FileHandle, before: number) {
    this.#index = index;
    this.#next = before + 1;
  }

  async of(offset: number): Promise<number> {
    while (!this.#current || this.#current.bytes <= offset) {
      if (this.#block.length === 0) {
        const { buffer, bytesRead } = await this.#index.read(
          Buffer.alloc(markBytes * 128),
          0,
          markBytes * 128,
          this.#next * markBytes,
        );
        for (let at = 0; at + markBytes <= bytesRead; at += markBytes) this.#block.push(decodeMark(buffer, at));
        if (this.#block.length === 0) break;
        this.#next += this.#block.length;
        this.#block.reverse();
      }
      this.#current = this.#block.pop();
    }
    return this.#current?.at ?? 0;
  }
}
