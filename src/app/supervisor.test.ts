import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../kernel/clock.ts';
import { createSupervisor, restartDelayMs } from './supervisor.ts';

const quiet = pino({ level: 'silent' });

describe('supervisor', () => {
  it('starts a loop that dies again, and says how often', async () => {
    const supervisor = createSupervisor(systemClock, quiet);
    let runs = 0;
    const third = new Promise<void>((resolve) => {
      supervisor.start({
        name: 'fragile',
        run: async (signal) => {
          runs += 1;
          if (runs < 3) throw new Error(`death ${runs}`);
          resolve();
          await new Promise<void>((end) => signal.addEventListener('abort', () => end()));
        },
      });
    });
    await third;
    expect(supervisor.health()).toEqual([{ name: 'fragile', state: 'running', restarts: 2, lastError: 'death 2' }]);
    expect(await supervisor.stop(1000)).toEqual([]);
  });

  it('names the loops that do not stop in time', async () => {
    const supervisor = createSupervisor(systemClock, quiet);
    supervisor.start({ name: 'deaf', run: () => new Promise(() => {}) });
    expect(await supervisor.stop(20)).toEqual(['deaf']);
  });

  it('backs off up to half a minute', () => {
    expect(restartDelayMs(1)).toBe(200);
    expect(restartDelayMs(20)).toBe(30_000);
  });
});
