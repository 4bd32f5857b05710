import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextTime, readCron } from './cron.ts';

const next = (text: string, after: string): string | undefined => {
  const read = readCron(text);
  if (!read.ok) return read.problem;
  const time = nextTime(read.cron, Date.parse(after));
  return time === undefined ? undefined : new Date(time).toISOString().slice(0, 16);
};

describe('a crontab line', () => {
  it.each([
    ['0 0 * * *', '2026-03-04T05:06:07Z', '2026-03-05T00:00'],
    ['*/15 * * * *', '2026-03-04T05:59:59Z', '2026-03-04T06:00'],
    ['30 4 1,15 * *', '2026-03-02T00:00:00Z', '2026-03-15T04:30'],
    ['0 9-17/4 * * mon-fri', '2026-03-06T13:00:00Z', '2026-03-06T17:00'],
    ['0 9 * * MON', '2026-03-06T13:00:00Z', '2026-03-09T09:00'],
    ['0 0 13 * fri', '2026-03-01T00:00:00Z', '2026-03-06T00:00'],
    ['0 0 29 feb *', '2026-03-01T00:00:00Z', '2028-02-29T00:00'],
    ['0 0 * * 7', '2026-03-02T00:00:00Z', '2026-03-08T00:00'],
    ['59 23 31 12 *', '2026-12-31T23:59:00Z', '2027-12-31T23:59'],
    ['0 0 30 2 *', '2026-01-01T00:00:00Z', undefined],
  ])('%s after %s comes at %s', (text, after, expected) => {
    expect(next(text, after)).toBe(expected);
  });

  it.each([
    '',
    '* * * *',
    '60 * * * *',
    '* 24 * * *',
    '5-1 * * * *',
    '*/0 * * * *',
    '* * 0 * *',
    '* * * * foo',
    '1,,2 * * * *',
  ])('%j is refused with a sentence', (text) => {
    const read = readCron(text);
    expect(read.ok ? '' : read.problem).not.toBe('');
  });

  it('never throws, and the time it gives is later', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\d*,/ -]{0,20}$/), fc.integer({ min: 0, max: 4e12 }), (text, after) => {
        const read = readCron(text);
        const time = read.ok ? nextTime(read.cron, after) : undefined;
        if (time !== undefined) expect(time).toBeGreaterThan(after);
      }),
      { numRuns: 200 },
    );
  });
});
