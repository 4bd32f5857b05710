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

/** The hash of a stack with what stood before it: the same stack comes again and again, as the very same node. */
const hashedBefore = new WeakMap<Component, { before: string; hash: string }>();

/** The hash of all leaves that take part. */
export function hashOfTree(tree: Component): string {
  const parts: (string | Component)[] = [];
  collectParts(tree, parts);
  const stack = parts.at(-1);
  const first = parts.findIndex((part) => typeof part !== 'string');
  if (stack === undefined || typeof stack === 'string' || first !== parts.length - 1) return hashOf(leavesOf(tree));
  const before = parts.slice(0, -1).join('');
  const known = hashedBefore.get(stack);
  if (known?.before === before) return known.hash;
  const hash = hashOf([before, ...leavesOf(stack)]);
  hashedBefore.set(stack, { before, hash });
  return hash;
}

/** Leaves in order, and stacks as a whole. */
function collectParts(node: Component, parts: (string | Component)[]): void {
  if (!node.contributes) return;
  for (const value of node.values) {
    if (typeof value === 'string') parts.push(value);
    else if (value.id !== 'stacktrace') collectParts(value, parts);
    else if (value.contributes) parts.push(value);
  }
}
