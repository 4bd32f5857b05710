import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../observe/log.ts';
import type { Exit, Kept } from './keeper.ts';

export interface Supervision {
  /** The program of the moment. */
  readonly pid: number;
  /** Stops it for good. */
  stop(): Promise<void>;
}

/**
 * Keeps a store running: launched once now (a failure rejects), and again with back-off (0, then 0.1 to 2 s) each time it ends
 * without being asked to. `launch` resolves when the store is ready to serve.
 */
export async function supervise(options: {
  name: string;
  launch: () => Promise<Kept>;
  log: Log;
  onExit?: ((exit: Exit) => void) | undefined;
}): Promise<Supervision> {
  const { name, launch, log } = options;
  let current = await launch();
  const stopping = new AbortController();

  const watch = async (): Promise<void> => {
    let failures = 0;
    for (;;) {
      const startedAt = Date.now();
      const exit = await current.exited;
      if (stopping.signal.aborted) return;
      log.error({ store: name, ...exit }, 'a store ended unexpectedly; starting it again');
      options.onExit?.(exit);
      failures = Date.now() - startedAt > 30_000 ? 1 : failures + 1;
      for (let running = false; !running; ) {
        const pause = failures <= 1 ? 0 : Math.min(2000, 50 * 2 ** Math.min(failures - 1, 6));
        await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {});
        if (stopping.signal.aborted) return;
        try {
          current = await launch();
          // Asked to stop meanwhile: whoever asked waits for us, and stops this one.
          if (stopping.signal.aborted) return;
          running = true;
        } catch (error) {
          failures += 1;
          log.error({ err: error, store: name }, 'a store could not be started again; trying once more');
        }
      }
    }
  };
  const watching = watch();

  return {
    get pid() {
      return current.pid;
    },
    async stop() {
      stopping.abort();
      await current.stop();
      // A launch that was under way when we were asked to stop may have brought up another.
      await watching;
      await current.stop();
    },
  };
}
