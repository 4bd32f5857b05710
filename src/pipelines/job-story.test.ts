import { describe, expect, it } from 'vitest';
import { copiesOf, waitOf, whyOf } from './job-story.ts';
import type { Job } from './run.ts';

const job = (key: string, status: Job['status'], more: Partial<Job> = {}): Job =>
  ({ key, name: key, status, kind: 'build', requires: [], spec: {}, reason: null, startedAt: 1, ...more }) as Job;
const needs = (key: string, ...outcomes: Job['requires'][number]['outcomes']): Job['requires'] => [{ key, outcomes }];

describe('why a job ran or did not', () => {
  const copies = copiesOf([
    job('build', 'success'),
    job('lint', 'success'),
    job('test', 'success'),
    job('test', 'failed'),
    job('slow', 'running'),
  ]);

  it('names what it went on from, copies of one job together', () => {
    const both = [...needs('build', 'success'), ...needs('lint', 'success')];
    expect(whyOf(job('a', 'success', { requires: both }), copies)).toBe('It went on because build and lint succeeded');
    expect(whyOf(job('a', 'running', { requires: needs('test', 'success', 'failed') }), copies)).toBe(
      'It went on because test failed',
    );
    expect(whyOf(job('a', 'queued'), copies)).toBe('It requires no other job');
  });

  it('names the requirement that kept it from running', () => {
    const left = job('a', 'not_run', { requires: [...needs('build', 'success'), ...needs('test', 'success')] });
    expect(whyOf(left, copies)).toBe('test failed, and this job runs only if it succeeded');
    const cleanup = job('a', 'not_run', { requires: needs('build', 'failed', 'canceled') });
    expect(whyOf(cleanup, copies)).toBe('build succeeded, and this job runs only if it failed or was canceled');
  });

  it('says nothing of what is not decided', () => {
    expect(whyOf(job('a', 'blocked', { requires: needs('slow', 'success') }), copies)).toBeNull();
    const canceled = job('a', 'canceled', { startedAt: null, reason: 'Canceled by Ada' });
    expect(whyOf(canceled, copies)).toBe('Canceled by Ada');
  });
});

describe('what a job waited for', () => {
  const timed = { queuedAt: 10, startedAt: 40, finishedAt: 90 };
  it('is a place, its turn, a lock or a person', () => {
    expect(waitOf(job('a', 'success', timed))).toEqual({ what: 'a free place to run', from: 10, to: 40 });
    expect(waitOf(job('a', 'success', { ...timed, spec: { serialGroup: 'live' } as Job['spec'] }))?.what).toBe(
      'its turn in the serial group live',
    );
    const over = { queuedAt: 10, startedAt: null, finishedAt: 70 };
    const approvedBy = { kind: 'person' as const, id: '1', name: 'Ada' };
    expect(waitOf(job('a', 'success', { ...over, kind: 'approval', approvedBy }))).toEqual({
      what: 'the approval of Ada',
      from: 10,
      to: 70,
    });
    expect(
      waitOf(job('a', 'queued', { ...over, finishedAt: null, kind: 'lock', spec: { lockKey: 'k' } as never })),
    ).toEqual({ what: 'the lock k', from: 10, to: null });
  });
  it('is nothing for a job that never came so far, or that was taken over', () => {
    expect(waitOf(job('a', 'not_run', { queuedAt: null }))).toBeNull();
    expect(waitOf(job('a', 'success', { ...timed, inheritedFrom: 'x' }))).toBeNull();
  });
});
