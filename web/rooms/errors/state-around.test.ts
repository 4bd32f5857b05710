import { expect, test } from 'vitest';
import { checksOf, hostOf, stateQueries, workOf } from './state-around.ts';

const event = { at: '2026-11-24T05:00:42.500Z', service: "o'web", environment: 'production', server: 'vm-1' };

test('asks for the minute of the event and the hour before it, only where the event says whose', () => {
  const { during, before, checks, host } = stateQueries(event);
  const minute = Date.parse('2026-11-24T05:00:00Z');
  expect(during).toContain(`SINCE ${minute} UNTIL ${minute + 60_000}`);
  expect(before).toContain(`SINCE ${minute - 3_600_000} UNTIL ${minute}`);
  expect(during).toContain("service = 'o\\'web' AND environment = 'production'");
  expect(checks).toContain("environment = 'production' FACET name");
  expect(host).toContain("host = 'vm-1'");
  expect(stateQueries({ ...event, service: null, environment: null, server: null })).toEqual({});
});

test('reads what was answered', () => {
  expect(workOf([30, 12.5, 0.25, 30])).toEqual({ requestsPerMinute: 30, failedPercent: 12.5, p95: 0.25 });
  expect(workOf([0, null, null, 0])).toBeUndefined();
  expect(workOf(undefined)).toBeUndefined();
  expect(
    checksOf([
      ['web', 'ok', 'HTTP 200'],
      ['disk', 'critical', '2 % free'],
    ]),
  ).toEqual({ all: 2, bad: [{ name: 'disk', state: 'critical', message: '2 % free' }] });
  expect(hostOf([1.5, null, 0.25])).toEqual({ load: 1.5, memory: 0.75 });
  expect(hostOf([null, null, null])).toEqual({ load: undefined, memory: undefined });
});
