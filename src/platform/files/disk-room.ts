import { randomBytes } from 'node:crypto';
import { open, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../kernel/faults.ts';
import { pause } from '../../kernel/pause.ts';
import type { Log } from '../observe/log.ts';
import type { Loop } from '../room.ts';

const mebibyte = 1024 * 1024;
const lookEveryMs = 500;
/** Held by a file of no use, which is given up when others have filled the disk: the stores need room to end what they are at. */
const ballastBytes = 32 * mebibyte;

export interface DiskState {
  freeBytes: number;
  totalBytes: number;
  /** Below this nothing new is taken. */
  reserveBytes: number;
  /** Since when less is free than the reserve (Unix milliseconds); null while there is enough. */
  shortSince: number | null;
  /** When nearly nothing was free for the last time (Unix milliseconds); null for never since this server began. */
  ranOutAt: number | null;
}

/** Room on the disk, kept free for what has been accepted already: stores that run out of it in mid-write have to recover. */
export interface DiskRoom {
  /** False while new work should wait. */
  enough(): boolean;
  /** Throws an `unavailable` Fault (`platform.disk-full`) while nothing new is taken. */
  demand(): void;
  state(): DiskState;
  /** Whether nearly nothing was free at a time from `since` (Unix milliseconds) to this moment. */
  ranOut(since: number): Promise<boolean>;
  loop: Loop;
}

/** A twentieth of the disk, at least 64 MiB and at most 1 GiB. */
export const reserveOf = (totalBytes: number): number =>
  Math.max(64 * mebibyte, Math.min(1024 * mebibyte, totalBytes / 20));

/** Whether the disk counts as short now; once it does, a quarter more than the reserve must be free before it does no longer. */
export const isShort = (freeBytes: number, reserveBytes: number, before: boolean): boolean =>
  freeBytes < (before ? reserveBytes * 1.25 : reserveBytes);

/** Watches the disk that holds `directory`, from the first look on, which is made here. */
export async function watchDisk(options: { directory: string; now: () => number; log: Log }): Promise<DiskRoom> {
  const { directory, now, log } = options;
  const ballast = join(directory, 'ballast');
  let state: DiskState = { freeBytes: 0, totalBytes: 0, reserveBytes: 0, shortSince: null, ranOutAt: null };

  const measure = async (): Promise<void> => {
    const { bavail, blocks, bsize } = await statfs(directory);
    const freeBytes = bavail * bsize;
    const totalBytes = blocks * bsize;
    const reserveBytes = reserveOf(totalBytes);
    const before = state.shortSince !== null;
    const short = isShort(freeBytes, reserveBytes, before);
    state = {
      freeBytes,
      totalBytes,
      reserveBytes,
      shortSince: short ? (state.shortSince ?? now()) : null,
      ranOutAt: freeBytes < mebibyte ? now() : state.ranOutAt,
    };
    const megabytes = Math.round(freeBytes / 1e6);
    if (short && !before)
      log.error({ megabytes, directory }, 'the disk is full: nothing new is taken until there is room');
    if (!short && before) log.info({ megabytes, directory }, 'there is room on the disk again');
  };

  const look = async (): Promise<void> => {
    await measure();
    const { freeBytes, reserveBytes } = state;
    if (freeBytes < ballastBytes / 2) await drop();
    else if (freeBytes > reserveBytes * 1.25 + 2 * ballastBytes) await hold();
  };

  const drop = async (): Promise<void> => {
    if (!(await stat(ballast).catch(() => undefined))) return;
    await rm(ballast, { force: true });
    log.error({ directory }, 'the last room on the disk was given to the stores');
  };

  const hold = async (): Promise<void> => {
    if ((await stat(ballast).catch(() => undefined))?.size === ballastBytes) return;
    // Not to be compressed away by the file system.
    const part = randomBytes(mebibyte);
    const file = await open(ballast, 'w', 0o600);
    try {
      for (let written = 0; written < ballastBytes; written += part.length) await file.write(part);
    } finally {
      await file.close();
    }
  };

  await look();
  return {
    enough: () => state.shortSince === null,
    demand() {
      if (state.shortSince === null) return;
      const megabytes = Math.round(state.freeBytes / 1e6);
      throw new Fault('unavailable', `The server’s disk is full (${megabytes} MB are free)`, {
        code: 'platform.disk-full',
        hint: 'Send it again later; nothing acknowledged is lost. Whoever runs the server should make room.',
        retryAfter: 30,
      });
    },
    state: () => state,
    async ranOut(since) {
      await measure();
      return (state.ranOutAt ?? 0) >= since;
    },
    loop: {
      name: 'platform.disk',
      async run(signal) {
        while (!signal.aborted) {
          await look().catch((error: unknown) => log.warn({ err: error }, 'the disk could not be looked at'));
          await pause(lookEveryMs, signal);
        }
      },
    },
  };
}
