import { setTimeout as sleep } from 'node:timers/promises';
import { readJob } from '../store.ts';
import type { StepContext } from './context.ts';

/** How long a place is kept for the first shell, and after the last one was left. */
const idleMs = 600_000;
const longestMs = 7_200_000;
const lookMs = 1000;

/** The last step of a job that was repeated for a shell: its place stays until nobody wants it any more, or the job is canceled. */
export async function waitForShell(context: StepContext<'wait_for_shell'>): Promise<number> {
  const { job, say, shells, now } = context;
  say(`The job is over; its place is kept. Enter it with: millrace shell ${job.id}`);
  say('It is given up ten minutes after the last shell was left, after two hours, or when the job is canceled');
  const began = now();
  for (;;) {
    await sleep(lookMs, undefined, { ref: false });
    const { open, closedAt } = shells.state(job.id);
    const canceled = (await readJob(context.database, job.id))?.cancelRequested ?? true;
    const idle = open === 0 && now() - (closedAt ?? began) > idleMs;
    if (canceled || idle || now() - began > longestMs) break;
  }
  say('The place is given up');
  return 0;
}
