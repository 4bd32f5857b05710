import { setMaxListeners } from 'node:events';
import type { Clock } from '../kernel/clock.ts';
import { pause } from '../kernel/pause.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Loop } from '../platform/room.ts';

export interface LoopHealth {
  name: string;
  state: 'running' | 'restarting' | 'stopped';
  /** How often it died and was started again. */
  restarts: number;
  lastError: string | null;
}

export interface Supervisor {
  start(loop: Loop): void;
  health(): LoopHealth[];
  /** Aborts every loop and waits for them, at most `graceMs`; resolves to the names of those still running. */
  stop(graceMs: number): Promise<string[]>;
}

/** A loop that ran this long counts as healthy again, and its back-off begins anew. */
const settledMs = 60_000;

/** Pause before the n-th restart in a row: 0.2 s doubling up to 30 s. */
export const restartDelayMs = (failures: number): number => Math.min(30_000, 100 * 2 ** failures);

/** Keeps every loop of every room running, each under a name; a loop that ends or throws is started again with back-off. */
export function createSupervisor(clock: Clock, log: Log): Supervisor {
  const abort = new AbortController();
  // Every loop and whatever it waits for listens to this one signal.
  setMaxListeners(0, abort.signal);
  const running = new Map<string, { health: LoopHealth; done: Promise<void> }>();

  const keep = async (loop: Loop, health: LoopHealth): Promise<void> => {
    let failures = 0;
    while (!abort.signal.aborted) {
      const startedAt = clock.now();
      health.state = 'running';
      try {
        await loop.run(abort.signal);
        if (abort.signal.aborted) break;
        health.lastError = 'ended by itself';
      } catch (error) {
        if (abort.signal.aborted) break;
        health.lastError = error instanceof Error ? error.message : String(error);
        log.error({ err: error, loop: loop.name }, 'a loop died; starting it again');
      }
      failures = clock.now() - startedAt > settledMs ? 1 : failures + 1;
      health.restarts += 1;
      health.state = 'restarting';
      await pause(restartDelayMs(failures), abort.signal);
    }
    health.state = 'stopped';
  };

  return {
    start(loop) {
      if (running.has(loop.name)) throw new Error(`Two loops are named ${loop.name}`);
      const health: LoopHealth = { name: loop.name, state: 'running', restarts: 0, lastError: null };
      running.set(loop.name, { health, done: keep(loop, health) });
    },
    health: () => [...running.values()].map((entry) => ({ ...entry.health })),
    async stop(graceMs) {
      abort.abort();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      await Promise.race([Promise.all([...running.values()].map((entry) => entry.done)), late]);
      clearTimeout(timer);
      return [...running.values()]
        .filter((entry) => entry.health.state !== 'stopped')
        .map((entry) => entry.health.name);
    },
  };
}
