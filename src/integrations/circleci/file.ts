import type { SourcePosition, Trigger } from '../../pipelines/port.ts';
import { type Compilation, templatingFor } from './compilation.ts';
import { baseScope, readSections } from './library.ts';
import { limits } from './limits.ts';
import { child, type Dict, describe, type Entry, isNull, type Library, type Node, scalar } from './node.ts';
import { bindParameters, declareParameters, toBoolean, unknownParameters } from './parameters.ts';
import type { Problems } from './problems.ts';
import { substitute } from './template.ts';
import { pipelineValues, unknownPipelineValues } from './values.ts';

/** The top of a pipeline file, read: its version, and the library of what it defines. Orbs are not imported yet. */
export interface PipelineFile {
  root: Dict;
  setup: boolean;
  /** Of pipeline parameters, by name. */
  defaults: Record<string, string | number | boolean>;
  library: Library;
  workflows: Map<string, Entry>;
}

/** Reads the top of a file. `trigger` gives the pipeline's values; without one (linting) they are unknown. */
export function openFile(root: Node, trigger: Trigger | undefined, compilation: Compilation): PipelineFile | undefined {
  const { problems } = compilation;
  if (root.kind !== 'map') {
    problems.error(root.at, `A pipeline file is a map with "version" and "jobs", not ${describe(root)}`);
    return undefined;
  }
  compilation.templates = readVersion(root, problems) === '2.1';
  problems.toleratesExtras = !compilation.templates;
  const setupNode = child(root, 'setup');
  const setup = setupNode !== undefined && toBoolean(setupNode) === true;
  if (setupNode !== undefined && toBoolean(setupNode) === undefined) {
    problems.error(setupNode.at, `"setup" must be true or false, not ${describe(setupNode)}`);
  }
  if (setup && !compilation.templates) {
    problems.error(root.entries.get('setup')!.keyAt, 'A setup configuration must be of version 2.1');
  }
  if (setup && trigger?.continued) {
    problems.error(root.entries.get('setup')!.keyAt, 'A run cannot be continued with another setup configuration');
  }
  const library: Library = {
    name: '',
    sections: readSections(root, problems),
    orbs: new Map(),
    pipeline: trigger ? pipelineValues(trigger, setup) : unknownPipelineValues,
    lenient: false,
  };
  const defaults: PipelineFile['defaults'] = {};
  if (compilation.templates) library.pipeline = withParameters(root, library, trigger, defaults, compilation);
  else checkOldFile(root, problems);
  checkNames(library, problems);
  return { root, setup, defaults, library, workflows: readWorkflows(root, problems) };
}

function readVersion(root: Dict, problems: Problems): '2.0' | '2.1' {
  const entry = root.entries.get('version');
  if (!entry || isNull(entry.value)) {
    problems.warning(root.at, 'The file has no "version"; it is read as version 2.1', 'Begin it with "version: 2.1".');
    return '2.1';
  }
  const text = entry.value.kind === 'scalar' ? String(entry.value.value).trim() : '';
  const match = /^2(?:\.([01]))?\b(.*)$/.exec(text);
  if (!match) {
    problems.error(entry.value.at, `"version" must be 2, 2.0 or 2.1, not ${describe(entry.value)}`);
    return '2.1';
  }
  if (match[2]) problems.warning(entry.value.at, `"${text}" is read as version ${text.slice(0, -match[2].length)}`);
  return match[1] === '1' ? '2.1' : '2.0';
}

/** What version 2 asks for, and what it passes over. */
function checkOldFile(root: Dict, problems: Problems): void {
  const workflows = root.entries.get('workflows');
  if (workflows?.value.kind === 'map' && !workflows.value.entries.has('version')) {
    problems.warning(workflows.keyAt, 'In a file of version 2 "workflows" needs "version: 2"');
  }
  for (const key of ['orbs', 'commands', 'executors', 'parameters', 'job-groups']) {
    const entry = root.entries.get(key);
    if (entry)
      problems.warning(entry.keyAt, `"${key}" means something only in version 2.1, and this file is of version 2`);
  }
}

/** Names of jobs differ in more than the case of their letters. */
function checkNames(library: Library, problems: Problems): void {
  const seen = new Map<string, string>();
  for (const [name, { keyAt }] of library.sections.jobs) {
    const known = seen.get(name.toLowerCase());
    if (known !== undefined)
      problems.error(keyAt, `The jobs "${known}" and "${name}" differ only in the case of letters`);
    seen.set(name.toLowerCase(), name);
  }
}

function readWorkflows(root: Dict, problems: Problems): Map<string, Entry> {
  const node = child(root, 'workflows');
  if (isNull(node)) return new Map();
  if (node?.kind !== 'map') {
    problems.error(node?.at, '"workflows" must be a map of names');
    return new Map();
  }
  return new Map([...node.entries].filter(([name]) => name !== 'version'));
}

/** What a trigger may give as parameters. */
function checkGiven(given: Trigger['parameters'], at: SourcePosition, problems: Problems): void {
  const entries = Object.entries(given);
  if (entries.length > limits.pipelineParameters) {
    problems.error(at, `A run takes at most ${limits.pipelineParameters} parameters, and ${entries.length} were given`);
  }
  for (const [name, value] of entries) {
    if (name.length > limits.parameterNameCharacters) {
      problems.error(at, `The name of a parameter has at most ${limits.parameterNameCharacters} characters`);
    } else if (String(value).length > limits.parameterValueCharacters) {
      const most = limits.parameterValueCharacters;
      problems.error(at, `The value of "${name}" has ${String(value).length} characters; ${most} are allowed`);
    }
  }
}

function withParameters(
  root: Dict,
  library: Library,
  trigger: Trigger | undefined,
  defaults: PipelineFile['defaults'],
  compilation: Compilation,
): Library['pipeline'] {
  const { problems } = compilation;
  const node = child(root, 'parameters');
  const builtin = library.pipeline!;
  const templating = templatingFor(compilation, library);
  const declared = declareParameters(node, 'pipeline', problems, (value) =>
    substitute(value, baseScope(library), templating),
  );
  if (declared.size > limits.pipelineParameters) {
    problems.error(
      node?.at,
      `A pipeline has at most ${limits.pipelineParameters} parameters, and this has ${declared.size}`,
    );
  }
  for (const parameter of declared.values()) {
    const { default: fallback } = parameter;
    if (fallback?.kind === 'scalar' && fallback.value !== null) defaults[parameter.name] = fallback.value;
    if (fallback !== undefined) continue;
    problems.error(parameter.at, `The pipeline parameter "${parameter.name}" needs a default`);
    parameter.default = { ...scalar(null, parameter.at), unknown: 'any' };
  }
  const at = root.entries.get('parameters')?.keyAt ?? root.at;
  const given = new Map<string, Entry>(
    Object.entries(trigger?.parameters ?? {})
      .filter(([name]) => declared.has(name) || !trigger?.continued?.inherited.includes(name))
      .map(([name, value]) => [name, { keyAt: at, value: scalar(value, at) }]),
  );
  if (!trigger?.continued) checkGiven(trigger?.parameters ?? {}, at, problems);
  const call = { what: 'The pipeline', at, from: library, to: library, problems };
  const values = trigger ? bindParameters(declared, given, call) : unknownParameters(declared);
  const prefix = 'pipeline.parameters.';
  return (name) => (name.startsWith(prefix) ? values.get(name.slice(prefix.length)) : builtin(name));
}
