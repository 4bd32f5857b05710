import { type FileHandle, rm } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { openWithin } from '../driver/within.ts';
import type { MaskStream } from '../port.ts';
import { type LogWriter, openLogWriter } from './store.ts';

const pieceBytes = 256 * 1024;

/**
 * Brings what a step prints (a file the driver appends to) into its log, masked. Killed at any point, the next pump takes up
 * where the log stands: nothing is lost, nothing comes twice.
 */
export class LogPump {
  readonly writer: LogWriter;
  /** When output last came, Unix milliseconds; 0 for never. */
  lastOutputAt = 0;
  readonly #path: string;
  readonly #within: string;
  readonly #mask: MaskStream;
  readonly #piece = Buffer.allocUnsafe(pieceBytes);
  #source: FileHandle | undefined;
  #read: number;

  private constructor(writer: LogWriter, path: string, mask: MaskStream, within: string) {
    this.writer = writer;
    this.#path = path;
    this.#within = within;
    this.#mask = mask;
    this.#read = writer.raw;
  }

  /** What leads out of the directory `within` is not followed. */
  static async open(log: string, output: string, mask: MaskStream, within = dirname(output)): Promise<LogPump> {
    return new LogPump(await openLogWriter(log), output, mask, within);
  }

  /** Raw bytes taken so far. */
  get outputBytes(): number {
    return this.#read;
  }

  /** Takes what is there, at most about `budget` bytes. Resolves to how many it took. */
  async pump(now: () => number, budget = 8 * 1024 * 1024): Promise<number> {
    this.#source ??= await openWithin(this.#within, relative(this.#within, this.#path));
    if (!this.#source) return 0;
    let taken = 0;
    while (taken < budget) {
      const { bytesRead } = await this.#source.read(this.#piece, 0, pieceBytes, this.#read);
      if (bytesRead === 0) {
        // A step that prints to `/dev/stderr` by name opens the file anew, and empties it.
        if ((await this.#source.stat()).size >= this.#read) break;
        this.#read = 0;
        continue;
      }
      taken += bytesRead;
      this.lastOutputAt = now();
      await this.#take(this.#piece.subarray(0, bytesRead));
    }
    return taken;
  }

  async #take(piece: Buffer): Promise<void> {
    const lines = piece.lastIndexOf(10) + 1;
    if (lines > 0) {
      this.#read += lines;
      await this.writer.append(this.#mask.push(piece.subarray(0, lines)), this.#read, this.lastOutputAt);
    }
    if (lines === piece.length) return;
    this.#read += piece.length - lines;
    const open = this.#mask.push(piece.subarray(lines));
    if (open.length > 0) await this.writer.append(open, -1, this.lastOutputAt);
  }

  /** The step ended: takes the rest, gives up what was held back, and closes the log. */
  async finish(now: () => number): Promise<void> {
    while ((await this.pump(now)) > 0);
    const rest = this.#mask.end();
    if (rest.length > 0 || this.#read !== this.writer.raw) await this.writer.append(rest, this.#read, now());
    await this.close();
  }

  /** Leaves the log for the next pump. */
  async close(): Promise<void> {
    await this.#source?.close();
    this.#source = undefined;
    await this.writer.close();
  }
}

/** A log that only the server writes: of a step it does itself. What an earlier attempt wrote is dropped. */
export class NoteLog {
  readonly #writer: LogWriter;
  readonly #now: () => number;
  readonly #mask: (text: string) => string;
  #chain: Promise<void> = Promise.resolve();

  private constructor(writer: LogWriter, now: () => number, mask: (text: string) => string) {
    this.#writer = writer;
    this.#now = now;
    this.#mask = mask;
  }

  static async open(path: string, now: () => number, mask: (text: string) => string): Promise<NoteLog> {
    await rm(path, { force: true });
    await rm(`${path}.idx`, { force: true });
    return new NoteLog(await openLogWriter(path), now, mask);
  }

  get lines(): number {
    return this.#writer.lines;
  }

  /** Adds a line; lines come out in the order they were said. */
  say(line: string): void {
    const text = this.#mask(line.replace(/\n+$/, ''));
    this.#chain = this.#chain.then(() => this.#writer.note(text, this.#now()));
  }

  async close(): Promise<void> {
    await this.#chain;
    await this.#writer.close();
  }
}
