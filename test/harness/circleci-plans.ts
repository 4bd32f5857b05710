import { expect } from 'vitest';
import { compileCircleci } from '../../src/integrations/circleci/compile.ts';
import type { OrbShelf } from '../../src/integrations/circleci/port.ts';
import type { Plan, PlannedJob, PlannedStep, SourceTree, Trigger } from '../../src/pipelines/port.ts';

const noFiles: SourceTree = { list: async () => [], read: async () => undefined };

interface Given {
  branch?: string;
  tag?: string;
  parameters?: Trigger['parameters'];
  kind?: Trigger['kind'];
  orbs?: Record<string, string>;
}

function trigger(given: Given): Trigger {
  return {
    kind: given.kind ?? 'push',
    branch: given.tag === undefined ? (given.branch ?? 'main') : undefined,
    tag: given.tag,
    sha: 'abcdef0123456789abcdef0123456789abcdef01',
    parameters: given.parameters ?? {},
    pipeline: { id: 'p-1', number: 7 },
    project: { id: 'prj', slug: 'team/shop', gitUrl: 'http://git/shop.git', defaultBranch: 'main' },
    commit: { message: 'DEPLOY: it\n\nBecause.', author: { name: 'Ada', email: 'ada@example.org' } },
  };
}

function shelf(orbs: Record<string, string>): OrbShelf {
  return {
    versions: async (orb) =>
      Object.keys(orbs).flatMap((name) => (name.startsWith(`${orb}@`) ? [name.slice(orb.length + 1)] : [])),
    read: async (orb, version) => orbs[`${orb}@${version}`],
  };
}

/** What a file comes to, with the orbs and the trigger that are given. */
export async function outcome(text: string, given: Given = {}) {
  return compileCircleci(
    { file: 'c.yml', text, tree: noFiles, trigger: trigger(given) },
    {
      shelves: [shelf(given.orbs ?? {})],
    },
  );
}

/** The plan of a file that has no errors. */
export async function plan(text: string, given: Given = {}): Promise<Plan> {
  const result = await outcome(text, given);
  expect(result.problems.filter((problem) => problem.severity === 'error')).toEqual([]);
  return result.plan!;
}

/** The jobs of its plan, by name. */
export async function jobs(text: string, given: Given = {}): Promise<Record<string, PlannedJob>> {
  const { workflows } = await plan(text, given);
  return Object.fromEntries(workflows.flatMap((workflow) => workflow.jobs.map((job) => [job.name, job])));
}

/** Its errors, each with line and column. */
export async function errors(text: string, given: Given = {}): Promise<string[]> {
  const { problems } = await outcome(text, given);
  return problems.filter((one) => one.severity === 'error').map((one) => `${one.line}:${one.column} ${one.message}`);
}

/** The commands of a job. */
export const scripts = (job: PlannedJob | undefined): string[] =>
  (job?.steps ?? []).flatMap((step: PlannedStep) => (step.kind === 'run' ? [step.command] : []));

/** A file of one job, with that body. */
export const one = (body: string, more = ''): string => `version: 2.1
${more}
jobs:
  a:
    machine: true
${body}
workflows:
  w:
    jobs: [a]
`;

/** The beginning of a file of some jobs, whose workflows are still to come. */
export const two = `version: 2.1
jobs:
  a: { machine: true, parameters: { v: { type: string, default: d }, n: { type: integer, default: 0 } }, steps: [{ run: "<< parameters.v >><< parameters.n >>" }] }
  b: { machine: true, steps: [checkout] }
workflows:
  w:
    jobs:
`;
