import { describe, expect, it } from 'vitest';
import { markStep, timingOf } from './run-timing.ts';

const at = (second: number): string => new Date(second * 1000).toISOString();
const job = (key: string, [ready, start, end]: (number | null)[], ...requires: string[]) => ({
  id: key,
  key,
  name: key,
  kind: 'build' as const,
  nodeTotal: 1,
  inheritedFrom: null as string | null,
  requires: requires.map((one) => ({ key: one, outcomes: ['success'] })),
  waited:
    ready === null || ready === undefined ? null : { what: 'a place', from: at(ready), to: start ? at(start) : null },
  startedAt: start === null || start === undefined ? null : at(start),
  finishedAt: end === null || end === undefined ? null : at(end),
});
const names = (timing: ReturnType<typeof timingOf>): string[] => timing!.critical.map((bar) => bar.job.name);

describe('the critical path', () => {
  it('goes back from what ended last through what let each job go', () => {
    const timing = timingOf(
      [
        job('build', [0, 1, 10]),
        job('lint', [0, 1, 4]),
        job('test', [10, 12, 40], 'build', 'lint'),
        job('docs', [4, 4, 9], 'lint'),
        job('deploy', [40, 40, 45], 'test', 'docs'),
      ],
      99_000,
    );
    expect(names(timing)).toEqual(['build', 'test', 'deploy']);
    expect(timing).toMatchObject({ from: 0, to: 45_000, waitedMs: 3000, ranMs: 42_000 });
  });

  it('takes the slowest copy of a job with parallelism', () => {
    const slow = { ...job('test', [10, 10, 30], 'build'), id: 'slow' };
    const timing = timingOf([job('build', [0, 0, 10]), job('test', [10, 10, 20], 'build'), slow], 0);
    expect(timing!.critical.map((bar) => bar.job.id)).toEqual(['build', 'slow']);
  });

  it('counts an approval as waiting, and goes through jobs that take no time', () => {
    const hold = { ...job('hold', [10, null, 70], 'build'), kind: 'approval' as const };
    const nothing = job('gate', [null, null, null], 'hold');
    const timing = timingOf([job('build', [0, 0, 10]), hold, nothing, job('ship', [70, 71, 80], 'gate')], 0);
    expect(names(timing)).toEqual(['build', 'hold', 'ship']);
    expect(timing).toMatchObject({ waitedMs: 61_000, ranMs: 19_000 });
  });

  it('reaches to now while jobs run, and leaves out what an earlier run did', () => {
    const old = { ...job('build', [0, 0, 10]), inheritedFrom: 'x' };
    const timing = timingOf(
      [old, job('test', [100, 101, null], 'build'), job('later', [null, null, null], 'test')],
      130_000,
    );
    expect(names(timing)).toEqual(['test']);
    expect(timing).toMatchObject({ from: 100_000, to: 130_000, ranMs: 29_000 });
    expect(timingOf([old], 0)).toBeUndefined();
  });

  it('ends where requirements go round', () => {
    expect(names(timingOf([job('a', [0, 0, 1], 'b'), job('b', [0, 0, 2], 'a')], 0))).toEqual(['a', 'b']);
  });
});

describe('marks of the axis', () => {
  it('are round and few', () => {
    expect(markStep(900, 5)).toBe(200);
    expect(markStep(42_000, 5)).toBe(10_000);
    expect(markStep(3_600_000, 6)).toBe(600_000);
    expect((100 * 86_400_000) / markStep(100 * 86_400_000, 5)).toBeLessThanOrEqual(5);
  });
});
