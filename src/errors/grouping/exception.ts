import type { ReportedException } from '../report.ts';
import type { GroupingAlgorithm, GroupingContext } from './algorithm.ts';
import { type Component, component, leavesOf, silenced } from './component.ts';
import { leadingLines, parameterise } from './parameterise.ts';
import { stackComponent, type Variant } from './stack.ts';

/** The part of the hash that one exception gives: type, value when no stack says more, stack. */
export function exceptionComponent(
  exception: ReportedException,
  context: GroupingContext,
  variant: Variant,
): Component {
  const stack = exception.frames === null ? null : stackComponent(exception.frames, context, variant, exception);
  let type = exception.type === null ? null : component('type', [exception.type]);
  if (type && exception.mechanism?.synthetic) {
    type = silenced(type, 'ignored because exception is synthetic');
  }
  const value =
    exception.value === null ? null : valueComponent(exception.value, stack?.contributes === true, context.algorithm);
  return component(
    'exception',
    [type, value, stack].filter((part) => part !== null),
  );
}

function valueComponent(value: string, stackCounts: boolean, algorithm: GroupingAlgorithm): Component {
  const lines = leadingLines(value);
  // The patterns are only worth their time where the value counts.
  if (stackCounts) return silenced(component('value', [lines]), 'ignored because stacktrace takes precedence');
  return textComponent('value', lines, algorithm);
}

/** A text with what varies taken out. */
export function textComponent(id: string, lines: string, algorithm: GroupingAlgorithm): Component {
  const text = parameterise(lines, algorithm);
  return component(id, [text], text === lines ? null : 'stripped event-specific values');
}

/** One exception, or a chain of them in the order they were sent. */
export function chainComponent(
  exceptions: readonly ReportedException[],
  context: GroupingContext,
  variant: Variant,
): Component {
  const parts = exceptions.map((exception) => exceptionComponent(exception, context, variant));
  return parts.length === 1 ? parts[0]! : component('chained_exception', parts);
}

/**
 * The exceptions that matter: in a group (an aggregate error and what it holds) children alike in what they contribute count once,
 * and a group around a single distinct child is replaced by it. Links that make no tree leave the list as it is.
 */
export function significantExceptions(
  exceptions: readonly ReportedException[],
  context: GroupingContext,
): readonly ReportedException[] {
  if (exceptions.length < 2 || !exceptions.some((exception) => exception.mechanism?.isGroup)) return exceptions;
  const tree = treeOf(exceptions);
  if (tree === null) return exceptions;
  const kept = new Set<ReportedException>();
  const keep = (exception: ReportedException): void => {
    const children = tree.children.get(exception) ?? [];
    if (!exception.mechanism?.isGroup) {
      kept.add(exception);
      for (const child of children) keep(child);
      return;
    }
    const distinct = new Map<string, ReportedException>();
    for (const child of children) {
      const key = leavesOf(exceptionComponent(child, context, 'system')).join('\0');
      if (!distinct.has(key)) distinct.set(key, child);
    }
    if (distinct.size !== 1) kept.add(exception);
    for (const child of distinct.values()) keep(child);
  };
  keep(tree.root);
  return exceptions.filter((exception) => kept.has(exception));
}

/** Children by parent, when the ids describe exactly one tree over all exceptions; else null. */
function treeOf(
  exceptions: readonly ReportedException[],
): { root: ReportedException; children: Map<ReportedException, ReportedException[]> } | null {
  const byId = new Map<number, ReportedException>();
  for (const exception of exceptions) {
    const id = exception.mechanism?.id ?? null;
    if (id === null || byId.has(id)) return null;
    byId.set(id, exception);
  }
  const children = new Map<ReportedException, ReportedException[]>();
  const roots: ReportedException[] = [];
  // Sent last first, so that children come out in the order of their ids.
  for (const exception of [...exceptions].reverse()) {
    const parentId = exception.mechanism?.parentId ?? null;
    if (parentId === null) {
      roots.push(exception);
      continue;
    }
    const parent = byId.get(parentId);
    if (!parent || parent === exception) return null;
    children.set(parent, [...(children.get(parent) ?? []), exception]);
  }
  const root = roots[0];
  if (!root || roots.length !== 1) return null;
  // With one root and one parent each, a cycle shows as something the root does not reach.
  let reached = 0;
  const queue = [root];
  for (let next = queue.pop(); next; next = queue.pop()) {
    reached += 1;
    queue.push(...(children.get(next) ?? []));
  }
  return reached === exceptions.length ? { root, children } : null;
}
