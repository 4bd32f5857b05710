import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobOutcome } from './plan.ts';
import { advance, isFinal, isRunFinal, type JobState, type RunFact, type RunState } from './run-state.ts';

const job = (key: string, requires: string[] = [], outcomes: JobOutcome[] = ['success'], id = key): JobState => ({
  id,
  key,
  kind: 'build',
  status: 'blocked',
  requires: requires.map((required) => ({ key: required, outcomes })),
});
const run = (...jobs: JobState[]): RunState => ({ status: 'queued', canceling: false, jobs });
const following = (state: RunState, ...facts: RunFact[]): RunState =>
  facts.reduce((current, fact) => advance(current, fact).state, state);
const statuses = (state: RunState): Record<string, string> =>
  Object.fromEntries(state.jobs.map((each) => [each.id, each.status]));

describe('a run', () => {
  it('goes along its graph', () => {
    const planned = following(run(job('a'), job('b', ['a']), job('c', ['a', 'b'])), { kind: 'planned' });
    expect(statuses(planned)).toEqual({ a: 'queued', b: 'blocked', c: 'blocked' });
    const next = following(
      planned,
      { kind: 'started', jobId: 'a' },
      { kind: 'finished', jobId: 'a', status: 'success' },
    );
    expect(statuses(next)).toEqual({ a: 'success', b: 'queued', c: 'blocked' });
    expect(next.status).toBe('running');
  });

  it('passes over what depends on a failure, and fails', () => {
    const end = following(
      run(job('a'), job('b', ['a']), job('c', ['b']), job('alarm', ['a'], ['failed'])),
      { kind: 'planned' },
      { kind: 'started', jobId: 'a' },
      { kind: 'finished', jobId: 'a', status: 'failed' },
    );
    expect(statuses(end)).toEqual({ a: 'failed', b: 'not_run', c: 'not_run', alarm: 'queued' });
    expect(following(end, { kind: 'finished', jobId: 'alarm', status: 'success' }).status).toBe('failed');
  });

  it('waits for every copy of a parallel job and takes the worst', () => {
    const state = following(
      run(job('a', [], ['success'], 'a0'), job('a', [], ['success'], 'a1'), job('b', ['a'])),
      { kind: 'planned' },
      { kind: 'finished', jobId: 'a0', status: 'success' },
    );
    expect(statuses(state)).toMatchObject({ b: 'blocked' });
    expect(statuses(following(state, { kind: 'finished', jobId: 'a1', status: 'canceled' }))).toMatchObject({
      b: 'not_run',
    });
  });

  it('stands on hold until a person approves', () => {
    const held = following(run({ ...job('gate'), kind: 'approval' }, job('deploy', ['gate'])), { kind: 'planned' });
    expect(held.status).toBe('on_hold');
    const approved = following(held, { kind: 'approved', jobId: 'gate' });
    expect(statuses(approved)).toEqual({ gate: 'success', deploy: 'queued' });
  });

  it('ignores a requirement that was filtered out', () => {
    expect(statuses(following(run(job('b', ['gone'])), { kind: 'planned' }))).toEqual({ b: 'queued' });
  });

  it('lets running jobs end when it is canceled, and starts nothing new', () => {
    const state = following(
      run(job('a'), job('b', ['a'], ['success', 'canceled'])),
      { kind: 'planned' },
      { kind: 'started', jobId: 'a' },
      { kind: 'canceled' },
    );
    expect(statuses(state)).toEqual({ a: 'running', b: 'canceled' });
    expect(state.status).toBe('running');
    expect(following(state, { kind: 'finished', jobId: 'a', status: 'canceled' }).status).toBe('canceled');
  });

  it('is canceled when it was canceled, also with a job that had failed by then', () => {
    const failing = following(
      run(job('a'), job('b')),
      { kind: 'planned' },
      { kind: 'started', jobId: 'a' },
      { kind: 'started', jobId: 'b' },
      { kind: 'finished', jobId: 'a', status: 'failed' },
    );
    const one = following(failing, { kind: 'finished', jobId: 'b', status: 'canceled' });
    expect(one.status).toBe('failed');
    const all = following(failing, { kind: 'canceled' }, { kind: 'finished', jobId: 'b', status: 'canceled' });
    expect(all.status).toBe('canceled');
  });

  it('of nothing but jobs that were passed over is a success', () => {
    expect(following(run(), { kind: 'planned' }).status).toBe('success');
  });
});

