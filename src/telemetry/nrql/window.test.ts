import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from './parser.ts';
import { overWindow, resolveBuckets, resolveWindow } from './window.ts';
import { wallClock, zonedTime } from './zones.ts';

// A Wednesday.
const now = Date.UTC(2026, 3, 15, 14, 37, 20);
const window = (clauses: string, zone = 'UTC') => {
  const { since, until } = resolveWindow(parse(`SELECT count(*) FROM Log ${clauses}`), now, zone);
  return [new Date(since).toISOString().slice(0, 19), new Date(until).toISOString().slice(0, 19)];
};
const nowText = '2026-04-15T14:37:20';

describe('SINCE and UNTIL', () => {
  it.each([
    ['', 'UTC', '2026-04-15T13:37:20', nowText],
    ['SINCE 2 days ago', 'UTC', '2026-04-13T14:37:20', nowText],
    ['SINCE today', 'UTC', '2026-04-15T00:00:00', nowText],
    ['SINCE yesterday UNTIL today', 'Europe/Berlin', '2026-04-13T22:00:00', '2026-04-14T22:00:00'],
    ["SINCE yesterday AT '09:30'", 'America/New_York', '2026-04-14T13:30:00', nowText],
    ['SINCE monday', 'UTC', '2026-04-13T00:00:00', nowText],
    ['SINCE last week UNTIL this week', 'UTC', '2026-04-06T00:00:00', '2026-04-13T00:00:00'],
    ['SINCE this month', 'UTC', '2026-04-01T00:00:00', nowText],
    ['SINCE last quarter UNTIL this quarter', 'UTC', '2026-01-01T00:00:00', '2026-04-01T00:00:00'],
    ['SINCE last year UNTIL this year', 'UTC', '2025-01-01T00:00:00', '2026-01-01T00:00:00'],
    ['SINCE this hour', 'UTC', '2026-04-15T14:00:00', nowText],
    ["SINCE '2026-04-01' UNTIL '2026-04-02 12:30'", 'UTC', '2026-04-01T00:00:00', '2026-04-02T12:30:00'],
    ["SINCE '2026-04-01T09:00:00+02:00'", 'UTC', '2026-04-01T07:00:00', nowText],
    ["SINCE '2026-04-01 09:00 PM'", 'UTC', '2026-04-01T21:00:00', nowText],
    ["SINCE '2026-04-01 09:00 [Asia/Tokyo]'", 'UTC', '2026-04-01T00:00:00', nowText],
    ["SINCE '23:00'", 'UTC', '2026-04-14T23:00:00', nowText],
    ['SINCE 1776000000000', 'UTC', '2026-04-12T13:20:00', nowText],
    ['UNTIL 1 day ago', 'UTC', '2026-04-14T13:37:20', '2026-04-14T14:37:20'],
  ])('%s in %s', (clauses, zone, since, until) => {
    expect(window(clauses, zone)).toEqual([since, until]);
  });

  it('know the days on which clocks change', () => {
    // In Berlin the 29th of March 2026 has 23 hours.
    expect(window("SINCE '2026-03-29' UNTIL '2026-03-30'", 'Europe/Berlin')).toEqual([
      '2026-03-28T23:00:00',
      '2026-03-29T22:00:00',
    ]);
  });

  it('turn wall clocks into instants and back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2_000_000_000 }),
        fc.constantFrom('UTC', 'Asia/Kolkata', 'America/St_Johns', 'Pacific/Apia'),
        (seconds, zone) => {
          const shown = wallClock(seconds * 1000, zone);
          expect(wallClock(zonedTime(shown, zone), zone)).toEqual(shown);
        },
      ),
    );
  });
});

describe('TIMESERIES', () => {
  const minute = 60_000;
  const buckets = (clause: string, spanMs: number) =>
    resolveBuckets(parse(`SELECT count(*) FROM Log ${clause}`).timeseries!, { since: now - spanMs, until: now });

  it.each([
    ['TIMESERIES', 60 * minute, minute],
    ['TIMESERIES AUTO', 1440 * minute, 30 * minute],
    ['TIMESERIES AUTO', 7 * 1440 * minute, 360 * minute],
    ['TIMESERIES MAX', 1440 * minute, 4 * minute],
    ['TIMESERIES 2 hours', 1440 * minute, 120 * minute],
  ])('%s over %d ms', (clause, span, width) => {
    expect(buckets(clause, span).widthMs).toBe(width);
  });

  it('ends at the end, covers the begin, and stays within the limit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 400 * 86_400_000 }),
        fc.constantFrom('AUTO', 'MAX', '1 day'),
        (span, width) => {
          if (width === '1 day' && span > 366 * 86_400_000) return;
          const { begin, widthMs, stepMs, count } = buckets(`TIMESERIES ${width}`, span);
          expect(begin + (count - 1) * stepMs + widthMs).toBe(now);
          expect(begin).toBeLessThanOrEqual(now - span + 1);
          expect(begin + widthMs).toBeGreaterThan(now - span);
          expect(count).toBeLessThanOrEqual(366);
        },
      ),
    );
  });
});

describe('a window chosen elsewhere', () => {
  it('takes the place of SINCE and UNTIL, and buckets that would be too many grow', () => {
    const chosen = { since: now - 86_400_000, until: now };
    const narrow = overWindow(parse('SELECT count(*) FROM Log TIMESERIES 1 minute SINCE today UNTIL now'), chosen);
    expect(narrow).toMatchObject({ since: null, until: null, timeseries: { width: { kind: 'max' } } });
    expect(resolveBuckets(narrow.timeseries!, chosen).count).toBeLessThanOrEqual(366);
    const wide = overWindow(parse('SELECT count(*) FROM Log TIMESERIES 1 hour SINCE last week'), chosen);
    expect(wide).toMatchObject({ since: null, timeseries: { width: { kind: 'fixed', amount: 1 } } });
  });
});
