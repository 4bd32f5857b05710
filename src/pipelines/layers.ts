/** A workspace layer: what one job persisted in one step. */
export interface Layer {
  jobId: string;
  jobKey: string;
  nodeIndex: number;
  step: number;
  file: string;
  bytes: number;
  /** Files of the layer, for finding clashes. */
  paths: string[];
}

type Graph = ReadonlyMap<string, readonly string[]>;

/** All keys a job builds on, directly and by way of others. */
export function upstream(key: string, requires: Graph): Set<string> {
  const found = new Set<string>();
  const open = [...(requires.get(key) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    open.push(...(requires.get(next) ?? []));
  }
  return found;
}

/**
 * The layers a job sees, in the order they are laid on one another: those of its upstream jobs, a job's after all its own
 * upstream's, otherwise by key. `clash` names a path that two jobs wrote of which neither builds on the other.
 */
export function layersFor(
  key: string,
  requires: Graph,
  layers: readonly Layer[],
): { layers: Layer[]; clash?: { path: string; jobs: [string, string] } | undefined } {
  const visible = upstream(key, requires);
  const depth = new Map<string, number>();
  const depthOf = (of: string, seen: ReadonlySet<string>): number => {
    const known = depth.get(of);
    if (known !== undefined) return known;
    const parents = (requires.get(of) ?? []).filter((parent) => !seen.has(parent));
    const value = 1 + Math.max(-1, ...parents.map((parent) => depthOf(parent, new Set([...seen, of]))));
    depth.set(of, value);
    return value;
  };
  const ordered = layers
    .filter((layer) => visible.has(layer.jobKey))
    .sort(
      (a, b) =>
        depthOf(a.jobKey, new Set()) - depthOf(b.jobKey, new Set()) ||
        (a.jobKey < b.jobKey ? -1 : a.jobKey > b.jobKey ? 1 : 0) ||
        a.nodeIndex - b.nodeIndex ||
        a.step - b.step,
    );
  const writers = new Map<string, Layer>();
  for (const layer of ordered) {
    for (const path of layer.paths) {
      const other = writers.get(path);
      const concurrent =
        other &&
        (other.jobKey === layer.jobKey
          ? other.nodeIndex !== layer.nodeIndex
          : !upstream(layer.jobKey, requires).has(other.jobKey));
      if (concurrent) return { layers: ordered, clash: { path, jobs: [other.jobKey, layer.jobKey] } };
      writers.set(path, layer);
    }
  }
  return { layers: ordered };
}
