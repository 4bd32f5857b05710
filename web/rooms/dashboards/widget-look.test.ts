import { describe, expect, it } from 'vitest';
import type { QueryAnswer } from '../../../src/telemetry/api.ts';
import { dressed, lookOf } from './widget-look.ts';

const read = (rawConfiguration: Record<string, unknown>) => lookOf({ rawConfiguration });
const answer = (points: (number | null)[]): QueryAnswer => ({
  nrql: 'SELECT average(size), latest(seen) FROM A TIMESERIES',
  shape: 'timeseries',
  columns: [
    { key: 'host', label: 'host', role: 'facet', kind: 'string', unit: null, expression: 'host' },
    { key: 'size', label: 'size', role: 'value', kind: 'number', unit: null, expression: 'average(size)' },
    { key: 'seen', label: 'seen', role: 'value', kind: 'number', unit: 'count', expression: 'latest(seen)' },
  ],
  rows: [],
  compareRows: null,
  buckets: null,
  series: [{ facet: [], column: 'size', label: 'size', compare: false, points }],
  window: { since: '2026-01-01T00:00:00Z', until: '2026-01-01T01:00:00Z' },
  compareWindow: null,
  timezone: 'UTC',
  eventTypes: ['A'],
  facets: ['host'],
  warnings: [],
  comparison: null,
  cost: { rowsRead: 0, bytesRead: 0, elapsedMs: 0 },
});

describe('the look of a published widget', () => {
  it('is that of the query where nothing is said', () => {
    expect(read({})).toMatchObject({
      unit: undefined,
      gaps: 'open',
      legend: true,
      axis: { least: undefined, most: undefined, fromZero: true },
      thresholds: [],
      sort: undefined,
    });
    expect(dressed(answer([1, null]), read({}))).toEqual(answer([1, null]));
  });

  it('names units, times, the axis, the legend and the order of a table', () => {
    const look = read({
      units: { unit: 'BYTES', seriesOverrides: [{ seriesName: 'seen', unit: 'COUNT' }] },
      dataFormatters: [{ name: 'seen', type: 'date' }],
      yAxisLeft: { min: 0, max: '100', zero: false },
      legend: { enabled: false },
      initialSorting: { direction: 'desc', name: 'Max lag' },
    });
    expect(look).toMatchObject({ axis: { least: 0, most: 100, fromZero: false }, legend: false, sort: '-Max lag' });
    expect(dressed(answer([]), look).columns).toMatchObject([
      { unit: null, kind: 'string' },
      { unit: 'bytes', kind: 'number' },
      { unit: 'count', kind: 'time' },
    ]);
  });

  it.each([
    ['zero', [0, 1, 0, 0, 4, 0]],
    ['preserve', [null, 1, 1, 1, 4, 4]],
    ['remove', [null, 1, 2, 3, 4, null]],
    ['default', [null, 1, null, null, 4, null]],
  ])('fills gaps: %s', (nullValue, expected) => {
    const look = read({ nullValues: { nullValue } });
    expect(dressed(answer([null, 1, null, null, 4, null]), look).series[0]?.points).toEqual(expected);
  });

  it('has thresholds, as older and newer dashboards write them', () => {
    expect(
      read({ thresholds: [{ alertSeverity: 'WARNING', value: 90 }, { isLabelVisible: true }] }).thresholds,
    ).toEqual([{ value: 90, severity: 'warning' }]);
    const ranges = [
      { from: 0, to: 5, severity: 'success' },
      { to: 0, severity: 'severe' },
      { from: 1, severity: 'unavailable' },
    ];
    expect(read({ thresholds: { isLabelVisible: true, thresholds: ranges } }).thresholds).toEqual([
      { value: 0, until: 5, severity: 'good' },
      { value: Number.NEGATIVE_INFINITY, until: 0, severity: 'critical' },
    ]);
    expect(
      read({ thresholdsWithSeriesOverrides: { seriesOverrides: [{ ...ranges[0], seriesName: 'lag' }] } }).thresholds,
    ).toEqual([{ value: 0, until: 5, severity: 'good', of: 'lag' }]);
  });
});
