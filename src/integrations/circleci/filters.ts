import type { Trigger } from '../../pipelines/port.ts';
import { child, type Dict, describe, isNull, isUnknown, type Node, type Scalar, textOf } from './node.ts';
import { compilePattern } from './pattern.ts';
import type { Problems } from './problems.ts';
import { checkKeys } from './read.ts';
import type { Scope } from './scope.ts';
import { expressionNode, type Templating } from './template.ts';

/** What triggered the run as filters see it; undefined while linting, when everything passes. */
export type Ref = Pick<Trigger, 'branch' | 'tag'> | undefined;

export interface Rules {
  only: Scalar[] | undefined;
  ignore: Scalar[] | undefined;
}

/**
 * Whether a job's `filters` let it run. A map names branches and tags: a tag runs a job only when the job has a tag filter
 * that fits, a branch runs it unless a branch filter says no, `only` before `ignore`. A string is an expression.
 */
export function passesFilters(node: Node | undefined, ref: Ref, scope: Scope, templating: Templating): boolean {
  const { problems } = templating;
  if (isNull(node) || isUnknown(node)) return ref?.tag === undefined;
  if (node!.kind === 'scalar') {
    const value = expressionNode(textOf(node!), node!.at, scope, templating);
    return isUnknown(value) || (value.value !== null && value.value !== false);
  }
  if (node!.kind === 'list') {
    problems.error(node!.at, '"filters" must be a map with "branches" or "tags", or an expression, not a list');
    return false;
  }
  checkKeys(node!, ['branches', 'tags'], '"filters"', problems);
  const branches = readRules(child(node, 'branches'), 'branches', problems);
  const tags = readRules(child(node, 'tags'), 'tags', problems);
  if (ref === undefined) {
    for (const rules of [branches, tags]) passesRules(rules, '', problems);
    return true;
  }
  const forTags = tags?.only !== undefined || tags?.ignore !== undefined;
  if (ref.tag !== undefined) return forTags && passesRules(tags, ref.tag, problems);
  return ref.branch === undefined || passesRules(branches, ref.branch, problems);
}

/** Version 2's `branches` inside a job. */
export function passesBranches(node: Node | undefined, ref: Ref, problems: Problems): boolean {
  if (isNull(node) || isUnknown(node) || ref?.branch === undefined) return true;
  const rules = readRules(node, 'branches', problems);
  return passesRules(rules, ref.branch, problems);
}

/** The branch rules of a schedule's `filters`; undefined when it has none. */
export function branchRules(node: Node | undefined, problems: Problems): Rules | undefined {
  if (isNull(node) || node?.kind !== 'map') return undefined;
  checkKeys(node, ['branches'], '"filters" of a schedule', problems);
  const rules = readRules(child(node, 'branches'), 'branches', problems);
  return rules?.only || rules?.ignore ? rules : undefined;
}

/** Whether a name passes rules: `only` before `ignore`. Patterns that cannot be read are reported. */
export function passesRules(rules: Rules | undefined, name: string, problems: Problems): boolean {
  if (!rules) return true;
  // Every pattern is tried, so that all that cannot be read are found.
  const anyOf = (items: Scalar[]): boolean => items.filter((item) => matchesName(item, name, problems)).length > 0;
  const ignored = rules.ignore !== undefined && anyOf(rules.ignore);
  if (rules.only !== undefined) return anyOf(rules.only);
  return !ignored;
}

function matchesName(item: Scalar, name: string, problems: Problems): boolean {
  const pattern = item.plain ?? textOf(item);
  if (pattern.length < 2 || !pattern.startsWith('/') || !pattern.endsWith('/')) return pattern === name;
  const compiled = compilePattern(pattern.slice(1, -1));
  if (!compiled.ok) {
    problems.error(item.at, compiled.problem);
    return false;
  }
  const verdict = compiled.matches(name);
  if (verdict === undefined) problems.error(item.at, `Trying ${pattern} takes too long`);
  return verdict === true;
}

function readRules(node: Node | undefined, what: string, problems: Problems): Rules | undefined {
  if (isNull(node) || isUnknown(node)) return undefined;
  if (node!.kind !== 'map') {
    problems.error(node!.at, `"${what}" must be a map with "only" or "ignore", not ${describe(node!)}`);
    return undefined;
  }
  checkKeys(node as Dict, ['only', 'ignore'], `"${what}"`, problems);
  return {
    only: readNames(child(node, 'only'), `${what}.only`, problems),
    ignore: readNames(child(node, 'ignore'), `${what}.ignore`, problems),
  };
}

function readNames(node: Node | undefined, what: string, problems: Problems): Scalar[] | undefined {
  if (isNull(node) || isUnknown(node)) return undefined;
  const items =
    node!.kind === 'list' ? node!.items.flatMap((item) => (item.kind === 'list' ? item.items : [item])) : [node!];
  return items.flatMap((item) => {
    if (item.kind === 'scalar') return item.unknown ? [] : [item];
    problems.error(item.at, `${what} holds names, not ${describe(item)}`);
    return [];
  });
}
