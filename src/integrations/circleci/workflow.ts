import type { PlannedJob, PlannedWorkflow, SourcePosition } from '../../pipelines/port.ts';
import { type Compilation, templatingFor } from './compilation.ts';
import { decideWorkflow } from './condition.ts';
import { passesBranches, passesFilters, type Ref } from './filters.ts';
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
import { expandJob, type JobBody, jobParameters } from './job.ts';
import { baseScope, find } from './library.ts';
import { limits } from './limits.ts';
import { cellValues } from './matrix.ts';
import { child, type Entry, isNull, isUnknown, type Library, textOf } from './node.ts';
import { reportMissing } from './orbs.ts';
import { checkKeys, readText, readTexts } from './read.ts';
import { substitute } from './template.ts';

const workflowKeys = ['jobs', 'when', 'unless', 'triggers', 'max_auto_reruns', 'version', 'description'];

/** Compiles one workflow. Returns undefined when it does not run for this trigger, or cannot be read. */
export function planWorkflow(
  name: string,
  entry: Entry,
  library: Library,
  ref: Ref,
  compilation: Compilation,
): PlannedWorkflow | undefined {
  const { problems } = compilation;
  const { value } = entry;
  if (value.kind !== 'map') {
    problems.error(entry.keyAt, `Workflow "${name}" must be a map with "jobs"`);
    return undefined;
  }
  checkKeys(value, workflowKeys, `Workflow "${name}"`, problems);
  checkReruns(value.entries.get('max_auto_reruns'), compilation);
  const runs = workflowRuns(value.entries, library, compilation);
  const written = readInvocations(child(value, 'jobs'), entry.keyAt, `Workflow "${name}"`, compilation);
  const flat = flattenGroups(written, library, compilation);
  const invocations = flat.flatMap((one) =>
    expandInvocation(one, library, compilation).map((cell) => ({ ...cell, ...one.member })),
  );
  nameInvocations(invocations, compilation);
  const edges = connect(invocations, problems);
  if (!runs && !compilation.linting) return undefined;

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
  const jobs = [...left].map((one) => plannedJob(name, one, bodies.get(one)!, edges.get(one) ?? [], left, compilation));
  return { name, jobs };
}

function checkReruns(entry: Entry | undefined, compilation: Compilation): void {
  if (!entry || isUnknown(entry.value)) return;
  const value = entry.value.kind === 'scalar' ? entry.value.value : undefined;
  if (typeof value === 'string' && value.includes('<<')) return;
  if (!Number.isInteger(value) || Number(value) < 1 || Number(value) > 5) {
    compilation.problems.error(entry.value.at, '"max_auto_reruns" must be a whole number from 1 to 5');
  }
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

function bodyOf(one: Invocation, library: Library, compilation: Compilation): JobBody | undefined {
  const { problems } = compilation;
  const typeNode = setting(one, 'type');
  const type = readText(typeNode, '"type"', problems);
  if (type === 'approval' || type === 'no-op') return emptyBody(type);
  if (type !== undefined && type !== 'build') {
    problems.error(typeNode?.at, `The type of an invocation is "approval" or "no-op", not "${type}"`);
  }
  const replacement = setting(one, 'override-with');
  const replaced = replacement?.kind === 'scalar' ? find(library, 'jobs', textOf(replacement)) : undefined;
  const name = replaced?.kind === 'found' && replacement?.kind === 'scalar' ? textOf(replacement) : one.job;
  const found = find(library, 'jobs', name);
  if (found.kind === 'missing') {
    if (!compilation.linting) reportMissing(found.orb, problems);
    return undefined;
  }
  if (found.kind === 'none') {
    problems.error(
      one.at,
      `There is no job "${name}"`,
      name.includes('/') ? undefined : 'Jobs are declared under "jobs".',
    );
    return undefined;
  }
  compilation.used.add(`jobs/${found.library.name}/${name}`);
  const given = new Map([...one.settings].filter(([key]) => !invocationKeys.includes(key)));
  const declared = one.cell && jobParameters(found.entry, found.library, compilation);
  for (const [key, entry] of one.cell ?? []) {
    if (!declared?.has(key)) {
      problems.warning(
        entry.keyAt,
        `Job "${name}" has no parameter "${key}"; it only tells the cells of the matrix apart`,
      );
      continue;
    }
    if (given.has(key)) problems.error(entry.keyAt, `"${key}" is given both in the matrix and beside it`);
    given.set(key, entry);
  }
  const call = {
    given,
    at: one.at,
    from: library,
    before: setting(one, 'pre-steps'),
    after: setting(one, 'post-steps'),
  };
  return expandJob(name, found, call, compilation);
}

function emptyBody(type: 'approval' | 'no-op'): JobBody {
  return {
    type,
    executor: { kind: 'machine' },
    environment: {},
    shell: '/bin/sh',
    workingDirectory: '~/project',
    resourceClass: undefined,
    parallelism: 1,
    steps: [],
    branches: undefined,
  };
}

function plannedJob(
  workflow: string,
  one: Invocation,
  body: JobBody,
  edges: Edge[],
  left: Set<Invocation>,
  compilation: Compilation,
): PlannedJob {
  const { type, branches: _filter, ...rest } = body;
  const keyOf = (invocation: Invocation): string => `${workflow}/${invocation.name}`;
  if (type === 'release' || type === 'lock' || type === 'unlock') {
    compilation.problems.warning(one.at, `"${one.name}" is a job of type ${type}, which Millrace passes over as done`);
  }
  const requires = new Map(edges.filter(({ to }) => left.has(to)).map((edge) => [keyOf(edge.to), edge.outcomes]));
  return {
    key: keyOf(one),
    name: one.name,
    workflow,
    kind: type === 'build' || type === 'approval' ? type : 'no-op',
    requires: [...requires].map(([key, outcomes]) => ({ key, outcomes })),
    contexts: contextsOf(one, compilation),
    serialGroup: serialGroupOf(one, compilation),
    matrix: one.cell && cellValues(one.cell),
    source: one.at,
    ...rest,
  };
}

function contextsOf(one: Invocation, compilation: Compilation): string[] {
  const node = setting(one, 'context');
  const contexts = [...new Set(readTexts(node, '"context"', compilation.problems) ?? [])].filter((name) => name !== '');
  if (contexts.length > limits.contextsPerJob) {
    compilation.problems.error(
      node?.at,
      `A job takes at most ${limits.contextsPerJob} contexts, and this names ${contexts.length}`,
    );
  }
  return contexts;
}

function serialGroupOf(one: Invocation, compilation: Compilation): string | undefined {
  const node = setting(one, 'serial-group');
  const group = readText(node, '"serial-group"', compilation.problems);
  if (group !== undefined && (group === '' || group.length > limits.serialGroupCharacters)) {
    compilation.problems.error(node?.at, `"serial-group" must have 1 to ${limits.serialGroupCharacters} characters`);
  }
  return group;
}

/** The workflow of a file that has none: its job `build`, alone. */
export function lonelyBuild(
  library: Library,
  ref: Ref,
  at: SourcePosition,
  compilation: Compilation,
): PlannedWorkflow | undefined {
  if (!library.sections.jobs.has('build')) return undefined;
  const list = { kind: 'list', at, items: [{ kind: 'scalar', value: 'build', at }] } as const;
  const jobs: Entry = { keyAt: at, value: { ...list, items: [...list.items] } };
  const entry: Entry = { keyAt: at, value: { kind: 'map', at, entries: new Map([['jobs', jobs]]) } };
  return planWorkflow('workflow', entry, library, ref, compilation);
}
