import { expect, it } from 'vitest';
import { severityOf } from './thresholds.ts';

it('values are judged by what rises, what falls, ranges and names', () => {
  const rising = [
    { value: 90, severity: 'warning' as const },
    { value: 95, severity: 'critical' as const },
  ];
  expect([80, 90, 99].map((value) => severityOf(value, rising))).toEqual([undefined, 'warning', 'critical']);
  const falling = [
    { value: 0.9, severity: 'warning' as const },
    { value: 0.5, severity: 'critical' as const },
  ];
  expect([1, 0.8, 0.2].map((value) => severityOf(value, falling))).toEqual([undefined, 'warning', 'critical']);
  const ranges = [
    { value: 0, until: 0, severity: 'good' as const, of: 'offline' },
    { value: 1, until: 9, severity: 'critical' as const, of: 'offline' },
  ];
  expect([0, 3, 12].map((value) => severityOf(value, ranges, 'offline'))).toEqual(['good', 'critical', undefined]);
  expect(severityOf(3, ranges, 'online')).toBeUndefined();
  expect(severityOf(null, rising)).toBeUndefined();
});
