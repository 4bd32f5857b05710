import type { Trigger } from '../../pipelines/port.ts';
import { child, type Dict, describe, isNull, isUnknown, type Node, textOf } from './node.ts';
import { compilePattern } from './pattern.ts';
import type { Problems } from './problems.ts';
import { checkKeys } from './read.ts';
import type { Scope } from './scope.ts';
import { expressionNode, type Templating } from './template.ts';

/** What triggered the run as filters see it; undefined while linting, when everything passes. */
export type Ref = Pick<Trigger, 'branch' | 'tag'> | undefined;

interface Rules {
  only: string[] | undefined;
  ignore: string[] | undefined;
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
    for (const rules of [branches, tags]) fits(rules, '', node!, problems);
    return true;
  }
  if (ref.tag !== undefined) return tags !== undefined && fits(tags, ref.tag, node!, problems);
  return ref.branch === undefined || fits(branches, ref.branch, node!, problems);
}

/** Version 2's `branches` inside a job. */
export function passesBranches(node: Node | undefined, ref: Ref, problems: Problems): boolean {
  if (isNull(node) || isUnknown(node) || ref?.branch === undefined) return true;
  const rules = readRules(node, 'branches', problems);
  return fits(rules, ref.branch, node!, problems);
}

function fits(rules: Rules | undefined, name: string, node: Node, problems: Problems): boolean {
  if (!rules) return true;
  const anyOf = (patterns: string[]): boolean => patterns.some((pattern) => matchesName(pattern, name, node, problems));
  const ignored = rules.ignore !== undefined && anyOf(rules.ignore);
  if (rules.only !== undefined) return anyOf(rules.only);
  return !ignored;
}

function matchesName(pattern: string, name: string, node: Node, problems: Problems): boolean {
  if (pattern.length < 2 || !pattern.startsWith('/') || !pattern.endsWith('/')) return pattern === name;
  const compiled = compilePattern(pattern.slice(1, -1));
  if (compiled.ok) return compiled.matches(name);
  problems.error(node.at, compiled.problem);
  return false;
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

function readNames(node: Node | undefined, what: string, problems: Problems): string[] | undefined {
  if (isNull(node) || isUnknown(node)) return undefined;
  const items =
    node!.kind === 'list' ? node!.items.flatMap((item) => (item.kind === 'list' ? item.items : [item])) : [node!];
  return items.flatMap((item) => {
    if (item.kind === 'scalar') return item.unknown ? [] : [item.plain ?? textOf(item)];
    problems.error(item.at, `${what} holds names, not ${describe(item)}`);
    return [];
  });
}
