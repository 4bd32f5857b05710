import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openLog } from '../observe/log.ts';
import { type Kept, keep } from './keeper.ts';
import { supervise } from './supervise.ts';

test('a store that is being started again when it is asked to stop is stopped', async () => {
  let launches = 0;
  let begin: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const kept: Kept[] = [];
  const launch = async (): Promise<Kept> => {
    launches += 1;
    const one = await keep({ argv: ['/bin/sleep', '1000'] });
    kept.push(one);
    if (launches === 2) {
      begin();
      // Not ready yet.
      await sleep(300);
    }
    return one;
  };
  const supervision = await supervise({ name: 'sleep', launch, log: openLog({ level: 'silent' }) });
  kept[0]!.signal('SIGKILL');
  await begun;
  await supervision.stop();
  expect(launches).toBe(2);
  expect(await kept[1]!.exited).toMatchObject({ signal: 'SIGTERM' });
});
