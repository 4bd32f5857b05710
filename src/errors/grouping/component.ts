import { createHash } from 'node:crypto';

/**
 * A node of the tree from which a group's hash is made: a named part of the event, whether it takes part, why not, and its
 * leaves. The tree is also the explanation that people read.
 */
export interface Component {
  id: string;
  contributes: boolean;
  hint: string | null;
  values: (string | Component)[];
}

/** A node that takes part if any of its values does (an empty one never does). */
export function component(id: string, values: (string | Component)[], hint: string | null = null): Component {
  return { id, contributes: values.some((value) => typeof value === 'string' || value.contributes), hint, values };
}

/** The same node, out of the hash, with the reason. */
export function silenced(node: Component, hint: string): Component {
  return { ...node, contributes: false, hint };
}

/** The texts that take part, in order. */
export function leavesOf(node: Component, leaves: string[] = []): string[] {
  if (!node.contributes) return leaves;
  for (const value of node.values) {
    if (typeof value === 'string') leaves.push(value);
    else leavesOf(value, leaves);
  }
  return leaves;
}

/** MD5 over the leaves put one after the other, as clients of this algorithm expect; 32 hexadecimal digits. */
export function hashOf(leaves: readonly string[]): string {
  return createHash('md5').update(leaves.join(''), 'utf8').digest('hex');
}
