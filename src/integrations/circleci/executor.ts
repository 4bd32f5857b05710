import type { PlannedExecutor } from '../../pipelines/port.ts';
import { type Compilation, templatingFor } from './compilation.ts';
import { baseScope, find } from './library.ts';
import { child, type Dict, type Entry, isNull, isUnknown, type Library, type Node, textOf } from './node.ts';
import { reportMissing } from './orbs.ts';
import { bindParameters, declareParameters } from './parameters.ts';
import { placeOf } from './place.ts';
import { checkKeys, environmentEntries, readEnvironment, readText } from './read.ts';
import { resourceClassProblem } from './resource-class.ts';
import { createScope } from './scope.ts';
import { substitute } from './template.ts';

/** Keys that an executor gives and a job may override, each as a whole; `environment` alone is merged. */
export const executorKeys = [
  'docker',
  'machine',
  'macos',
  'shell',
  'working_directory',
  'environment',
  'resource_class',
] as const;

export interface ExecutorSettings {
  executor: PlannedExecutor | undefined;
  shell: string | undefined;
  workingDirectory: string | undefined;
  environment: Record<string, string>;
  resourceClass: string | undefined;
  /** The same as written, the executor's and the job's together. */
  written: Map<string, Entry>;
}

/** The settings of a job body whose templates are replaced, with those of the executor it names underneath. */
export function executorOf(body: Dict, library: Library, compilation: Compilation): ExecutorSettings {
  const reference = child(body, 'executor');
  const named = reference ? namedExecutor(reference, library, compilation) : undefined;
  const merged = new Map<string, Entry>();
  for (const key of executorKeys) {
    const entry = body.entries.get(key) ?? named?.entries.get(key);
    if (entry && !isNull(entry.value)) merged.set(key, entry);
  }
  const { problems } = compilation;
  const settings = readExecutor({ kind: 'map', at: body.at, entries: merged }, compilation);
  const below = named?.entries.get('environment');
  if (!below || isNull(below.value)) return settings;
  const underneath = readEnvironment(below.value, problems);
  const both = mergedEnvironment(below, body.entries.get('environment'));
  return {
    ...settings,
    environment: { ...underneath, ...settings.environment },
    written: new Map([...merged, ['environment', both]]),
  };
}

/** Two environments as one map; a name in both keeps the second's value. */
function mergedEnvironment(below: Entry, above: Entry | undefined): Entry {
  const entries = [below, above].flatMap((entry) => [...(environmentEntries(entry?.value) ?? [])]);
  return { ...below, value: { kind: 'map', at: below.value.at, entries: new Map(entries) } };
}

function namedExecutor(reference: Node, library: Library, compilation: Compilation): Dict | undefined {
  const { problems } = compilation;
  if (isUnknown(reference) || isNull(reference)) return undefined;
  const name = reference.kind === 'map' ? child(reference, 'name') : reference;
  if (isUnknown(name)) return undefined;
  if (name?.kind !== 'scalar') {
    problems.error(reference.at, 'An executor is a name, or a map with "name" and its parameters');
    return undefined;
  }
  const home = name.home ?? reference.home ?? library;
  const found = find(home, 'executors', textOf(name));
  if (found.kind === 'missing') {
    if (!compilation.linting) reportMissing(found.orb, problems);
    return undefined;
  }
  if (found.kind === 'none') {
    problems.error(name.at, `There is no executor "${textOf(name)}"`, 'Executors are declared under "executors".');
    return undefined;
  }
  compilation.used.add(`executors/${found.library.name}/${textOf(name)}`);
  const given = new Map(reference.kind === 'map' ? reference.entries : []);
  given.delete('name');
  return expandExecutor(textOf(name), found, { given, at: reference.at, from: home }, compilation);
}

/** An executor's body with its parameters filled in. */
export function expandExecutor(
  name: string,
  { library, entry }: { library: Library; entry: Entry },
  call: { given: Map<string, Entry>; at: Entry['keyAt']; from: Library },
  compilation: Compilation,
): Dict | undefined {
  const { problems } = compilation;
  if (entry.value.kind !== 'map') {
    problems.error(entry.value.at, `Executor "${name}" must be a map`);
    return undefined;
  }
  const templating = templatingFor(compilation, library);
  const declared = declareParameters(child(entry.value, 'parameters'), 'executor', problems, (node) =>
    substitute(node, baseScope(library), templating),
  );
  const parameters = bindParameters(declared, call.given, {
    what: `Executor "${name}"`,
    at: call.at,
    from: call.from,
    to: library,
    problems,
  });
  checkKeys(entry.value, [...executorKeys, 'parameters', 'description'], `Executor "${name}"`, problems);
  const body = new Map(entry.value.entries);
  body.delete('parameters');
  body.delete('description');
  const scope = createScope({ parameters, pipeline: library.pipeline });
  return substitute({ ...entry.value, entries: body }, scope, templating) as Dict;
}

/** Reads the keys of an executor whose templates are replaced. */
export function readExecutor(body: Dict, compilation: Compilation): ExecutorSettings {
  const { problems } = compilation;
  const kinds = (['docker', 'machine', 'macos'] as const).filter((kind) => body.entries.has(kind));
  if (kinds.length > 1) {
    const second = body.entries.get(kinds[1]!)!;
    problems.error(
      second.keyAt,
      `A job runs on one of docker, machine and macos, and this names ${kinds.join(' and ')}`,
    );
  }
  const kind = kinds[0];
  const machine = child(body, 'machine');
  const ownClass =
    body.entries.get('resource_class') ?? (machine?.kind === 'map' ? machine.entries.get('resource_class') : undefined);
  const resourceClass = readText(ownClass?.value, '"resource_class"', problems);
  const wrong = resourceClass !== undefined && kind ? resourceClassProblem(kind, resourceClass) : undefined;
  if (wrong) problems.error(ownClass?.keyAt, wrong);
  return {
    executor: kind && placeOf(kind, body.entries.get(kind)!, resourceClass, problems),
    shell: readText(child(body, 'shell'), '"shell"', problems),
    workingDirectory: readText(child(body, 'working_directory'), '"working_directory"', problems),
    environment: readEnvironment(child(body, 'environment'), problems),
    resourceClass,
    written: body.entries,
  };
}
