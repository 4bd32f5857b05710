import { expect, test } from 'vitest';
import { beginRollout } from './rollout.ts';
import { goOn, standStill } from './stand-still.ts';

const begun = beginRollout(
  {
    blue: null,
    green: { group: 'g', plan: { backing: [], application: [] } },
    settingsVersion: 1,
    policy: { healthyWithinMs: 60_000, verifyMs: 1000, drainMs: 1000, otherwise: 'return' } as never,
    gates: [],
  },
  1000,
);

test('a rollout whose runtime is away says so once, and its deadlines wait', () => {
  const still = standStill(begun, 'The container engine does not answer', 5000);
  expect(still.steps.at(-1)).toMatchObject({
    status: 'running',
    detail: 'Waiting: The container engine does not answer',
  });
  expect(standStill(still, 'something else', 9000)).toBe(still);
  const again = goOn(still, 25_000);
  expect(again).toMatchObject({ phaseAt: 21_000, awaySince: undefined });
  expect(again.steps.at(-1)?.detail).toBe('');
  expect(goOn(again, 30_000)).toBe(again);
});
