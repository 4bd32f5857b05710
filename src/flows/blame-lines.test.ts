import { describe, expect, it } from 'vitest';
import { linesOf, pathOf } from './blame-lines.ts';

type Frame = Parameters<typeof linesOf>[0]['frames'][number];

const frame = (more: Partial<Frame>): Frame => ({
  function: 'total',
  module: null,
  file: null,
  absolutePath: null,
  line: 1,
  column: null,
  inApp: true,
  source: [],
  variables: [],
  ...more,
});

describe('lines of a stack that a repository may know', () => {
  it('are those of the application, the crash first, each once, as paths', () => {
    const frames = [
      frame({ file: 'webpack:///./src/cart.ts', line: 4 }),
      frame({ file: 'node_modules/express/router.js', inApp: false }),
      frame({ file: 'webpack:///./src/cart.ts', line: 4 }),
      frame({ file: 'Cart.java', module: 'com.shop.Cart', line: 9 }),
      frame({ file: null, absolutePath: 'C:\\shop\\cart.php', line: 7 }),
      frame({ file: 'shop/views.py', line: null }),
    ];
    frames[0]!.source = [{ line: 4, text: '  return price;', current: true }];
    expect(linesOf({ exceptions: [], frames })).toEqual([
      { file: 'src/cart.ts', line: 4, text: '  return price;' },
      { file: 'com/shop/Cart.java', line: 9, text: null },
      { file: 'C:/shop/cart.php', line: 7, text: null },
    ]);
  });

  it('are found by the longest end of a path, and not guessed where two files fit', () => {
    const paths = ['api/views.py', 'web/shop/views.py', 'web/views.py', 'totals.py'];
    expect(pathOf('/srv/app/web/shop/views.py', paths)).toBe('web/shop/views.py');
    expect(pathOf('shop/views.py', paths)).toBe('web/shop/views.py');
    expect(pathOf('views.py', paths)).toBeUndefined();
    expect(pathOf('subtotals.py', paths)).toBeUndefined();
    expect(pathOf('/srv/app/totals.py', paths)).toBe('totals.py');
  });
});
