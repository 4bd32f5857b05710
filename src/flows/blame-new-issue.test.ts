import { describe, expect, it } from 'vitest';
import { rankOf } from './blame-new-issue.ts';

describe('which commit a stack points at', () => {
  it('prefers the innermost frame, however much of the path the client sends', () => {
    const frames = ['/app/web/shop/totals.py', 'shop/views.py'];
    expect(rankOf(frames, ['web/shop/totals.py'])).toBe(0);
    expect(rankOf(frames, ['web/shop/views.py'])).toBe(1);
    expect(rankOf(frames, ['README.md'])).toBe(2);
    expect(rankOf([], ['README.md'])).toBe(0);
  });

  it('takes no file for another that ends alike', () => {
    expect(rankOf(['totals.py'], ['web/subtotals.py'])).toBe(1);
  });
});
