import type { PlannedJob, PlannedWorkflow, SourcePosition } from '../../pipelines/port.ts';
import { bodyOf } from './body.ts';
import { type Compilation, templatingFor } from './compilation.ts';
import { decideWorkflow } from './condition.ts';
import { passesBranches, passesFilters, type Ref } from './filters.ts';
import { type FlatInvocation, type FlatWorkflow, settingsBut } from './flat.ts';
import { connect, dropFiltered, type Edge } from './graph.ts';
import { flattenGroups } from './group.ts';
import {
  expandInvocation,
  type Invocation,
  invocationKeys,
  nameInvocations,
  readInvocations,
  setting,
} from './invocation.ts';
import type { JobBody } from './job.ts';
import { baseScope } from './library.ts';
import { limits } from './limits.ts';
import { cellValues } from './matrix.ts';
import { child, type Entry, isNull, isUnknown, type Library, type Node, scalar } from './node.ts';
import { checkKeys, readText, readTexts } from './read.ts';
import { substitute } from './template.ts';

const workflowKeys = ['jobs', 'when', 'unless', 'triggers', 'max_auto_reruns', 'version', 'description'];

/** A workflow with matrices and groups expanded: its invocations, what each waits for, and whether its condition holds. */
interface OpenWorkflow {
  name: string;
  invocations: Invocation[];
  edges: Map<Invocation, Edge[]>;
  runs: boolean;
  maxAutoReruns: number | undefined;
  at: SourcePosition;
}

function openWorkflow(
  name: string,
  entry: Entry,
  library: Library,
  compilation: Compilation,
): OpenWorkflow | undefined {
  const { problems } = compilation;
  const { value } = entry;
  if (value.kind !== 'map') {
    problems.error(entry.keyAt, `Workflow "${name}" must be a map with "jobs"`);
    return undefined;
  }
  checkKeys(value, workflowKeys, `Workflow "${name}"`, problems);
  const maxAutoReruns = readReruns(value.entries.get('max_auto_reruns'), library, compilation);
  const runs = workflowRuns(value.entries, library, compilation);
  const written = readInvocations(child(value, 'jobs'), entry.keyAt, `Workflow "${name}"`, compilation);
  const flat = flattenGroups(written, library, compilation);
  const invocations = flat.flatMap((one) =>
    expandInvocation(one, library, compilation).map((cell) => ({ ...cell, ...one.member })),
  );
  nameInvocations(invocations, compilation);
  return { name, invocations, edges: connect(invocations, problems), runs, maxAutoReruns, at: entry.keyAt };
}

/** Compiles one workflow. Returns undefined when it does not run for this trigger, or cannot be read. */
export function planWorkflow(
  name: string,
  entry: Entry,
  library: Library,
  ref: Ref,
  compilation: Compilation,
): PlannedWorkflow | undefined {
  const { problems } = compilation;
  const open = openWorkflow(name, entry, library, compilation);
  if (!open) return undefined;
  if (!open.runs && !compilation.linting) {
    problems.note(open.at, `Workflow "${name}" does not run: its condition does not hold`);
    return undefined;
  }
  const { invocations, edges } = open;
  const bodies = new Map<Invocation, JobBody>();
  const kept = dropFiltered(invocations, edges, (one) => {
    const templating = templatingFor(compilation, library);
    return passesFilters(setting(one, 'filters'), ref, baseScope(library), templating);
  });
  for (const one of invocations) {
    if (!kept.has(one)) continue;
    const body = bodyOf(one, library, compilation);
    if (body && passesBranches(body.branches, ref, problems)) bodies.set(one, body);
  }
  const left = dropFiltered(invocations, edges, (one) => bodies.has(one));
  if (ref && !problems.failed) tellLeftOut(invocations, left, edges, ref, compilation);
  const jobs = [...left].map((one) => plannedJob(name, one, bodies.get(one)!, edges.get(one) ?? [], left, compilation));
  return { name, jobs, maxAutoReruns: open.maxAutoReruns };
}

/** Says of every job that does not run why. */
function tellLeftOut(
  invocations: Invocation[],
  left: Set<Invocation>,
  edges: Map<Invocation, Edge[]>,
  ref: NonNullable<Ref>,
  { problems }: Compilation,
): void {
  const what = ref.tag === undefined ? `branch ${ref.branch}` : `tag ${ref.tag}`;
  for (const one of invocations) {
    if (left.has(one)) continue;
    const targets = edges.get(one) ?? [];
    const alone = targets.length > 0 && targets.every(({ to }) => !left.has(to));
    const tagless = ref.tag !== undefined && setting(one, 'filters') === undefined;
    const why = alone
      ? 'nothing that it requires runs'
      : tagless
        ? 'without a filter for tags no job runs on one'
        : `its filters leave out ${what}`;
    problems.note(one.at, `"${one.name}" does not run: ${why}`);
  }
}

const expanded = ['name', 'requires', 'context', 'type', 'pre-steps', 'post-steps', 'override-with', 'matrix'];

/**
 * One workflow as a flat file holds it, whatever branch or tag it runs for. Undefined when its condition does not hold and it is not
 * wanted `always`.
 */
