import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '../../src/kernel/ids.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface Answer {
  status: number;
  text: string;
}

export interface Sender {
  /** What was sent, each until it was acknowledged. */
  ids: string[];
  acknowledged: number;
  /** Every answer that was no acknowledgement, with how often it came. */
  refusals: Map<string, number>;
  stop(): Promise<void>;
}

/** Sends something new again and again, each thing until it is acknowledged, as a sender with a retrying transport does. */
export function keepSending(post: (id: string) => Promise<Answer>, pauseMs = 40): Sender {
  let isOpen = true;
  const sender: Sender = {
    ids: [],
    acknowledged: 0,
    refusals: new Map(),
    async stop() {
      isOpen = false;
      await Promise.all(lanes);
    },
  };
  const lane = async (): Promise<void> => {
    while (isOpen) {
      const id = newId().replaceAll('-', '');
      sender.ids.push(id);
      for (;;) {
        const { status, text } = await post(id).catch((error: Error) => ({
          status: 0,
          text: String(error.cause ?? error),
        }));
        if (status === 200 || status === 201) break;
        const key = `${status} ${text}`.replace(/\d+ MB/, 'some MB').slice(0, 400);
        sender.refusals.set(key, (sender.refusals.get(key) ?? 0) + 1);
        await sleep(200);
      }
      sender.acknowledged += 1;
      await sleep(pauseMs);
    }
  };
  const lanes = [lane(), lane()];
  return sender;
}

export interface Filler {
  /** Takes all but this many bytes from now on. */
  leave(bytes: number): void;
  /** Gives all of it back. */
  stop(): Promise<void>;
}

/** Fills the disk that holds `directory` up to so many bytes, and takes what becomes free beyond them, until it is stopped. */
export function fillDisk(directory: string, leave = 0): Filler {
  let isOpen = true;
  let left = leave;
  const path = join(directory, 'filler');
  const filling = (async () => {
    const file = await open(path, 'w');
    let most = 4 * 1024 * 1024;
    while (isOpen) {
      const { bavail, bsize } = await statfs(directory);
      const size = left === 0 ? most : Math.min(most, bavail * bsize - left);
      try {
        if (size > 0) await file.write(Buffer.alloc(size));
        // A store may give up much at once.
        most = Math.min(4 * 1024 * 1024, most * 2);
      } catch {
        most = Math.max(4096, most / 4);
      }
      if (size <= 0 || most === 4096) await sleep(20);
    }
    await file.close();
  })();
  return {
    leave(bytes) {
      left = bytes;
    },
    async stop() {
      isOpen = false;
      await filling;
      await rm(path, { force: true });
    },
  };
}
