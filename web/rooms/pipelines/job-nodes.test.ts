import { describe, expect, it } from 'vitest';
import type { JobSummary } from '../../../src/pipelines/api.ts';
import { followers, nodesOf } from './job-nodes.ts';

const job = (name: string, requires: (string | [string, string])[] = [], more: Partial<JobSummary> = {}): JobSummary =>
  ({
    id: name,
    key: name,
    name,
    kind: 'build',
    status: 'blocked',
    matrix: null,
    finishedAt: null,
    requires: requires.map((one) =>
      typeof one === 'string' ? { key: one, outcomes: ['success'] } : { key: one[0], outcomes: [one[1]] },
    ),
    ...more,
  }) as JobSummary;
const cell = (name: string, value: string, requires: string[] = []): JobSummary =>
  job(`${name}-${value}`, requires, { matrix: { name, values: { v: value } } });

describe('the nodes of the graph', () => {
  it('show the cells of a matrix as one, with the edges of all', () => {
    const nodes = nodesOf([
      job('build'),
      cell('test', '18', ['build']),
      cell('test', '20', ['build']),
      job('ship', ['test-18', 'test-20']),
    ]);
    expect(nodes.map(({ name, jobs }) => [name, jobs.length])).toEqual([
      ['build', 1],
      ['test', 2],
      ['ship', 1],
    ]);
    expect(nodes[1]!.parameters).toEqual(['v']);
    expect(nodes[2]!.requires).toEqual([nodes[1]!.id]);
  });

  it('keep cells apart that wait for different jobs, and copies of one cell together', () => {
    const nodes = nodesOf([
      cell('a', '1'),
      cell('a', '2'),
      cell('b', '1', ['a-1']),
      cell('b', '2', ['a-2']),
      { ...cell('b', '2', ['a-2']), id: 'copy' },
    ]);
    expect(nodes.map(({ name, jobs }) => [name, jobs.length])).toEqual([
      ['a', 2],
      ['b-1', 1],
      ['b-2', 2],
    ]);
  });
});

describe('what an approval lets happen', () => {
  it('is what follows it, in turns, with what else that needs', () => {
    const found = followers(
      [
        job('build', [], { finishedAt: '2026-01-01T00:00:00Z' }),
        job('slow', ['build']),
        job('hold', ['build']),
        job('stage', ['hold']),
        job('live', ['stage', 'slow', 'build']),
        job('undo', [['live', 'failed']]),
        job('docs', ['build']),
      ],
      'hold',
    );
    expect(found.map(({ job: { name }, turn, needs }) => [name, turn, needs])).toEqual([
      ['stage', 1, []],
      ['live', 2, ['slow']],
    ]);
  });

  it('is nothing where nothing follows, and ends where requirements go round', () => {
    expect(followers([job('hold'), job('undo', [['hold', 'canceled']])], 'hold')).toEqual([]);
    const round = followers([job('hold'), job('a', ['hold', 'b']), job('b', ['a'])], 'hold');
    expect(round.map((one) => one.job.name).sort()).toEqual(['a', 'b']);
  });
});
