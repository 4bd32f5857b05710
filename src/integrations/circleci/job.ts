import type { PlannedExecutor, PlannedStep } from '../../pipelines/port.ts';
import type { FlatStep } from './builtin-steps.ts';
import { type Compilation, templatingFor } from './compilation.ts';
import { executorKeys, executorOf } from './executor.ts';
import { flatStep, settingsBut, withEnvironment } from './flat.ts';
import { checkSettings, type JobType, jobTypes } from './job-settings.ts';
import { baseScope } from './library.ts';
import { limits } from './limits.ts';
import { child, type Dict, type Entry, isNull, type Library, type Node } from './node.ts';
import { bindParameters, declareParameters, type Parameter } from './parameters.ts';
import { checkKeys, readInteger, readText } from './read.ts';
import { createScope } from './scope.ts';
import { expandSteps } from './steps.ts';
import { substitute } from './template.ts';

const jobKeys = [
  ...executorKeys,
  'executor',
  'type',
  'parameters',
  'steps',
  'parallelism',
  'branches',
  'retention',
  'circleci_ip_ranges',
  'description',
];

/** A job's body for one invocation: everything but its place in the workflow. */
export interface JobBody {
  type: JobType;
  executor: PlannedExecutor;
  environment: Record<string, string>;
  shell: string;
  workingDirectory: string;
  resourceClass: string | undefined;
  parallelism: number;
  steps: PlannedStep[];
  /** Of `lock` and `unlock`. */
  lockKey?: string | undefined;
  /** Version 2's filter inside the job. */
  branches: Node | undefined;
  /** The body as a flat file holds it; nothing for what an invocation alone defines. */
  flat: (() => Dict) | undefined;
}

/** One call of a job: its arguments, and steps put before and after its own. */
export interface JobCall {
  given: Map<string, Entry>;
  at: Entry['keyAt'];
  from: Library;
  before?: Node | undefined;
  after?: Node | undefined;
}

/** The parameters a job declares. */
export function jobParameters(entry: Entry, library: Library, compilation: Compilation): Map<string, Parameter> {
  const templating = templatingFor(compilation, library);
  return declareParameters(child(entry.value, 'parameters'), 'job', compilation.problems, (node) =>
    substitute(node, baseScope(library), templating),
  );
}

/** Expands one job for one call. Returns undefined when it cannot be read at all; everything wrong is reported. */
export function expandJob(
  name: string,
  { library, entry }: { library: Library; entry: Entry },
  call: JobCall,
  compilation: Compilation,
): JobBody | undefined {
  const { problems } = compilation;
  if (entry.value.kind !== 'map') {
    problems.error(entry.keyAt, `Job "${name}" must be a map with "steps" and a place to run in`);
    return undefined;
  }
  const type = jobType(entry.value, problems);
  if (type === 'build') checkKeys(entry.value, jobKeys, `Job "${name}"`, problems);
  const declared = jobParameters(entry, library, compilation);
  const what = `Job "${name}"`;
  const parameters = bindParameters(declared, call.given, {
    what,
    at: call.at,
    from: call.from,
    to: library,
    problems,
  });
  const own = new Map(entry.value.entries);
  own.delete('parameters');
  own.delete('description');
  const scope = createScope({ parameters, pipeline: library.pipeline });
  const templating = templatingFor(compilation, library);
  const body = (
    compilation.templates
      ? substitute({ ...entry.value, entries: own }, scope, templating)
      : { ...entry.value, entries: own }
  ) as Dict;
  checkSettings(type, name, body, entry, problems);
  if (type === 'build') return buildJob(name, body, entry, library, call, compilation);
  const flat = (): Dict => ({ ...body, entries: settingsBut(body, []) });
  const lockKey = type === 'lock' || type === 'unlock' ? readText(child(body, 'key'), '"key"', problems) : undefined;
  return { ...emptyBody(type), branches: child(body, 'branches'), lockKey, flat };
}

