import type { SourcePosition } from '../../../pipelines/port.ts';
import { limits } from '../limits.ts';
import type { Dict, Entry, List, Node, Scalar } from '../node.ts';
import type { Problems } from '../problems.ts';

const booleanWord = /^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/;

/** One pair of a map as written. */
export interface Pair {
  key: Node;
  value: Node;
}

/**
 * Makes nodes of what a reader of YAML finds, in the order of the file. Aliases share their node, so a bomb costs nothing
 * until it is walked; its full size is counted here and refused.
 */
export class NodeBuilder {
  readonly #problems: Problems;
  readonly #anchors = new Map<string, Node>();
  /** Nodes below each container once every alias is followed. */
  readonly #sizes = new Map<Node, number>();
  /** Something was refused that must not be walked. */
  refused = false;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  anchor(name: string, node: Node): void {
    this.#anchors.set(name, node);
  }

  alias(name: string, at: SourcePosition): Node {
    const target = this.#anchors.get(name);
    if (!target) this.#problems.error(at, `There is no anchor "&${name}" before this alias`);
    return target ?? { kind: 'scalar', value: null, at };
  }

  list(items: Node[], at: SourcePosition): List {
    return this.#measured({ kind: 'list', items, at });
  }

  map(pairs: Pair[], at: SourcePosition): Dict {
    const entries = new Map<string, Entry>();
    const merged: Node[] = [];
    for (const { key, value } of pairs) {
      if (key.kind !== 'scalar') {
        this.#problems.error(key.at, 'A key must be a word, not a list or a map');
        continue;
      }
      const name = key.plain ?? (key.value === null ? '' : String(key.value));
      if (name === '<<' && key.plain !== undefined) {
        merged.push(...(value.kind === 'list' ? value.items : [value]));
        continue;
      }
      if (entries.has(name)) {
        this.#problems.warning(key.at, `"${name}" is given twice here; the last one counts`);
      }
      entries.set(name, { keyAt: key.at, value });
    }
    for (const source of merged) {
      if (source.kind !== 'map') {
        this.#problems.error(source.at, 'Only a map can be merged with "<<:"');
        continue;
      }
      for (const [name, entry] of source.entries) if (!entries.has(name)) entries.set(name, entry);
    }
    return this.#measured({ kind: 'map', entries, at });
  }

  /** Refuses the whole document. */
  refuse(at: SourcePosition, message: string): void {
    if (!this.refused) this.#problems.error(at, message);
    this.refused = true;
  }

  #measured<T extends List | Dict>(node: T): T {
    let size = 1;
    if (node.kind === 'list') for (const item of node.items) size += this.#sizes.get(item) ?? 1;
    else for (const { value } of node.entries.values()) size += this.#sizes.get(value) ?? 1;
    this.#sizes.set(node, size);
    if (size > limits.yamlNodes) {
      this.refuse(node.at, `With its aliases followed this holds more than ${limits.yamlNodes} values`);
    }
    return node;
  }
}

/** A plain scalar: its value by YAML's rules, but for the words that are booleans in YAML 1.1, which CircleCI reads. */
export function plainScalar(value: Scalar['value'], source: string, at: SourcePosition): Scalar {
  if (typeof value === 'string' && booleanWord.test(source)) {
    return { kind: 'scalar', value: /^(?:yes|on)$/i.test(source), at, plain: source };
  }
  return { kind: 'scalar', value, at, plain: source };
}
