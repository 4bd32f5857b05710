import { describe, expect, it } from 'vitest';
import { daysOf, type Partition, planRemovals } from './retention.ts';
import { endOf } from './stored.ts';

const day = (year: number, month: number, date: number): number => Date.UTC(year, month - 1, date);
const partition = (table: Partition['table'], id: string, types: string[] = []): Partition => ({
  table,
  id,
  endsAt: endOf(id),
  types,
});

describe('what is kept how long', () => {
  it('is the days somebody set, or the default of its table, or what other types are kept', () => {
    const set = new Map([
      ['Log', 7],
      ['other', 20],
    ]);
    expect(['Log', 'Span', 'Transaction', 'Metric rollups', 'Purchase'].map((name) => daysOf(name, set))).toEqual([
      7, 14, 14, 395, 20,
    ]);
    expect(daysOf('Purchase', new Map())).toBe(90);
  });

  it('goes by whole days and months once the last instant of them is too old', () => {
    const logs = [partition('telemetry_logs', '20260101'), partition('telemetry_logs', '20260102')];
    const plan = (now: number) => planRemovals(logs, new Map([['Log', 3]]), now).map(({ partition: id }) => id);
    expect(plan(day(2026, 1, 5) - 1)).toEqual([]);
    expect(plan(day(2026, 1, 5))).toEqual(['20260101']);
    expect(plan(day(2026, 1, 6))).toEqual(['20260101', '20260102']);
    const months = [partition('telemetry_rollups', '202512'), partition('telemetry_rollups', '202601')];
    expect(planRemovals(months, new Map([['Metric rollups', 10]]), day(2026, 1, 11))).toEqual([
      { table: 'telemetry_rollups', partition: '202512', types: null },
    ]);
  });

  it('cuts a type out of a shared day only while others stay', () => {
    const shared = [partition('telemetry_events', '20260101', ['Event', 'ErrorEvent'])];
    const set = new Map([
      ['Event', 2],
      ['ErrorEvent', 5],
    ]);
    expect(planRemovals(shared, set, day(2026, 1, 4))).toEqual([
      { table: 'telemetry_events', partition: '20260101', types: ['Event'] },
    ]);
    expect(planRemovals(shared, set, day(2026, 1, 7))[0]?.types).toBeNull();
  });
});
