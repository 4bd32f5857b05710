import { describe, expect, it } from 'vitest';
import { inherit, jobRows, numberJobs, stepRows } from './job-rows.ts';
import type { Plan, PlannedJob } from './plan.ts';
import type { Job } from './run.ts';
import { skipsRun } from './run.ts';

const planned = (name: string, requires: string[] = [], more: Partial<PlannedJob> = {}): PlannedJob => ({
  key: `w/${name}`,
  name,
  workflow: 'w',
  kind: 'build',
  requires: requires.map((each) => ({ key: `w/${each}`, outcomes: ['success'] })),
  executor: { kind: 'docker', images: [{ image: 'busybox', environment: {} }] },
  environment: {},
  contexts: [],
  shell: '/bin/sh -e',
  workingDirectory: '~/project',
  parallelism: 1,
  steps: [{ kind: 'checkout', name: 'Checkout', when: 'on_success' }],
  ...more,
});
const plan = (...jobs: PlannedJob[]): Plan => ({ dialect: 'circleci', notes: [], workflows: [{ name: 'w', jobs }] });
const rows = (...jobs: PlannedJob[]): Job[] => numberJobs(jobRows(plan(...jobs), { id: 'r', projectId: 'p' }), 40);

describe('rows of a plan', () => {
  it('are one for each copy of a job; copies share the number', () => {
    const made = rows(planned('a'), planned('b', ['a'], { parallelism: 3 }), planned('c', ['b']));
    expect(made.map((row) => [row.name, row.number, row.nodeIndex, row.nodeTotal, row.position])).toEqual([
      ['a', 40, 0, 1, 0],
      ['b', 41, 0, 3, 1],
      ['b', 41, 1, 3, 2],
      ['b', 41, 2, 3, 3],
      ['c', 42, 0, 1, 4],
    ]);
    expect(stepRows(made[0]!).map((step) => [step.number, step.kind])).toEqual([
      [0, 'prepare'],
      [1, 'checkout'],
    ]);
  });

  it('take over what passed, unless something it builds on runs again', () => {
    const jobs = [planned('a'), planned('b', ['a']), planned('c', ['b']), planned('d', ['a'], { parallelism: 2 })];
    const before = rows(...jobs).map((row, index) => ({
      ...row,
      id: `old${index}`,
      status: (['success', 'failed', 'success', 'success', 'failed'] as const)[index]!,
    }));
    expect(inherit(rows(...jobs), before).map((row) => [row.name, row.status, row.inheritedFrom])).toEqual([
      ['a', 'success', 'old0'],
      ['b', 'blocked', null],
      ['c', 'blocked', null],
      ['d', 'blocked', null],
      ['d', 'blocked', null],
    ]);
  });
});

describe('skip ci', () => {
  it('is read from the beginning of the message only', () => {
    expect(skipsRun('Fix [skip ci]')).toBe(true);
    expect(skipsRun('Fix [CI SKIP]')).toBe(true);
    expect(skipsRun(`${'x'.repeat(250)}[skip ci]`)).toBe(false);
  });
});
