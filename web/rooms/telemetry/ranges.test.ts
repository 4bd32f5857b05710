import { expect, test } from 'vitest';
import { windowOf } from './ranges.ts';

const now = 1_800_000_000_000;

test('a drawn span stands above a chosen one, and nonsense is no window', () => {
  expect(windowOf({ since: '1h' }, now)).toEqual({ since: now - 3_600_000, until: now });
  expect(windowOf({ since: '1h', from: 5, to: 9 }, now)).toEqual({ since: 5, until: 9 });
  expect(windowOf({ since: '1h', from: 9, to: 5 }, now)).toEqual({ since: now - 3_600_000, until: now });
  expect(windowOf({ since: 'soon' }, now)).toBeUndefined();
});
