import { expect, it } from 'vitest';
import { inTreeOrder } from './span-tree.ts';

const span = (spanId: string, parentId: string, startMs: number) => ({ spanId, parentId, startMs });

it('places spans under their parents by time, and loses none to orphans or circles', () => {
  const rows = inTreeOrder([
    span('b', 'a', 5),
    span('c', 'a', 2),
    span('a', '', 0),
    span('x', 'gone', 9),
    span('p', 'q', 3),
    span('q', 'p', 4),
  ]);
  expect(rows.map((row) => `${row.depth}${row.span.spanId}`)).toEqual(['0a', '1c', '1b', '0x', '0p', '1q']);
});
