export interface DagNode {
  id: string;
  /** Ids of the nodes before it; unknown ones are left out. */
  requires: string[];
}

export interface PlacedNode {
  id: string;
  /** Column from the left and row from the top, both from 0. */
  layer: number;
  row: number;
}

export interface DagLayout {
  nodes: PlacedNode[];
  edges: { from: string; to: string }[];
  layers: number;
  rows: number;
}

/**
 * Places a graph in columns: each node right after the last of what it needs, and within a column near what it
 * is tied to (barycentre sweeps). Edges that close a circle are left out, so any input gets a picture. Stable: same
 * input, same picture. Edges implied by longer ways are not drawn.
 */
export function layoutDag(input: readonly DagNode[]): DagLayout {
  const known = new Map(input.map((node) => [node.id, node]));
  const needs = withoutCircles(known);
  const layerOf = new Map<string, number>();
  const depth = (id: string): number => {
    const seen = layerOf.get(id);
    if (seen !== undefined) return seen;
    const layer = Math.max(-1, ...needs.get(id)!.map(depth)) + 1;
    layerOf.set(id, layer);
    return layer;
  };
  for (const id of known.keys()) depth(id);

  const layers: string[][] = [];
  for (const [id] of known) {
    const layer = layerOf.get(id)!;
    layers[layer] ??= [];
    layers[layer].push(id);
  }
  const direct = new Map([...needs].map(([id, requires]) => [id, withoutImplied(requires, needs)]));
  orderLayers(layers, direct);

  const nodes = layers.flatMap((ids, layer) => ids.map((id, row) => ({ id, layer, row })));
  const edges = [...direct].flatMap(([to, requires]) => requires.map((from) => ({ from, to })));
  return { nodes, edges, layers: layers.length, rows: Math.max(0, ...layers.map((layer) => layer.length)) };
}

function withoutCircles(known: Map<string, DagNode>): Map<string, string[]> {
  const state = new Map<string, 'open' | 'done'>();
  const needs = new Map<string, string[]>();
  const visit = (id: string) => {
    state.set(id, 'open');
    const kept: string[] = [];
    for (const required of new Set(known.get(id)!.requires)) {
      if (!known.has(required) || state.get(required) === 'open') continue;
      if (!state.has(required)) visit(required);
      kept.push(required);
    }
    needs.set(id, kept);
    state.set(id, 'done');
  };
  for (const id of known.keys()) if (!state.has(id)) visit(id);
  return needs;
}

function withoutImplied(requires: string[], needs: Map<string, string[]>): string[] {
  if (requires.length < 2) return requires;
  const behind = new Set<string>();
  const walk = (id: string) => {
    for (const required of needs.get(id)!) {
      if (behind.has(required)) continue;
      behind.add(required);
      walk(required);
    }
  };
  for (const id of requires) walk(id);
  return requires.filter((id) => !behind.has(id));
}

function orderLayers(layers: string[][], direct: Map<string, string[]>): void {
  const followers = new Map<string, string[]>();
  for (const [id, requires] of direct) {
    for (const required of requires) followers.set(required, [...(followers.get(required) ?? []), id]);
  }
  const row = new Map<string, number>();
  const number = (layer: string[]) => {
    for (const [index, id] of layer.entries()) row.set(id, index);
  };
  for (const layer of layers) number(layer);
  const settle = (layer: string[], ties: (id: string) => string[]) => {
    const pull = (id: string) => {
      const tied = ties(id);
      return tied.length === 0 ? row.get(id)! : tied.reduce((sum, other) => sum + row.get(other)!, 0) / tied.length;
    };
    const pulls = new Map(layer.map((id) => [id, pull(id)]));
    layer.sort((a, b) => pulls.get(a)! - pulls.get(b)! || row.get(a)! - row.get(b)!);
    number(layer);
  };
  for (let sweep = 0; sweep < 3; sweep += 1) {
    for (const layer of layers.slice(1)) settle(layer, (id) => direct.get(id)!);
    for (const layer of layers.slice(0, -1).reverse()) settle(layer, (id) => followers.get(id) ?? []);
  }
}
