import { expect, test } from 'vitest';
import { layoutMap } from './map-layout.ts';

const edge = (from: string, to: string, kind: 'service' | 'database' = 'service') => ({
  from,
  to,
  kind,
  calls: 10,
  errors: 1,
  averageMs: 5,
  p95Ms: 9,
});

test('callers stand left of what they call; circles and strangers are drawn too', () => {
  const { nodes, edges, columns } = layoutMap({
    services: [{ service: 'web', requests: 5, errors: 0, averageMs: 1, p95Ms: 2 }],
    edges: [edge('web', 'pricing'), edge('pricing', 'postgresql db', 'database'), edge('pricing', 'web')],
  });
  expect(nodes.map(({ name, kind, column, requests }) => [name, kind, column, requests])).toEqual([
    ['web', 'service', 0, 5],
    ['pricing', 'service', 1, null],
    ['postgresql db', 'database', 2, null],
  ]);
  expect(edges).toHaveLength(3);
  expect(columns).toBe(3);
});
