import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../kernel/faults.ts';
import { newId } from '../../kernel/ids.ts';
import { pause } from '../../kernel/pause.ts';
import type { Log } from '../observe/log.ts';
import { decodeFrames, encodeHeader, headerBytes, maxFrameBytes } from './frames.ts';

export interface SpoolOptions {
  /** Made when absent. One process at a time (`openDataDirectory` guards that). */
  directory: string;
  /** Appends are refused above this many bytes waiting. */
  maxBytes: number;
  log: Log;
  /** Throws the refusal of appends while the disk has no room to give away. */
  demandRoom?: (() => void) | undefined;
  /** A batch is at most about this large. Default 8 MiB. */
  segmentBytes?: number | undefined;
}

export interface DrainOptions {
  signal: AbortSignal;
  /** A batch is handed over at the latest this long after its first frame. Default 500 ms. */
  batchMs?: number | undefined;
}

/**
 * Takes a batch. The token names exactly these frames: a batch that comes again, in this process or after a crash, comes whole
 * and with the same token. A rejection is tried again with back-off for ever, so what cannot be used must be set aside and resolved.
 * `read` has at the place of each frame what it was appended with; undefined where there was nothing, or it is no longer held.
 */
export type Consumer = (frames: Buffer[], token: string, read: readonly unknown[]) => Promise<void>;

/** A durable queue on disk between what is acknowledged and a store that may be slow or away. */
export interface Spool {
  /**
   * Resolves once the frame is synced to disk; calls at the same time share one sync. Rejects with an `unavailable` Fault
   * (`platform.spool-full`, `platform.disk-full`) that says when to try again; a rejected frame is never handed to a consumer.
   * `read` is what the frame says, and spares the consumer to read it as long as the frame need not be read back from disk.
   */
  append(frame: Buffer, read?: object): Promise<void>;
  /** Hands batches to `consume`, oldest first, one at a time, until the signal aborts; each is deleted once `consume` resolves. */
  drain(consume: Consumer, options: DrainOptions): Promise<void>;
  stats(): { bytes: number; batches: number; oldestAt: number | null };
  /** Completes what is being written; what waits stays for the next start. */
  close(): Promise<void>;
}

interface Segment {
  token: string;
  path: string;
  bytes: number;
  /** Unix milliseconds of its first frame. */
  since: number;
  /** Its frames, where there is room to remember what was just written: they need not be read back. */
  frames?: Buffer[] | undefined;
  /** What they were appended with; empty once they are not remembered. */
  read: unknown[];
}

interface ActiveSegment extends Segment {
  file: FileHandle;
}

interface Pending {
  frame: Buffer;
  read: object | undefined;
  resolve: () => void;
  reject: (reason: unknown) => void;
}

const suffix = '.segment';

/** Bytes of frames remembered until they are drained, in all segments together. */
const mostRemembered = 24 * 1024 * 1024;

/** A write returns when what it wrote is on disk, which spares a call to say so. */
const durableWrite = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC;

