import { formatDuration } from '../kernel/durations.ts';
import type { Job, Run } from './runs.ts';
import { table } from './table.ts';
import type { Colour, Terminal } from './terminal.ts';

type Paint = Pick<Terminal, 'paint'>;

const colours: Record<string, Colour> = {
  success: 'green',
  failed: 'red',
  infrastructure_fail: 'red',
  canceled: 'grey',
  not_run: 'grey',
  on_hold: 'yellow',
  running: 'blue',
};

/** A state in its word and colour. */
export function state(status: string, terminal: Paint): string {
  const colour = colours[status];
  const words = status.replaceAll('_', ' ');
  return colour ? terminal.paint(colour, words) : words;
}

/** A run and its jobs at one look. */
export function runReport(run: Run, terminal: Paint): string[] {
  const commit = run.commit.message.split('\n')[0] ?? '';
  const head = `#${run.number} ${state(run.status, terminal)} ${run.tag ?? run.branch ?? ''} ${run.sha.slice(0, 7)} ${commit}`;
  const rows = run.jobs.map((job) => [
    job.nodeTotal > 1 ? `${job.name} ${job.nodeIndex + 1}/${job.nodeTotal}` : job.name,
    state(job.status, terminal),
    job.startedAt && job.finishedAt ? formatDuration(Date.parse(job.finishedAt) - Date.parse(job.startedAt)) : '',
    job.reason ?? '',
  ]);
  return [head, ...table(rows, { indent: '  ' })];
}

/** The line that opens a step's output. */
export function stepHead(job: Pick<Job, 'name'>, step: Job['steps'][number], terminal: Paint): string {
  return terminal.paint('bold', `${job.name} > ${step.name}`);
}

/** The line that closes a step that failed; nothing for others. */
export function stepEnd(step: Job['steps'][number], terminal: Paint): string[] {
  if (step.status !== 'failed') return [];
  return [terminal.paint('red', step.exitCode === null ? 'failed' : `failed with exit status ${step.exitCode}`)];
}
