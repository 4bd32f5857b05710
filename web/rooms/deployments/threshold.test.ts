import { expect, it } from 'vitest';
import { thresholdOf } from './threshold.ts';

it('reads the threshold of a gate, where there is one', () => {
  expect(thresholdOf('SELECT percentage(count(*), WHERE error IS true) FROM Transaction < 1')).toBe(1);
  expect(thresholdOf('SELECT count(*) FROM ErrorEvent WHERE firstSeenInRelease IS true = 0 ')).toBe(0);
  expect(thresholdOf('SELECT average(duration) FROM Transaction <= 0.25')).toBe(0.25);
  expect(thresholdOf('less than 5 % of the requests through the gateway fail')).toBe(5);
  expect(thresholdOf('every instance is healthy')).toBeUndefined();
});
