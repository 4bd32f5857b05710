import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { DockerEngine } from './client.ts';

const longestLine = 64 * 1024;

export type LineSink = (line: string, stream: 'stdout' | 'stderr', at: number) => void;

/**
 * Takes apart what the engine sends for logs without a terminal: frames of an 8-byte header (stream, length) and lines that
 * begin with an RFC 3339 time. Lines up to `after` (Unix milliseconds) were handed over before and are passed by.
 */
export class LogFrames {
  readonly #onLine: LineSink;
  #after: number;
  /** Lines handed over before come first in a stream; after them times may step back a little between the two outputs. */
  #passing = true;
  #rest: Buffer = Buffer.alloc(0);
  #partial = { 1: '', 2: '' };
  #decoders = { 1: new StringDecoder('utf8'), 2: new StringDecoder('utf8') };

  constructor(onLine: LineSink, after: number) {
    this.#onLine = onLine;
    this.#after = after;
  }

  /** Time of the last line handed over. */
  get after(): number {
    return this.#after;
  }

  /** A new stream begins, with lines that were handed over before. */
  begin(): void {
    this.#passing = true;
    this.#rest = Buffer.alloc(0);
    this.#partial = { 1: '', 2: '' };
    this.#decoders = { 1: new StringDecoder('utf8'), 2: new StringDecoder('utf8') };
  }

  push(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 8) {
      const length = this.#rest.readUInt32BE(4);
      if (this.#rest.length < 8 + length) return;
      const stream = this.#rest[0] === 2 ? 2 : 1;
      const text = this.#partial[stream] + this.#decoders[stream].write(this.#rest.subarray(8, 8 + length));
      this.#rest = this.#rest.subarray(8 + length);
      const lines = text.split('\n');
      this.#partial[stream] = lines.pop()!.slice(0, longestLine);
      for (const line of lines) this.#take(line, stream === 2 ? 'stderr' : 'stdout');
    }
  }

  #take(line: string, stream: 'stdout' | 'stderr'): void {
    const space = line.indexOf(' ');
    const at = timeOf(line.slice(0, space));
    if (Number.isNaN(at) || (this.#passing && at <= this.#after)) return;
    this.#passing = false;
    this.#after = Math.max(this.#after, at);
    const words = line.slice(space + 1);
    this.#onLine(words.endsWith('\r') ? words.slice(0, -1) : words, stream, at);
  }
}

/** Milliseconds with the microseconds that `Date.parse` drops. */
function timeOf(text: string): number {
  const base = Date.parse(text);
  const fraction = /\.\d{3}(\d{1,6})/.exec(text)?.[1];
  return fraction ? base + Number(`0.${fraction}`) : base;
}

/**
 * Follows the output of a container from `after` on until it is removed or `signal` aborts; takes the stream up again when the engine
 * drops it. Never rejects.
 */
export async function followContainer(
  docker: DockerEngine,
  containerId: string,
  after: number,
  onLine: LineSink,
  signal: AbortSignal,
): Promise<void> {
  const frames = new LogFrames(onLine, after);
  while (!signal.aborted) {
    let stream: Readable | undefined;
    const stop = (): void => void stream?.destroy();
    try {
      stream = (await docker.getContainer(containerId).logs({
        follow: true,
        stdout: true,
        stderr: true,
        timestamps: true,
        since: (Math.floor(frames.after) / 1000).toFixed(3) as never,
      })) as unknown as Readable;
      frames.begin();
      if (signal.aborted) stream.destroy();
      signal.addEventListener('abort', stop, { once: true });
      for await (const chunk of stream) frames.push(chunk as Buffer);
      const state = await docker.getContainer(containerId).inspect();
      if (!state.State.Running) return;
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode === 404) return;
    } finally {
      signal.removeEventListener('abort', stop);
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
