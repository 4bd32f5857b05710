import { formatDuration } from '../kernel/durations.ts';
import type { Database } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { Ending } from './attend.ts';
import type { RunPolicy } from './port.ts';
import type { Job, Step } from './run.ts';
import type { FinalJobStatus } from './run-state.ts';

/** How a job ended, as it is stored. */
export interface Outcome {
  status: FinalJobStatus;
  reason?: string | undefined;
  failedTests?: number | undefined;
}

/** What the end of its driver means for a job. */
export async function outcomeOf(
  deps: { database: Database; diskRanOut?: ((since: number) => Promise<boolean>) | undefined },
  job: Job,
  steps: Step[],
  ending: Exclude<Ending, { kind: 'left' }>,
  policy: RunPolicy,
): Promise<Outcome> {
  const row = await deps.database.first<{ count: number }>(sql`
    select count(*)::int as count from pipelines_tests where job_id = ${job.id} and status in ('failed', 'error')`);
  const failedTests = row?.count ?? 0;
  if (ending.stopped === 'canceled') return { status: 'canceled', failedTests };
  if (ending.stopped === 'timeout') {
    return { status: 'failed', failedTests, reason: `It took longer than ${formatDuration(policy.jobTimeoutMs)}` };
  }
  if (ending.kind === 'ended' && !ending.failed) return { status: 'success', failedTests };
  // What it printed may be cut short then, and it may have failed of nothing else.
  const diskRanOut = job.startedAt !== null && (await deps.diskRanOut?.(job.startedAt)) === true;
  const ours = (why: string): Outcome => ({
    status: 'infrastructure_fail',
    failedTests,
    reason: diskRanOut ? `The server’s disk was full while it ran. ${why}` : why,
  });
  if (ending.kind === 'lost') return ours(ending.reason);
  const failed = steps.find((step) => step.status === 'failed');
  const tests = failedTests > 0 ? `; ${failedTests} failed ${failedTests === 1 ? 'test' : 'tests'}` : '';
  const reason = failed
    ? `Step "${failed.name}" failed with exit status ${failed.exitCode ?? 'unknown'}${tests}`
    : 'The working directory could not be made';
  return diskRanOut ? ours(reason) : { status: 'failed', failedTests, reason };
}
