import type { PlannedExecutor, PlannedStep } from '../../pipelines/port.ts';
import { type Compilation, templatingFor } from './compilation.ts';
import { executorKeys, executorOf } from './executor.ts';
import { baseScope } from './library.ts';
import { limits } from './limits.ts';
import { child, type Dict, type Entry, isNull, type Library, type Node } from './node.ts';
import { bindParameters, declareParameters, type Parameter } from './parameters.ts';
import { checkKeys, readInteger, readText } from './read.ts';
import { createScope } from './scope.ts';
import { expandSteps } from './steps.ts';
import { substitute } from './template.ts';

const jobTypes = ['build', 'approval', 'no-op', 'release', 'lock', 'unlock'] as const;
type JobType = (typeof jobTypes)[number];

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
  'name',
  'plan_name',
  'validation',
  'key',
  'max_auto_reruns',
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
  /** Version 2's filter inside the job. */
  branches: Node | undefined;
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
  requireKeys(type, name, body, entry, problems);
  return type === 'build'
    ? buildJob(name, body, entry, library, call, compilation)
    : { ...nothing, type, branches: child(body, 'branches') };
}

/** Keys without which a job of a type means nothing. */
const requiredKeys: Partial<Record<JobType, string>> = { release: 'plan_name', lock: 'key', unlock: 'key' };

function requireKeys(type: JobType, name: string, body: Dict, entry: Entry, problems: Compilation['problems']): void {
  const key = requiredKeys[type];
  if (key !== undefined && isNull(child(body, key))) {
    problems.error(entry.keyAt, `Job "${name}" is of type ${type} and needs "${key}"`);
  }
}

const nothing: Omit<JobBody, 'type' | 'branches'> = {
  executor: { kind: 'machine' },
  environment: {},
  shell: '/bin/sh',
  workingDirectory: '~/project',
  resourceClass: undefined,
  parallelism: 1,
  steps: [],
};

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
  if (isNull(ownSteps)) problems.error(entry.keyAt, `Job "${name}" has no "steps"`);
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
  const macos = settings.executor?.kind === 'macos';
  return {
    type: 'build',
    executor: settings.executor ?? { kind: 'machine' },
    environment: settings.environment,
    shell: settings.shell ?? (macos ? '/bin/bash --login -eo pipefail' : '/bin/bash -eo pipefail'),
    workingDirectory: settings.workingDirectory ?? '~/project',
    resourceClass: settings.resourceClass,
    parallelism: Math.max(1, parallelism ?? 1),
    steps,
    branches: child(body, 'branches'),
  };
}
