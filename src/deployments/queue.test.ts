import { expect, test } from 'vitest';
import { decideQueue, type Queued } from './queue.ts';

const at = (order: number, more: Partial<Queued> = {}): Queued => ({
  id: `d${order}`,
  kind: 'deploy',
  status: 'queued',
  order,
  ...more,
});

test('what was asked for last goes; what waits before it is superseded', () => {
  expect(decideQueue([at(1), at(3), at(2)])).toEqual({
    start: 'd3',
    superseded: [
      { id: 'd1', by: 'd3' },
      { id: 'd2', by: 'd3' },
    ],
  });
});

test('one at a time; one that waits behind what runs keeps its turn', () => {
  expect(decideQueue([at(1, { status: 'running' }), at(2)])).toEqual({ start: null, superseded: [] });
});

test('a roll back goes before deploys and supersedes none of them', () => {
  expect(decideQueue([at(1), at(2, { kind: 'rollback' })])).toEqual({ start: 'd2', superseded: [] });
});

test('one on hold makes only others on hold pointless', () => {
  const held = at(3, { status: 'on_hold' });
  expect(decideQueue([at(1), at(2, { status: 'on_hold' }), held])).toEqual({
    start: 'd1',
    superseded: [{ id: 'd2', by: 'd3' }],
  });
});
