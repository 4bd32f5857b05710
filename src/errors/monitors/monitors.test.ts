import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterRun, lateness, type MonitorState, type RunEnd, readCheckIn, untouched } from './check-in.ts';
import { nextExpected, readMonitorConfig } from './schedule.ts';

const config = (schedule: object, more: object = {}) => readMonitorConfig({ schedule, ...more })!;
const at = (text: string): number => Date.parse(text);

describe('when a job is expected', () => {
  test.each([
    [{ type: 'crontab', value: '0 3 * * *' }, 'UTC', '2026-03-01T03:00:00Z', '2026-03-02T03:00:00Z'],
    [{ type: 'crontab', value: '@hourly' }, 'UTC', '2026-03-01T03:10:00Z', '2026-03-01T04:00:00Z'],
    [{ type: 'crontab', value: '0 3 * * *' }, 'Europe/Berlin', '2026-01-10T12:00:00Z', '2026-01-11T02:00:00Z'],
    // The night before summer time begins: three o'clock is an hour earlier in UTC from then on.
    [{ type: 'crontab', value: '30 5 * * *' }, 'Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-29T03:30:00Z'],
    [{ type: 'interval', value: 5, unit: 'minute' }, 'UTC', '2026-03-01T03:00:30Z', '2026-03-01T03:05:30Z'],
    [{ type: 'interval', value: 1, unit: 'day' }, 'UTC', '2026-03-01T03:00:00Z', '2026-03-02T03:00:00Z'],
  ])('%j in %s after %s', (schedule, timezone, after, expected) => {
    expect(new Date(nextExpected(config(schedule, { timezone }), at(after))!).toISOString()).toBe(
      new Date(expected).toISOString(),
    );
  });

  test('is always later, whatever the zone and the time', () => {
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu');
    fc.assert(
      fc.property(
        zones,
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: 0, max: 59 }),
        (timezone, after, minute) => {
          const next = nextExpected(config({ type: 'crontab', value: `${minute} * * * *` }, { timezone }), after)!;
          expect(next).toBeGreaterThan(after);
          expect(next - after).toBeLessThanOrEqual(3 * 3_600_000);
        },
      ),
      { numRuns: 50 },
    );
  });

  test.each([
    {},
    { schedule: { type: 'crontab', value: 'now and then' } },
    { schedule: { type: 'interval', value: 0, unit: 'day' } },
    null,
  ])('%j is no schedule', (value) => expect(readMonitorConfig(value)).toBeNull());
});

describe('check-ins', () => {
  test('are read as clients write them', () => {
    expect(
      readCheckIn({
        check_in_id: '00000000-0000-0000-0000-000000000000',
        monitor_slug: 'Nightly backup!',
        status: 'ok',
        duration: 1.5,
      }),
    ).toMatchObject({ slug: 'nightly-backup', id: null, duration: 1500, environment: 'production', config: null });
    expect(readCheckIn({ monitor_slug: 'x', status: 'fine' })).toBeNull();
    fc.assert(fc.property(fc.jsonValue(), (value) => void readCheckIn(value)));
  });

  const story = (ends: RunEnd[], thresholds: object = {}): MonitorState['incident'][] => {
    let state = untouched;
    return ends.map((end, index) => {
      state = afterRun(state, end, config({ type: 'interval', value: 1, unit: 'day' }, thresholds), index);
      const { incident } = state;
      // The loop tells in between.
      if (incident === 'opened') state = { ...state, incident: 'told' };
      if (incident === 'closed') state = { ...state, incident: 'none' };
      return incident;
    });
  };
  test('one failure makes an incident, one success ends it, and the next failure is another', () => {
    expect(story(['ok', 'error', 'missed', 'ok', 'timeout'])).toEqual(['none', 'opened', 'told', 'closed', 'opened']);
  });
  test('thresholds are counted in a row', () => {
    expect(
      story(['error', 'ok', 'error', 'error', 'ok', 'error', 'ok', 'ok'], {
        failure_issue_threshold: 2,
        recovery_threshold: 2,
      }),
    ).toEqual(['none', 'none', 'none', 'opened', 'told', 'told', 'told', 'closed']);
  });
  test('a run is late when it began over a minute after its time', () => {
    expect(lateness({ ...untouched, nextAt: 1000 }, 1000 + 59_000)).toBeNull();
    expect(lateness({ ...untouched, nextAt: 1000 }, 1000 + 90_000)).toBe(90_000);
    expect(lateness(untouched, 5)).toBeNull();
  });
});
