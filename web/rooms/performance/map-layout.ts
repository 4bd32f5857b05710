import type { ServiceMap } from '../../../src/telemetry/api.ts';
import { layoutDag } from '../../kit/dag-layout.ts';

export interface MapNode {
  id: string;
  name: string;
  kind: ServiceMap['edges'][number]['kind'];
  /** Of services that were heard themselves. */
  requests: number | null;
  errors: number;
  p95Ms: number | null;
  column: number;
  row: number;
}

export interface MapEdge {
  from: string;
  to: string;
  calls: number;
  errors: number;
  p95Ms: number;
}

const idOf = (kind: MapNode['kind'], name: string): string => `${kind} ${name}`;

/** Places who calls on the left of who is called. Pure; the same map gives the same picture. */
export function layoutMap(map: Pick<ServiceMap, 'services' | 'edges'>): {
  nodes: MapNode[];
  edges: MapEdge[];
  columns: number;
  rows: number;
} {
  const nodes = new Map<string, Omit<MapNode, 'column' | 'row'>>();
  for (const one of map.services) {
    const id = idOf('service', one.service);
    const { requests, errors, p95Ms } = one;
    nodes.set(id, { id, name: one.service, kind: 'service', requests, errors, p95Ms });
  }
  const edges = map.edges.map(({ from, to, kind, calls, errors, p95Ms }): MapEdge => {
    const ends = [
      { id: idOf('service', from), name: from, kind: 'service' as const },
      { id: idOf(kind, to), name: to, kind },
    ];
    for (const end of ends) {
      if (!nodes.has(end.id)) nodes.set(end.id, { ...end, requests: null, errors: 0, p95Ms: null });
    }
    return { from: ends[0]!.id, to: ends[1]!.id, calls, errors, p95Ms };
  });
  const requires = callersOf(edges);
  const layout = layoutDag([...nodes.keys()].map((id) => ({ id, requires: requires.get(id) ?? [] })));
  return {
    nodes: layout.nodes.map(({ id, layer, row }) => ({ ...nodes.get(id)!, column: layer, row })),
    edges,
    columns: layout.layers,
    rows: layout.rows,
  };
}

/** The callers of each node; of calls that go round in a circle the rarer way is left out, so that the commoner goes right. */
function callersOf(edges: readonly MapEdge[]): Map<string, string[]> {
  const callers = new Map<string, string[]>();
  const isBefore = (id: string, sought: string, seen = new Set<string>()): boolean => {
    if (id === sought) return true;
    if (seen.has(id)) return false;
    seen.add(id);
    return (callers.get(id) ?? []).some((one) => isBefore(one, sought, seen));
  };
  for (const { from, to } of [...edges].sort((a, b) => b.calls - a.calls)) {
    if (!isBefore(from, to)) callers.set(to, [...(callers.get(to) ?? []), from]);
  }
  return callers;
}