/**
 * Opens the spool and finds what an earlier process left. A batch is a segment file and its name is the token, so nothing
 * but the files themselves has to survive a crash.
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { directory, maxBytes, log, segmentBytes = 8 * 1024 * 1024 } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const sealed: Segment[] = [];
  for (const name of (await readdir(directory)).filter((entry) => entry.endsWith(suffix)).sort()) {
    const path = join(directory, name);
    const facts = await stat(path);
    sealed.push({ token: name.slice(0, -suffix.length), path, bytes: facts.size, since: facts.mtimeMs, read: [] });
  }
  let active: ActiveSegment | undefined;
  let waiting: Pending[] = [];
  let waitingBytes = 0;
  let rememberedBytes = 0;
  let storedBytes = sealed.reduce((sum, segment) => sum + segment.bytes, 0);
  let lastSegmentMs = 0;
  let closed = false;
  /** Set while writes never pause: the writer then ends the segment between two of them. */
  let sealWanted = false;
  let writing: Promise<void> | undefined;
  let wake: () => void = () => {};

  async function openSegment(): Promise<ActiveSegment> {
    // Names sort in the order of writing, even when the clock is set back or two are opened in one millisecond.
    lastSegmentMs = Math.max(Date.now(), lastSegmentMs + 1);
    const token = newId(lastSegmentMs);
    const path = join(directory, token + suffix);
    const file = await open(path, durableWrite, 0o600);
    await syncDirectory(directory);
    return { token, path, file, bytes: 0, since: Date.now(), frames: [], read: [] };
  }

  /** Ends the active segment, which makes it a batch. Never while a write is under way. */
  async function seal(): Promise<void> {
    const ended = active;
    if (!ended) return;
    active = undefined;
    sealWanted = false;
    const { file, ...segment } = ended;
    if (ended.bytes > 0) sealed.push(segment);
    await file.close().catch((error: unknown) => log.warn({ err: error }, 'a spool segment did not close cleanly'));
    if (ended.bytes === 0) await rm(ended.path, { force: true });
    wake();
  }

  async function commit(group: Pending[]): Promise<void> {
    const buffers = group.flatMap(({ frame }) => [encodeHeader(frame), frame]);
    const bytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    try {
      active ??= await openSegment();
      await writeAll(active.file, buffers, active.bytes);
    } catch (error) {
      await discardTail();
      throw refusal(error as NodeJS.ErrnoException);
    }
    active.bytes += bytes;
    storedBytes += bytes;
    remember(active, group, bytes);
    wake();
    if (active.bytes >= segmentBytes || sealWanted) await seal();
  }

  /** A segment is remembered whole or not at all. */
  function remember(segment: ActiveSegment, group: Pending[], bytes: number): void {
    if (!segment.frames) return;
    if (rememberedBytes + bytes > mostRemembered) {
      rememberedBytes -= segment.bytes - bytes;
      segment.frames = undefined;
      segment.read = [];
      return;
    }
    rememberedBytes += bytes;
    for (const { frame, read } of group) {
      segment.frames.push(frame);
      segment.read.push(read);
    }
  }

  /** After a failed write: what was refused must not come back, and pages of a failed sync are not to be trusted. */
  async function discardTail(): Promise<void> {
    if (!active) return;
    const failed = active;
    try {
      await failed.file.truncate(failed.bytes);
    } catch (error) {
      log.error({ err: error, segment: failed.token }, 'a refused write could not be taken back from the spool');
    }
    await seal();
  }

  async function readFrames({ path, bytes, token }: Segment): Promise<Buffer[]> {
    const content = await readWhole(path, bytes);
    const { frames, end } = decodeFrames(content);
    if (end < content.length) {
      log.warn(
        { segment: token, bytes: content.length - end },
        'a spool segment ends in an unfinished write; it was never acknowledged',
      );
    }
    return frames;
  }

  async function writeLoop(): Promise<void> {
    while (waiting.length > 0) {
      // What arrives in the same turn goes into the same write.
      await new Promise((resolve) => setImmediate(resolve));
      let size = 0;
      let count = 0;
      while (count < waiting.length && (count === 0 || size < segmentBytes)) {
        size += waiting[count]!.frame.length + headerBytes;
        count += 1;
      }
      const group = waiting.slice(0, count);
      waiting = waiting.slice(count);
      try {
        await commit(group);
        for (const one of group) one.resolve();
      } catch (error) {
        for (const one of group) one.reject(error);
      }
      waitingBytes -= group.reduce((sum, one) => sum + one.frame.length + headerBytes, 0);
    }
    writing = undefined;
  }

  return {
    append(frame, read) {
      if (closed) return Promise.reject(full('platform.spool-closed', 'The spool is closed', 5));
      if (frame.length > maxFrameBytes) {
        const details = { code: 'platform.frame-too-large', hint: 'Send it in smaller parts.' };
        return Promise.reject(new Fault('too-large', 'One record is larger than the spool takes', details));
      }
      try {
        options.demandRoom?.();
      } catch (error) {
        return Promise.reject(error);
      }
      if (storedBytes + waitingBytes + frame.length + headerBytes > maxBytes) {
        return Promise.reject(full('platform.spool-full', 'The spool is full; its store is slow or away', 10));
      }
      waitingBytes += frame.length + headerBytes;
      return new Promise((resolve, reject) => {
        waiting.push({ frame, read, resolve, reject });
        writing ??= writeLoop();
      });
    },

    async drain(consume, { signal, batchMs = 500 }) {
      let attempts = 0;
      while (!signal.aborted) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const segment = sealed[0];
        if (!segment) {
          const due = active && active.bytes > 0 ? active.since + batchMs - Date.now() : 60_000;
          if (due > 0) await pause(due, signal, woken);
          else if (!writing) await seal();
          else {
            sealWanted = true;
            await pause(1000, signal, woken);
          }
          continue;
        }
        try {
          const frames = segment.frames ?? (await readFrames(segment));
          if (frames.length > 0) await consume(frames, segment.token, segment.read);
          await rm(segment.path, { force: true });
          sealed.shift();
          storedBytes -= segment.bytes;
          if (segment.frames) rememberedBytes -= segment.bytes;
          attempts = 0;
        } catch (error) {
          if (signal.aborted) return;
          attempts += 1;
          const waitMs = Math.min(10_000, 100 * 2 ** Math.min(attempts, 7));
          log.warn(
            { err: error, batch: segment.token, attempts, waitMs },
            'a batch was not taken; it stays in the spool',
          );
          await pause(waitMs, signal);
        }
      }
    },

    stats() {
      const first = sealed[0] ?? active;
      return {
        bytes: storedBytes + waitingBytes,
        batches: sealed.length + (active ? 1 : 0),
        oldestAt: first ? first.since : null,
      };
    },

    async close() {
      closed = true;
      while (writing) await writing;
      await seal();
    },
  };
}

/** `writev` may write less than asked; the rest follows until all is written. */
async function writeAll(file: FileHandle, buffers: Buffer[], position: number): Promise<void> {
  // The kernel takes at most 1,024 buffers in one call.
  for (let from = 0; from < buffers.length; from += 1000) {
    let rest: Buffer[] = buffers.slice(from, from + 1000);
    while (rest.length > 0) {
      const { bytesWritten } = await file.writev(rest, position);
      position += bytesWritten;
      let skip = bytesWritten;
      while (rest.length > 0 && skip >= rest[0]!.length) skip -= rest.shift()!.length;
      if (skip > 0) rest = [rest[0]!.subarray(skip), ...rest.slice(1)];
    }
  }
}

/** A file of known size, into one piece of memory. */
async function readWhole(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const content = Buffer.allocUnsafeSlow(bytes);
    let read = 0;
    while (read < bytes) {
      const { bytesRead } = await file.read(content, read, bytes - read, read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return content.subarray(0, read);
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
}

const full = (code: string, message: string, retryAfter: number): Fault =>
  new Fault('unavailable', message, { code, retryAfter, hint: 'Send it again later; nothing acknowledged is lost.' });

function refusal(error: NodeJS.ErrnoException): Fault {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    return full('platform.disk-full', 'The disk that holds the spool is full', 30);
  }
  return new Fault('unavailable', 'The spool cannot be written', {
    code: 'platform.spool-write',
    retryAfter: 10,
    cause: error,
  });
}
