import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutDag } from './dag-layout.ts';

const node = (id: string, ...requires: string[]) => ({ id, requires });
const layerOf = (layout: ReturnType<typeof layoutDag>, id: string) => layout.nodes.find((one) => one.id === id)?.layer;

describe('layoutDag', () => {
  it('puts each node right after the last of what it needs', () => {
    const layout = layoutDag([
      node('lint'),
      node('test'),
      node('build', 'lint', 'test'),
      node('deploy', 'build', 'lint'),
    ]);
    expect(['lint', 'test', 'build', 'deploy'].map((id) => layerOf(layout, id))).toEqual([0, 0, 1, 2]);
    expect(layout).toMatchObject({ layers: 3, rows: 2 });
  });

  it('does not draw what a longer way says already', () => {
    const { edges } = layoutDag([node('a'), node('b', 'a'), node('c', 'a', 'b')]);
    expect(edges).toEqual([
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
    ]);
  });

  it('uncrosses what can be uncrossed', () => {
    const { nodes } = layoutDag([node('a'), node('b'), node('of-b', 'b'), node('of-a', 'a')]);
    const row = (id: string) => nodes.find((one) => one.id === id)!.row;
    expect(row('of-a') < row('of-b')).toBe(row('a') < row('b'));
  });

  it('draws any input: circles, unknown names, doubles; each node once, edges only forward', () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const graph = fc
      .uniqueArray(fc.constantFrom(...ids))
      .chain((own) =>
        fc.tuple(...own.map((id) => fc.array(fc.constantFrom(...ids, 'ghost')).map((requires) => ({ id, requires })))),
      );
    fc.assert(
      fc.property(graph, (nodes) => {
        const layout = layoutDag(nodes);
        expect(layout.nodes.map((one) => one.id).sort()).toEqual(nodes.map((one) => one.id).sort());
        expect(new Set(layout.nodes.map((one) => `${one.layer}/${one.row}`)).size).toBe(nodes.length);
        for (const edge of layout.edges) expect(layerOf(layout, edge.from)!).toBeLessThan(layerOf(layout, edge.to)!);
      }),
    );
  });
});
