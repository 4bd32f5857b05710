import type { JobOutcome, SourcePosition } from '../../pipelines/port.ts';
import { describe, isNull, isUnknown, type Node, textOf } from './node.ts';
import type { Problems } from './problems.ts';
import { readTexts } from './read.ts';

export interface Requirement {
  name: string;
  outcomes: JobOutcome[];
  at: SourcePosition;
}

const terminal: JobOutcome[] = ['success', 'failed', 'canceled', 'unauthorized', 'not_run'];

/** Reads `requires`: names, or maps of a name to one accepted outcome or a list of them. `terminal` is any. */
export function readRequires(node: Node | undefined, problems: Problems): Requirement[] {
  if (isNull(node) || isUnknown(node)) return [];
  const items = node!.kind === 'list' ? node!.items : [node!];
  return items.flatMap((item) => readRequirement(item, problems));
}

function readRequirement(item: Node, problems: Problems): Requirement[] {
  if (isUnknown(item) || isNull(item)) return [];
  if (item.kind === 'scalar') return [{ name: textOf(item), outcomes: ['success'], at: item.at }];
  if (item.kind === 'list') return item.items.flatMap((inner) => readRequirement(inner, problems));
  if (item.entries.size === 0) {
    problems.error(item.at, `A requirement is the name of a job, not ${describe(item)}`);
  }
  return [...item.entries].map(([name, { keyAt, value }]) => {
    const words = readTexts(value, `The outcome of "${name}"`, problems) ?? [];
    if (words.length === 0 && !isUnknown(value)) problems.error(keyAt, `"${name}" needs an outcome, such as "failed"`);
    const outcomes = new Set<JobOutcome>();
    for (const word of words) {
      const known = terminal.find((one) => one === word);
      if (word === 'terminal') for (const one of terminal) outcomes.add(one);
      else if (known) outcomes.add(known);
      else {
        problems.error(value.at, `"${word}" is not how a job ends`, `One of: ${[...terminal, 'terminal'].join(', ')}.`);
      }
    }
    if (!words.includes('terminal') && outcomes.size === terminal.length) {
      problems.note(value.at, 'These are all the ways in which a job ends', 'Write "terminal" for short.');
    }
    return { name, outcomes: outcomes.size > 0 ? [...outcomes] : ['success'], at: keyAt };
  });
}
