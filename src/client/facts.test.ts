import { describe, expect, it } from 'vitest';
import { describeFact, hrefOf } from './facts.ts';

const fact = (type: string, subject: string, data: Record<string, unknown>) => ({
  id: '1',
  type,
  subject,
  data,
  actor: { kind: 'system', id: 'x', name: 'x' },
});

describe('describeFact', () => {
  it('says what happened in one sentence with where', () => {
    const finished = { number: 12, status: 'success', previousStatus: 'failed', branch: 'main', sha: '0123456789' };
    expect(describeFact(fact('pipelines.run.finished', 'run:r', finished))).toEqual({
      tone: 'good',
      text: 'Run 12 fixed',
      details: ['main', '0123456'],
      href: '/runs/r',
    });
    const failed = { ...finished, status: 'failed', failedJobs: [{ name: 'lint' }, { name: 'test' }] };
    expect(describeFact(fact('pipelines.run.finished', 'run:r', failed))).toMatchObject({
      tone: 'bad',
      text: 'Run 12 failed: lint, test',
    });
    const back = { version: 'r2', environment: 'production', restoredVersion: 'r1', reason: 'a gate failed' };
    expect(describeFact(fact('deployments.deployment.rolled_back', 'deployment:d', back)).text).toBe(
      'Took r2 back in production; r1 serves again: a gate failed',
    );
    expect(
      describeFact(fact('deployments.deployment.rolled_back', 'deployment:d', { ...back, servedMs: 7432 })).text,
    ).toBe('Took r2 back in production after 7.4 s; r1 serves again: a gate failed');
  });

  it('reads types it has not met by their words, and missing data as nothing', () => {
    expect(describeFact(fact('agents.agent.went_away', 'agent:a', { name: 'box-1' })).text).toBe(
      'Agent went away: box-1',
    );
    expect(() => describeFact(fact('projects.push.received', 'push:p', {}))).not.toThrow();
  });
});

describe('hrefOf', () => {
  it('leads to what the fact is about, if that is still there', () => {
    expect(hrefOf(fact('pipelines.job.finished', 'job:j', { runId: 'r' }))).toBe('/runs/r?job=j');
    expect(hrefOf(fact('monitoring.check.deleted', 'check:c', {}))).toBeUndefined();
    expect(hrefOf(fact('projects.push.received', 'push:p', { runId: 'r', after: null }))).toBeUndefined();
  });
});
