import { expect, it } from 'vitest';
import { pullRequestRuns } from './start-run-on-push.ts';

it('runs a pull request by itself only when it comes from a fork and the project builds forks', () => {
  const runs = (fork: boolean, buildForks: boolean) => pullRequestRuns({ fork }, { buildForks });
  // The push of the branch runs a commit of the same repository: a second run would do the work twice.
  expect(runs(false, true)).toBe(false);
  expect(runs(false, false)).toBe(false);
  expect(runs(true, true)).toBe(true);
  expect(runs(true, false)).toBe(false);
});
