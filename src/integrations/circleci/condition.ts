import { limits } from './limits.ts';
import { describe, isUnknown, type Node, type Scalar, toJson } from './node.ts';
import { compilePattern } from './pattern.ts';
import type { Problems } from './problems.ts';
import type { Scope } from './scope.ts';
import { expressionNode, type Templating, truthyNode } from './template.ts';

/** Whether a condition holds; undefined while that is not known (linting) or when it cannot be read (reported). */
export type Verdict = boolean | undefined;

/**
 * The verdict of a logic statement (`and`, `or`, `not`, `equal`, `matches`, literals) whose templates are already replaced.
 */
export function decide(node: Node, problems: Problems, depth = 0): Verdict {
  if (depth > limits.conditionDepth) {
    problems.error(node.at, `Conditions are nested more than ${limits.conditionDepth} deep`);
    return undefined;
  }
  if (isUnknown(node)) return undefined;
  if (node.kind === 'scalar') {
    warnOfText(node, problems);
    return truthyNode(node);
  }
  // A list comes from a parameter of type steps, and asks whether any were given.
  if (node.kind === 'list') return node.items.length > 0;
  if (node.entries.size === 0) return false;
  if (node.entries.size > 1) {
    problems.error(
      node.at,
      `A condition has one operator, and this has ${node.entries.size}: ${[...node.entries.keys()].join(', ')}`,
    );
    return undefined;
  }
  const [operator, { keyAt, value }] = [...node.entries][0]!;
  switch (operator) {
    case 'and':
    case 'or':
      return combine(operator, value, problems, depth);
    case 'not': {
      const inner = decide(value, problems, depth + 1);
      return inner === undefined ? undefined : !inner;
    }
    case 'equal':
      return equal(value, problems);
    case 'matches':
      return matches(value, problems);
    default:
      problems.error(keyAt, `"${operator}" is not an operator of a condition`, 'One of: and, or, not, equal, matches.');
      return undefined;
  }
}

/** A text that reads like an expression is a text all the same, and so always true. */
function warnOfText(node: Scalar, problems: Problems): void {
  if (typeof node.value !== 'string' || !/^\W*(?:not\s+)?\(?(?:pipeline|parameters)\.[\w.-]+/.test(node.value)) return;
  problems.warning(
    node.at,
    `"${node.value}" is not evaluated here: as a text that is not empty it always holds`,
    'Write it between "<<" and ">>", or as a logic statement.',
  );
}

/** A workflow's `when`: a logic statement, or a string expression that may stand without `<< >>`. */
export function decideWorkflow(node: Node, scope: Scope, templating: Templating, replaced: Node): Verdict {
  const bare =
    node.kind === 'scalar' && typeof node.value === 'string' && node.value.trim() !== '' && replaced === node;
  if (!bare) return decide(replaced, templating.problems);
  const value = expressionNode(String(node.value), node.at, scope, templating);
  if (isUnknown(value)) return undefined;
  return value.value !== null && value.value !== false;
}

function combine(operator: 'and' | 'or', value: Node, problems: Problems, depth: number): Verdict {
  const items = listOf(operator, value, problems);
  if (!items) return undefined;
  const verdicts = items.map((item) => decide(item, problems, depth + 1));
  const settling = operator === 'or';
  if (verdicts.includes(settling)) return settling;
  return verdicts.includes(undefined) ? undefined : !settling;
}

function equal(value: Node, problems: Problems): Verdict {
  const items = listOf('equal', value, problems);
  if (!items) return undefined;
  if (items.some(isUnknown)) return undefined;
  const texts = items.map((item) => JSON.stringify(toJson(item)));
  return texts.every((text) => text === texts[0]);
}

function listOf(operator: string, value: Node, problems: Problems): Node[] | undefined {
  if (isUnknown(value)) return undefined;
  if (value.kind !== 'list') {
    problems.error(value.at, `"${operator}" needs a list, not ${describe(value)}`);
    return undefined;
  }
  if (value.items.length === 0) {
    problems.error(value.at, `"${operator}" needs at least one value`);
    return undefined;
  }
  return value.items;
}

function matches(value: Node, problems: Problems): Verdict {
  if (isUnknown(value)) return undefined;
  const pattern = value.kind === 'map' ? value.entries.get('pattern')?.value : undefined;
  const subject = value.kind === 'map' ? value.entries.get('value')?.value : undefined;
  if (!pattern || !subject || value.kind !== 'map' || value.entries.size > 2) {
    problems.error(value.at, '"matches" needs a map with "pattern" and "value", and nothing else');
    return undefined;
  }
  if (isUnknown(pattern)) return undefined;
  if (pattern.kind !== 'scalar' || subject.kind !== 'scalar') {
    problems.error(value.at, 'The "pattern" and the "value" of "matches" are texts');
    return undefined;
  }
  const compiled = compilePattern(String(pattern.value ?? ''));
  if (!compiled.ok) {
    problems.error(pattern.at, compiled.problem);
    return undefined;
  }
  if (isUnknown(subject)) return undefined;
  const verdict = compiled.matches(String(subject.value ?? ''));
  if (verdict === undefined) problems.error(pattern.at, 'Trying this regular expression takes too long');
  return verdict;
}
