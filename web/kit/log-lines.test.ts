import { describe, expect, it } from 'vitest';
import { LogLines } from './log-lines.ts';

const lines = (...texts: string[]) => texts.map((text) => ({ text }));

describe('LogLines', () => {
  it('carries a look over lines, but not into windows whose beginning is not known', () => {
    const log = new LogLines();
    log.put(0, lines('\x1b[31mred', 'still red', '\x1b[0mplain', 'plain'));
    expect(log.styleAt(0)).toBeUndefined();
    expect(log.styleAt(1)).toEqual({ color: 1 });
    expect(log.styleAt(2)).toEqual({ color: 1 });
    expect(log.styleAt(3)).toBeUndefined();
    log.put(100, lines('far'));
    expect(log.count).toBe(101);
    expect(log.styleAt(100)).toBeUndefined();
  });

  it('names the first missing window in sight, aligned', () => {
    const log = new LogLines();
    log.grow(2500);
    expect(log.missing(1200, 1230, 1000)).toEqual({ from: 1000, to: 2000 });
    log.put(
      1000,
      Array.from({ length: 1000 }, () => ({ text: '' })),
    );
    expect(log.missing(1200, 1230, 1000)).toBeUndefined();
    expect(log.missing(1990, 2100, 1000)).toEqual({ from: 2000, to: 2500 });
    expect(log.missing(2400, 9999, 1000)).toEqual({ from: 2000, to: 2500 });
  });

  it('folds groups, also inside one another, also when never closed', () => {
    const log = new LogLines();
    log.put(
      0,
      lines(
        'a',
        '::group::one',
        'b',
        '##[group]two',
        'c',
        '::endgroup::',
        'd',
        '::endgroup::',
        'e',
        '::group::open',
        'f',
      ),
    );
    expect(log.folds).toEqual([
      { from: 1, to: 7, title: 'one' },
      { from: 3, to: 5, title: 'two' },
      { from: 9, to: 10, title: 'open' },
    ]);
    expect(log.visible(new Set([1]))).toEqual([0, 1, 8, 9, 10]);
    expect(log.visible(new Set([3]))).toEqual([0, 1, 2, 3, 6, 7, 8, 9, 10]);
    expect(log.visible(new Set())).toBeUndefined();
  });

  it('finds words without their colours', () => {
    const log = new LogLines();
    log.put(0, lines('one', '\x1b[31mZero\x1b[0mDivisionError', 'zerodivision'));
    expect(log.search('zerodivision')).toEqual([1, 2]);
    expect(log.search('')).toEqual([]);
  });
});
