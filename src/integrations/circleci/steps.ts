import { builtinNames, builtinStep, type FlatStep } from './builtin-steps.ts';
import { type Compilation, templatingFor } from './compilation.ts';
import { decide } from './condition.ts';
import { baseScope, type Found, find } from './library.ts';
import { limits } from './limits.ts';
import { child, type Dict, describe, type Entry, isNull, isUnknown, type Library, type Node, textOf } from './node.ts';
import { reportMissing } from './orbs.ts';
import { bindParameters, declareParameters } from './parameters.ts';
import { checkKeys } from './read.ts';
import { createScope } from './scope.ts';
import { substitute } from './template.ts';

/**
 * The steps of a job, flat: commands expanded, `when` and `unless` decided, lists of steps spliced. The list's own
 * templates are already replaced; each command's are replaced with its own parameters and nothing else.
 */
export function expandSteps(list: Node | undefined, library: Library, compilation: Compilation, depth = 0): FlatStep[] {
  const { problems } = compilation;
  if (isNull(list) || isUnknown(list)) return [];
  if (depth > limits.stepDepth) {
    problems.error(
      list!.at,
      `Commands call commands more than ${limits.stepDepth} deep`,
      'One of them seems to call itself.',
    );
    return [];
  }
  const home = list!.home ?? library;
  const steps: FlatStep[] = [];
  // CircleCI takes a single step where a list is meant; published orbs rely on it.
  for (const item of list!.kind === 'list' ? list!.items : [list!]) {
    compilation.budget.expansions -= 1;
    if (compilation.budget.steps < 0 || compilation.budget.expansions < 0) {
      problems.error(undefined, `The file expands to more than ${limits.steps} steps`);
      return steps;
    }
    steps.push(...expandStep(item, home, compilation, depth));
  }
  return steps;
}

function expandStep(item: Node, library: Library, compilation: Compilation, depth: number): FlatStep[] {
  const { problems } = compilation;
  if (isUnknown(item)) return [];
  if (item.kind === 'list') return expandSteps(item, library, compilation, depth + 1);
  if (item.kind === 'scalar') {
    if (typeof item.value !== 'string' || item.value.trim() === '') {
      problems.error(item.at, `A step is a name or a map, and this is ${describe(item)}`);
      return [];
    }
    const entry = { keyAt: item.at, value: { kind: 'scalar', value: null, at: item.at } as Node };
    return namedStep(item.value.trim(), entry, library, compilation, depth);
  }
  if (item.entries.size !== 1) {
    const keys = [...item.entries.keys()];
    if (keys.length === 0) {
      problems.error(item.at, 'This step is empty');
      return [];
    }
    const message = `A step has one name, and this has ${keys.length}: ${keys.join(', ')}`;
    problems.extra(item.at, message, `Indent what belongs to "${keys[0]}" below it.`);
  }
  const [name, entry] = [...item.entries][0]!;
  return namedStep(name, entry, library, compilation, depth);
}

function namedStep(name: string, entry: Entry, library: Library, compilation: Compilation, depth: number): FlatStep[] {
  const { problems } = compilation;
  if (name === 'when' || name === 'unless') return conditional(name, entry, library, compilation, depth);
  if (name === 'steps') return expandSteps(entry.value, library, compilation, depth + 1);
  const found = find(library, 'commands', name);
  if (found.kind === 'found') return command(name, found, entry, library, compilation, depth);
  if (builtinNames.includes(name)) {
    const steps = builtinStep(name, entry, problems);
    compilation.budget.steps -= steps.length;
    return steps;
  }
  if (found.kind === 'missing') {
    if (!compilation.linting) reportMissing(found.orb, problems);
  } else {
    problems.error(
      entry.keyAt,
      `There is no step or command "${name}"`,
      name.includes('/')
        ? undefined
        : 'Commands are declared under "commands"; shell commands are written "- run: ...".',
    );
  }
  return [];
}

function conditional(
  name: 'when' | 'unless',
  entry: Entry,
  library: Library,
  compilation: Compilation,
  depth: number,
): FlatStep[] {
  const { problems } = compilation;
  if (entry.value.kind !== 'map') {
    problems.error(entry.keyAt, `"${name}" needs a map with "condition" and "steps"`);
    return [];
  }
  checkKeys(entry.value, ['condition', 'steps', 'description', 'name'], `"${name}"`, problems);
  const condition = child(entry.value, 'condition');
  const steps = child(entry.value, 'steps');
  if (condition === undefined) problems.error(entry.keyAt, `"${name}" needs "condition"`);
  if (steps === undefined) problems.error(entry.keyAt, `"${name}" needs "steps"`);
  const holds = condition && decide(condition, problems);
  if (holds !== undefined && holds !== (name === 'when')) {
    if (compilation.linting) expandSteps(steps, library, compilation, depth + 1);
    return [];
  }
  return expandSteps(steps, library, compilation, depth + 1);
}

function command(
  name: string,
  { library, entry }: Extract<Found, { kind: 'found' }>,
  call: Entry,
  from: Library,
  compilation: Compilation,
  depth: number,
): FlatStep[] {
  const { problems } = compilation;
  compilation.used.add(`commands/${library.name}/${name}`);
  const body = commandBody(name, entry, compilation);
  if (!body) return [];
  const given = argumentsOf(call, `Command "${name}"`, compilation);
  const templating = templatingFor(compilation, library);
  const declared = declareParameters(child(body, 'parameters'), 'command', problems, (node) =>
    substitute(node, baseScope(library), templating),
  );
  const what = `Command "${name}"`;
  const parameters = bindParameters(declared, given, { what, at: call.keyAt, from, to: library, problems });
  const scope = createScope({ parameters, pipeline: library.pipeline });
  const steps = child(body, 'steps');
  return expandSteps(steps && substitute(steps, scope, templating), library, compilation, depth + 1);
}

/** The map of a command, its keys checked. */
export function commandBody(name: string, entry: Entry, compilation: Compilation): Dict | undefined {
  const { problems } = compilation;
  if (entry.value.kind !== 'map') {
    problems.error(entry.keyAt, `Command "${name}" must be a map with "steps"`);
    return undefined;
  }
  checkKeys(entry.value, ['steps', 'parameters', 'description'], `Command "${name}"`, problems);
  if (isNull(child(entry.value, 'steps'))) problems.error(entry.keyAt, `Command "${name}" has no "steps"`);
  return entry.value;
}

function argumentsOf(call: Entry, what: string, compilation: Compilation): Map<string, Entry> {
  if (isNull(call.value) || isUnknown(call.value)) return new Map();
  if (call.value.kind === 'map') return call.value.entries;
  const shown = call.value.kind === 'scalar' ? `"${textOf(call.value)}"` : 'a list';
  compilation.problems.error(call.value.at, `${what} takes its parameters as a map, not ${shown}`);
  return new Map();
}