const graph = fc.integer({ min: 1, max: 8 }).chain((count) =>
  fc
    .tuple(
      ...Array.from({ length: count }, (_, index) =>
        fc.record({
          kind: fc.constantFrom<JobState['kind']>('build', 'build', 'build', 'approval', 'no-op'),
          requires: fc.uniqueArray(fc.nat(Math.max(0, index - 1)), { maxLength: index === 0 ? 0 : 3 }),
          outcomes: fc.constantFrom<JobOutcome[]>(
            ['success'],
            ['failed'],
            ['success', 'failed'],
            ['not_run', 'canceled'],
          ),
        }),
      ),
    )
    .map((specs) =>
      run(
        ...specs.map((spec, index) => ({
          ...job(
            `j${index}`,
            spec.requires.map((each) => `j${each}`),
            spec.outcomes,
          ),
          kind: spec.kind,
        })),
      ),
    ),
);
const fact = fc.oneof(
  fc.record({ kind: fc.constant('started' as const), jobId: fc.nat(7).map((n) => `j${n}`) }),
  fc.record({
    kind: fc.constant('finished' as const),
    jobId: fc.nat(7).map((n) => `j${n}`),
    status: fc.constantFrom('success' as const, 'failed' as const, 'canceled' as const, 'infrastructure_fail' as const),
  }),
  fc.record({ kind: fc.constant('approved' as const), jobId: fc.nat(7).map((n) => `j${n}`) }),
  fc.record({ kind: fc.constant('job-canceled' as const), jobId: fc.nat(7).map((n) => `j${n}`) }),
  fc.constant({ kind: 'canceled' as const }),
  fc.constant({ kind: 'planned' as const }),
);

describe('any order of facts', () => {
  it('never moves a job that ended, changes nothing twice, and agrees with its own list of changes', () => {
    fc.assert(
      fc.property(graph, fc.array(fact, { maxLength: 30 }), (start, facts) => {
        let state = advance(start, { kind: 'planned' }).state;
        for (const each of facts) {
          const known = new Map(state.jobs.map((one) => [one.id, one.status]));
          const step = advance(state, each);
          for (const change of step.changes) {
            expect(known.get(change.jobId)).toBe(change.from);
            expect(isFinal(change.from)).toBe(false);
            known.set(change.jobId, change.to);
          }
          expect(new Map(step.state.jobs.map((one) => [one.id, one.status]))).toEqual(known);
          expect(advance(step.state, each).changes).toEqual([]);
          state = step.state;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('always comes to an end once every job that can run has run', () => {
    fc.assert(
      fc.property(
        graph,
        fc.array(fc.constantFrom('success' as const, 'failed' as const), { minLength: 8, maxLength: 8 }),
        (start, ends) => {
          let state = advance(start, { kind: 'planned' }).state;
          for (let turn = 0; turn < 40 && !isRunFinal(state.status); turn += 1) {
            const open = state.jobs.find((each) => ['queued', 'running', 'on_hold'].includes(each.status));
            expect(open, 'something can go on').toBeDefined();
            const index = Number(open!.id.slice(1));
            state =
              open!.status === 'on_hold'
                ? advance(state, { kind: 'approved', jobId: open!.id }).state
                : advance(state, { kind: 'finished', jobId: open!.id, status: ends[index]! }).state;
          }
          expect(isRunFinal(state.status)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('lets a job go only when all its requirements ended as asked', () => {
    fc.assert(
      fc.property(graph, fc.array(fact, { maxLength: 30 }), (start, facts) => {
        let state = advance(start, { kind: 'planned' }).state;
        for (const each of facts) state = advance(state, each).state;
        const byKey = new Map(state.jobs.map((one) => [one.key, one]));
        for (const one of state.jobs) {
          if (!['queued', 'running', 'on_hold', 'success', 'failed'].includes(one.status)) continue;
          for (const requirement of one.requires) {
            const status = byKey.get(requirement.key)!.status;
            const outcome = status === 'infrastructure_fail' ? 'failed' : status;
            expect(requirement.outcomes).toContain(outcome);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