export function flattenWorkflow(
  name: string,
  entry: Entry,
  library: Library,
  compilation: Compilation,
  always = false,
): FlatWorkflow | undefined {
  const open = openWorkflow(name, entry, library, compilation);
  if (!open || !(open.runs || always)) return undefined;
  const jobs = open.invocations.flatMap((one): FlatInvocation[] => {
    const body = bodyOf(one, library, compilation);
    if (!body) return [];
    const settings = new Map(
      [...one.settings].filter(([key]) => invocationKeys.includes(key) && !expanded.includes(key)),
    );
    if (!body.flat) settings.set('type', { keyAt: one.at, value: scalar(body.type, one.at) });
    const contexts = contextsOf(one, compilation);
    serialGroupOf(one, compilation);
    if (contexts.length > 0) settings.set('context', { keyAt: one.at, value: textList(contexts, one.at) });
    const requires = (open.edges.get(one) ?? []).map(({ to, outcomes }) => ({ name: to.name, outcomes }));
    return [{ name: one.name, at: one.at, body: body.flat?.(), settings, requires }];
  });
  return { name, settings: settingsBut(entry.value, ['jobs', 'when', 'unless', 'version', 'description']), jobs };
}

function textList(texts: string[], at: SourcePosition): Node {
  return { kind: 'list', at, items: texts.map((text) => scalar(text, at)) };
}

function readReruns(entry: Entry | undefined, library: Library, compilation: Compilation): number | undefined {
  if (!entry) return undefined;
  const node = compilation.templates
    ? substitute(entry.value, baseScope(library), templatingFor(compilation, library))
    : entry.value;
  if (isUnknown(node)) return undefined;
  const value = node.kind === 'scalar' ? node.value : undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 5) return value;
  compilation.problems.error(entry.value.at, '"max_auto_reruns" must be a whole number from 1 to 5');
  return undefined;
}

function workflowRuns(entries: Map<string, Entry>, library: Library, compilation: Compilation): boolean {
  const templating = templatingFor(compilation, library);
  const scope = baseScope(library);
  let runs = true;
  for (const key of ['when', 'unless'] as const) {
    const node = entries.get(key)?.value;
    if (node === undefined) continue;
    if (isNull(node)) {
      runs &&= key === 'unless';
      continue;
    }
    const verdict = decideWorkflow(node, scope, templating, substitute(node, scope, templating));
    if (verdict !== undefined && verdict !== (key === 'when')) runs = false;
  }
  return runs;
}

function plannedJob(
  workflow: string,
  one: Invocation,
  body: JobBody,
  edges: Edge[],
  left: Set<Invocation>,
  compilation: Compilation,
): PlannedJob {
  const { type, branches: _filter, flat: _flat, ...rest } = body;
  const keyOf = (invocation: Invocation): string => `${workflow}/${invocation.name}`;
  if (type === 'release') {
    compilation.problems.warning(one.at, `"${one.name}" is a job of type release, which Millrace passes over as done`);
  }
  const requires = new Map(edges.filter(({ to }) => left.has(to)).map((edge) => [keyOf(edge.to), edge.outcomes]));
  return {
    key: keyOf(one),
    name: one.name,
    workflow,
    kind: type === 'release' ? 'no-op' : type,
    requires: [...requires].map(([key, outcomes]) => ({ key, outcomes })),
    contexts: contextsOf(one, compilation),
    serialGroup: serialGroupOf(one, compilation),
    serialSpan: one.span,
    matrix: one.cell && cellValues(one.cell),
    matrixName: one.matrixName,
    source: one.at,
    ...rest,
  };
}

function contextsOf(one: Invocation, compilation: Compilation): string[] {
  const { problems, contexts: all } = compilation;
  const node = setting(one, 'context');
  const contexts = [...new Set(readTexts(node, '"context"', problems) ?? [])].filter((name) => name !== '');
  for (const name of contexts) all.add(name);
  if (all.size > limits.contexts) {
    problems.error(node?.at, `The workflows of a file name at most ${limits.contexts} contexts, and this is one more`);
  }
  return contexts;
}

function serialGroupOf(one: Invocation, compilation: Compilation): string | undefined {
  const node = setting(one, 'serial-group');
  const group = readText(node, '"serial-group"', compilation.problems);
  if (group === undefined) return undefined;
  if (group.trim() === '' || group.length > limits.serialGroupCharacters) {
    compilation.problems.error(node?.at, `"serial-group" must have 1 to ${limits.serialGroupCharacters} characters`);
  } else if (!/^[\w./-]+$/.test(group)) {
    compilation.problems.error(
      node?.at,
      `"serial-group" may hold letters, digits, ".", "-", "_" and "/", and this is "${group}"`,
    );
  }
  return group;
}

/** The workflow of a file that has none: its job `build`, alone. */
export function lonelyBuild(library: Library, at: SourcePosition): Entry | undefined {
  if (!library.sections.jobs.has('build')) return undefined;
  const jobs: Entry = { keyAt: at, value: textList(['build'], at) };
  return { keyAt: at, value: { kind: 'map', at, entries: new Map([['jobs', jobs]]) } };
}
