import { describe, expect, it } from 'vitest';
import type { Fact } from './fact-row.tsx';
import { foldFacts, isFold } from './fold-facts.ts';

let position = 0;
function fact(type: string, data: Record<string, unknown> = {}): Fact {
  position += 1;
  const id = String(position);
  return {
    id,
    position,
    type,
    subject: `job:${id}`,
    projectId: null,
    actor: { kind: 'system', id: 'x', name: 'x' },
    causes: [],
    at: '2026-01-01T00:00:00.000Z',
    data,
  };
}
const job = (name: string, verb = 'queued', runId = 'r', more: Record<string, unknown> = {}) =>
  fact(`pipelines.job.${verb}`, { name, runId, ...more });
const shape = (rows: ReturnType<typeof foldFacts>) => rows.map((row) => (isFold(row) ? row.text : row.type));

describe('foldFacts', () => {
  it('draws facts of jobs together where three or more stand together', () => {
    const rows = [
      fact('pipelines.run.started'),
      job('a'),
      job('b'),
      job('a', 'started'),
      fact('pipelines.run.finished'),
    ];
    expect(shape(foldFacts(rows))).toEqual(['pipelines.run.started', '3 steps of jobs a, b', 'pipelines.run.finished']);
    expect(shape(foldFacts([job('a'), job('b')]))).toEqual(['pipelines.job.queued', 'pipelines.job.queued']);
  });

  it('keeps runs apart, and what needs a look on its own', () => {
    const two = [
      job('a'),
      job('b'),
      job('c'),
      job('a', 'queued', 's'),
      job('b', 'queued', 's'),
      job('c', 'queued', 's'),
    ];
    expect(shape(foldFacts(two))).toEqual(['3 steps of jobs a, b, c', '3 steps of jobs a, b, c']);
    const failed = job('b', 'finished', 'r', { status: 'failed' });
    expect(shape(foldFacts([job('a'), job('b'), job('c'), failed]))).toEqual([
      '3 steps of jobs a, b, c',
      'pipelines.job.finished',
    ]);
  });

  it('counts sign-ins of one person', () => {
    const signIn = () => fact('identity.person.signed-in');
    expect(shape(foldFacts([signIn(), signIn(), signIn()]))).toEqual(['x signed in 3 times']);
  });

  it('leaves out the fact that is looked at', () => {
    const facts = [job('a'), job('b'), job('c'), job('d')];
    expect(shape(foldFacts(facts, facts[3]!.id))).toEqual(['3 steps of jobs a, b, c', 'pipelines.job.queued']);
  });

  it('loses and reorders nothing', () => {
    const facts = [job('a'), fact('errors.issue.opened'), job('b'), job('c'), job('d'), job('e', 'on_hold')];
    expect(foldFacts(facts).flatMap((row) => (isFold(row) ? row.facts : [row]))).toEqual(facts);
  });
});
