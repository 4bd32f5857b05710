import { expect, it } from 'vitest';
import { trafficOf } from './traffic.ts';

it('puts the figures of each environment together', () => {
  const series = [
    { facet: ['production'], column: 'count(*)', label: 'production', compare: false, points: [3, null, 5] },
  ];
  const traffic = trafficOf(
    {
      rows: [
        ['production', 60, 1.5, 0.081],
        ['staging', 0, null, null],
      ],
    },
    { series },
  );
  expect(traffic.get('production')).toEqual({ perMinute: 2, failed: 1.5, p95Ms: 81, minutes: [3, 0, 5] });
  expect(traffic.get('staging')).toEqual({ perMinute: 0, failed: 0, p95Ms: undefined, minutes: [] });
});
