import { describe, expect, it } from 'vitest';
import { instant, relativeTime, spanText } from './moments.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const ago = (ms: number) => relativeTime(now - ms, now, 'en');

describe('relativeTime', () => {
  it('reads as people say it', () => {
    expect(ago(2000)).toBe('just now');
    expect(ago(42_000)).toBe('42 s ago');
    expect(ago(59 * 60_000)).toBe('59 min ago');
    expect(ago(23 * 3_600_000)).toBe('23 h ago');
    expect(ago(24 * 3_600_000)).toBe('1 day ago');
    expect(ago(13 * 86_400_000)).toBe('13 days ago');
    expect(ago(40 * 86_400_000)).toMatch(/Jan.*2026/);
    expect(relativeTime(now + 7_200_000, now)).toBe('in 2 h');
    expect(relativeTime(now + 3000, now)).toBe('in a moment');
  });
});

describe('spanText', () => {
  it('keeps its width while it counts', () => {
    expect([430, 4200, 12_345, 68_000, 7_500_000, 200_000_000].map(spanText)).toEqual([
      '430 ms',
      '4.2 s',
      '12 s',
      '1 m 08 s',
      '2 h 05 m',
      '2 d 7 h',
    ]);
    expect(spanText(59_999)).toBe('59 s');
    expect(spanText(-5)).toBe('0 ms');
  });
});

describe('instant', () => {
  it('takes texts and numbers and refuses nonsense', () => {
    expect(instant('2026-03-01T12:00:00Z')).toBe(now);
    expect(instant(now)).toBe(now);
    expect(instant('soon')).toBeUndefined();
    expect(instant(null)).toBeUndefined();
  });
});
