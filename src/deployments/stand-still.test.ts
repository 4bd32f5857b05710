import { expect, test } from 'vitest';
import { beginRollout } from './rollout-state.ts';
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

test('a rollout whose runtime is away says so, until it goes on', () => {
  const still = standStill(begun, 'The container engine does not answer');
  expect(still.steps.at(-1)).toMatchObject({
    status: 'running',
    detail: 'Waiting: The container engine does not answer',
  });
  expect(goOn(still).steps).toEqual(begun.steps);
  expect(goOn(begun)).toBe(begun);
});
