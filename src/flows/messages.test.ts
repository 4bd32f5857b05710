import { describe, expect, it } from 'vitest';
import { issueEscalated, rolledBack, runFailed, runFixed } from './messages.ts';

const run = {
  projectName: 'shop',
  number: 12,
  place: 'main',
  sha: '0123456789abcdef',
  commitMessage: 'Add discounts\n\nlong text',
  author: 'Ada',
  durationMs: 42_000,
  failedJobs: [{ name: 'test-web', reason: '2 tests failed' }],
  url: 'http://localhost:7400/shop/runs/1',
};

describe('what people are told', () => {
  it('names the job that failed, why, and where to look', () => {
    const message = runFailed(run);
    expect(message.subject).toBe('[shop] Run 12 failed on main: test-web');
    expect(message.text).toContain('Commit 0123456 by Ada: Add discounts\n');
    expect(message.text).toContain('test-web: 2 tests failed');
    expect(message.text).toContain(run.url);
    expect(message.text).not.toContain('long text');
  });

  it('says that a branch works again', () => {
    expect(runFixed(run).subject).toBe('[shop] Run 12 fixed main');
  });

  it('gives the evidence of a rollback and whose commits were in it', () => {
    const message = rolledBack({
      projectName: 'shop',
      environment: 'production',
      version: 'r2-abcdefa',
      restoredVersion: 'r1-0000000',
      reason: 'a gate failed',
      evidence: ['count(*) = 3, wanted 0'],
      servedMs: 7400,
      durationMs: 90,
      commits: [{ sha: 'abcdefabcdef', author: 'Bea', message: 'Simplify totals' }],
      url: 'http://x/timeline',
    });
    expect(message.text).toContain('serves r1-0000000 again');
    expect(message.text).toContain('after it had served for 7.4 s, 90 ms after the decision');
    expect(message.text).toContain('count(*) = 3, wanted 0');
    expect(message.text).toContain('abcdefa Bea: Simplify totals');
  });

  it('says how far an issue escalates and what it is laid at', () => {
    const message = issueEscalated({
      projectName: 'shop',
      shortId: 'SHOP-7',
      title: 'KeyError: percent',
      culprit: 'total in totals.py',
      figure: 120,
      wasArchived: true,
      commits: [{ sha: 'abcdefabcdef', author: 'Bea', message: 'Simplify totals\n\nmore' }],
      url: 'http://x/errors/1',
    });
    expect(message.subject).toBe('[shop] SHOP-7 escalates: KeyError: percent');
    expect(message.text).toContain('120 events within an hour');
    expect(message.text).toContain('It was archived and is open again.');
    expect(message.text).toContain('abcdefa Bea: Simplify totals\n');
  });
});
