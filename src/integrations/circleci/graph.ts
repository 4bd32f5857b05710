import type { JobOutcome, SourcePosition } from '../../pipelines/port.ts';
import type { Invocation } from './invocation.ts';
import type { Problems } from './problems.ts';

export interface Edge {
  to: Invocation;
  outcomes: JobOutcome[];
  at: SourcePosition;
}

/** Edges of every invocation to what it requires; names that lead nowhere and cycles are reported. */
export function connect(invocations: Invocation[], problems: Problems): Map<Invocation, Edge[]> {
  const byName = new Map<string, Invocation[]>();
  const byAlias = new Map<string, Invocation[]>();
  for (const one of invocations) {
    byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
    for (const alias of one.aliases) byAlias.set(alias, [...(byAlias.get(alias) ?? []), one]);
  }
  const edges = new Map<Invocation, Edge[]>();
  for (const one of invocations) {
    edges.set(
      one,
      one.requires.flatMap((requirement) => {
        const targets =
          byName.get(requirement.name) ?? byAlias.get(requirement.name)?.filter((other) => other !== one) ?? [];
        // Of a member of a group it was reported where the group was read.
        if (targets.length === 0 && !one.group) {
          problems.error(requirement.at, ...explain(one, requirement.name, invocations));
        }
        const renamed = targets.filter((other) => other.numbered === requirement.name);
        if (renamed.length > 1) {
          problems.error(
            requirement.at,
            `"${requirement.name}" is invoked ${renamed.length} times, so this requirement is ambiguous`,
            `Name one of: ${renamed.map((other) => other.name).join(', ')}.`,
          );
        }
        return targets.map((to) => ({ to, outcomes: requirement.outcomes, at: requirement.at }));
      }),
    );
  }
  reportCycles(edges, problems);
  return edges;
}

function explain(one: Invocation, name: string, invocations: Invocation[]): [string, string | undefined] {
  const member = invocations.find((other) => other.group && other.job === name && other.group !== one.group);
  if (member) {
    return [
      `"${name}" is defined inside job group "${member.group}", not directly in this workflow`,
      `Require "${member.group}".`,
    ];
  }
  const names = invocations.map((other) => other.name).filter((other) => other !== one.name);
  const known = names.length > 0 ? `Jobs here: ${names.slice(0, 12).join(', ')}.` : undefined;
  return [`"${one.name}" requires "${name}", and no job of this workflow is called that`, known];
}

function reportCycles(edges: Map<Invocation, Edge[]>, problems: Problems): void {
  const waiting = new Map([...edges].map(([one, targets]) => [one, new Set(targets.map((edge) => edge.to))]));
  prune(waiting);
  const reverse = new Map([...waiting.keys()].map((one) => [one, new Set<Invocation>()]));
  for (const [one, targets] of waiting) for (const target of targets) reverse.get(target)?.add(one);
  prune(reverse);
  for (const one of waiting.keys()) {
    if (reverse.has(one)) problems.error(one.at, `The job "${one.name}" is part of a cycle of requirements`);
  }
}

/** Takes out, again and again, whatever points at nothing that is left. */
function prune(graph: Map<Invocation, Set<Invocation>>): void {
  const users = new Map<Invocation, Invocation[]>();
  for (const [one, targets] of graph) {
    for (const target of targets) users.set(target, [...(users.get(target) ?? []), one]);
  }
  const free = [...graph].filter(([, targets]) => targets.size === 0).map(([one]) => one);
  for (let one = free.pop(); one; one = free.pop()) {
    graph.delete(one);
    for (const user of users.get(one) ?? []) {
      const targets = graph.get(user);
      if (targets?.delete(one) && targets.size === 0) free.push(user);
    }
  }
}

/**
 * What is left once filters took jobs out: a requirement on a job that is gone is forgotten, and a job all of whose requirements are
 * gone goes with them.
 */
export function dropFiltered(
  invocations: Invocation[],
  edges: Map<Invocation, Edge[]>,
  passes: (one: Invocation) => boolean,
): Set<Invocation> {
  const kept = new Set(invocations.filter(passes));
  for (let changed = true; changed; ) {
    changed = false;
    for (const one of kept) {
      const targets = edges.get(one) ?? [];
      if (targets.length > 0 && targets.every(({ to }) => !kept.has(to))) {
        kept.delete(one);
        changed = true;
      }
    }
  }
  return kept;
}