/** A job in which nothing runs. */
export function emptyBody(type: JobType): JobBody {
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
    flat: undefined,
  };
}

function jobType(body: Dict, problems: Compilation['problems']): JobType {
  const entry = body.entries.get('type');
  const text = readText(entry?.value, '"type"', problems) ?? 'build';
  const type = jobTypes.find((one) => one === text);
  if (!type) {
    problems.error(entry?.keyAt, `Invalid job type "${text}"`, `One of: ${jobTypes.join(', ')}.`);
  }
  return type ?? 'build';
}

function buildJob(
  name: string,
  body: Dict,
  entry: Entry,
  library: Library,
  call: JobCall,
  compilation: Compilation,
): JobBody {
  const { problems } = compilation;
  const settings = executorOf(body, library, compilation);
  const noPlace = settings.executor === undefined && isNull(child(body, 'executor'));
  if (noPlace && !isNull(child(body, 'steps'))) {
    problems.error(
      entry.keyAt,
      `Job "${name}" does not say where it runs`,
      'Give it "docker", "machine" or "executor".',
    );
  }
  const ownSteps = child(body, 'steps');
  if (isNull(ownSteps)) {
    const message = `Job "${name}" has no "steps"`;
    // A placeholder that nothing invokes is no mistake yet.
    if (compilation.unused && noPlace) problems.warning(entry.keyAt, message);
    else problems.error(entry.keyAt, message);
  }
  const steps = [
    ...expandSteps(call.before, call.from, compilation),
    ...expandSteps(ownSteps, library, compilation),
    ...expandSteps(call.after, call.from, compilation),
  ];
  if (steps.length > limits.stepsPerJob) {
    problems.error(entry.keyAt, `Job "${name}" expands to ${steps.length} steps; ${limits.stepsPerJob} are allowed`);
  }
  const parallelism = readInteger(child(body, 'parallelism'), '"parallelism"', problems);
  if (parallelism !== undefined && parallelism < 1) {
    problems.error(child(body, 'parallelism')?.at, '"parallelism" must be at least 1');
  }
  if (parallelism !== undefined && parallelism > limits.parallelism) {
    const message = `A job runs as at most ${limits.parallelism} copies here, and this asks for ${parallelism}`;
    problems.warning(child(body, 'parallelism')?.at, message);
  }
  const remote = steps.find(({ name: step }) => step === 'setup_remote_docker');
  if (remote && settings.executor && settings.executor.kind !== 'docker') {
    const message = '"setup_remote_docker" is for jobs in a container; a machine has an engine of its own';
    problems.warning(remote.settings.at, message);
  }
  const macos = settings.executor?.kind === 'macos';
  return {
    type: 'build',
    executor: settings.executor ?? { kind: 'machine' },
    environment: settings.environment,
    shell: settings.shell ?? (macos ? '/bin/bash --login -eo pipefail' : '/bin/bash -eo pipefail'),
    workingDirectory: settings.workingDirectory ?? '~/project',
    resourceClass: settings.resourceClass,
    parallelism: Math.min(limits.parallelism, Math.max(1, parallelism ?? 1)),
    steps: steps.flatMap(({ planned }) => planned),
    branches: child(body, 'branches'),
    flat: () => flatJob(body, settings.written, steps),
  };
}

/** Everything of a job but what was expanded: where it runs, its settings, then its steps. */
function flatJob(body: Dict, executor: Map<string, Entry>, steps: FlatStep[]): Dict {
  const entries = withEnvironment(new Map([...executor].filter(([, { value }]) => !isNull(value))));
  for (const [key, entry] of settingsBut(body, [...executorKeys, 'executor', 'type', 'steps', 'name'])) {
    entries.set(key, entry);
  }
  const items = steps.map(({ name, settings }) => flatStep(name, settings));
  entries.set('steps', { keyAt: body.at, value: { kind: 'list', at: body.at, items } });
  return { kind: 'map', at: body.at, entries };
}
