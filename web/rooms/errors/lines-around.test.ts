import { expect, test } from 'vitest';
import type { LogLine } from '../../../src/telemetry/api.ts';
import { aroundOf, mergeLines } from './lines-around.ts';

const line = (cursor: string, second: number): LogLine => ({
  cursor,
  at: new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString(),
  message: cursor,
  level: 'info',
  projectId: 'p',
  service: 'web',
  environment: '',
  release: '',
  traceId: '',
  spanId: '',
  attributes: {},
});

test('lines of the trace and of the time stand once each, in order of time', () => {
  const merged = mergeLines([line('b', 2), line('d', 4)], [line('a', 1), line('b', 2), line('c', 3)]);
  expect(merged.map(({ cursor }) => cursor)).toEqual(['a', 'b', 'c', 'd']);
});

test('the trace goes first when there are too many', () => {
  const traced = Array.from({ length: 40 }, (_, index) => line(`t${index}`, 10 + (index % 20)));
  expect(mergeLines(traced, [line('near', 5)]).some(({ cursor }) => cursor === 'near')).toBe(false);
});

test('half a minute before the event and a little after it', () => {
  const asked = aroundOf({ at: '2026-01-01T12:00:30.000Z', service: 'web', environment: null, traceId: null }, 'p');
  expect(asked).toEqual({
    near: {
      projectId: 'p',
      service: 'web',
      environment: undefined,
      since: '2026-01-01T12:00:00.000Z',
      until: '2026-01-01T12:00:31.000Z',
      limit: 40,
    },
    traced: undefined,
  });
});
