import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/index.ts';
import { runReport, stepEnd, stepHead } from './run-report.ts';
import { type Job, type Run, runEnded } from './runs.ts';
import type { Terminal } from './terminal.ts';

const pollMs = 500;
const window = 5_000;

interface Told {
  lines: number;
  begun: boolean;
  ended: boolean;
}

/**
 * Prints the output of a run's jobs as it comes, until the run has ended (or, without `follow`, once). Lines of a step stay
 * together as far as they are there; another job's step opens with its name again.
 */
export async function followRun(
  client: Client,
  runId: string,
  options: { follow: boolean; job?: string | undefined; failedOnly?: boolean | undefined },
  terminal: Terminal,
): Promise<Run> {
  const told = new Map<string, Told>();
  let last = '';
  for (;;) {
    const run = await client.pipelines.getRun({ params: { id: runId } });
    for (const summary of run.jobs) {
      if (summary.kind !== 'build' || summary.startedAt === null || (options.job && summary.name !== options.job))
        continue;
      const done = told.get(summary.id);
      if (done?.ended) continue;
      const job = await client.pipelines.getJob({ params: { id: summary.id } });
      for (const step of job.steps) {
        if (step.status === 'pending' || (options.failedOnly && step.status !== 'failed')) continue;
        last = await tellStep(client, job, step, told, last, terminal);
      }
      if (job.finishedAt !== null) told.set(summary.id, { lines: 0, begun: true, ended: true });
    }
    if (runEnded(run) || !options.follow || run.status === 'on_hold') return run;
    terminal.transient(runReport(run, terminal)[0]!);
    await sleep(pollMs);
  }
}

async function tellStep(
  client: Client,
  job: Job,
  step: Job['steps'][number],
  all: Map<string, Told>,
  last: string,
  terminal: Terminal,
): Promise<string> {
  const key = `${job.id}/${step.number}`;
  const told = all.get(key) ?? { lines: 0, begun: false, ended: false };
  all.set(key, told);
  if (told.ended) return last;
  const head = (): void => {
    if (!told.begun || last !== key) terminal.print(stepHead(job, step, terminal));
    told.begun = true;
    last = key;
  };
  if (!told.begun) head();
  for (;;) {
    const params = { id: job.id, step: step.number };
    const found = await client.pipelines.readLog({ params, query: { fromLine: told.lines, limit: window } });
    if (found.lines.length > 0) head();
    for (const line of found.lines) terminal.print(line.text);
    told.lines += found.lines.length;
    if (found.lines.length === 0 || told.lines >= found.totalLines) {
      told.ended = found.complete && step.status !== 'running';
      break;
    }
  }
  if (told.ended) for (const line of stepEnd(step, terminal)) terminal.print(line);
  return last;
}
