import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/index.ts';
import { runReport, stepEnd, stepHead } from './run-report.ts';
import { type Job, type Run, runEnded } from './runs.ts';
import type { Terminal } from './terminal.ts';

/** A run that can be looked at: one of a server, or one under way here. */
export interface WatchedRun {
  run(): Promise<Run>;
  job(id: string): Promise<Job>;
  /** Lines from `from` on; `complete` when these are the last and none will follow. */
  lines(jobId: string, step: number, from: number): Promise<{ lines: string[]; complete: boolean }>;
}

const pollMs = 300;
const window = 5_000;

/** What was told of a step. */
interface Told {
  lines: number;
  begun: boolean;
  ended: boolean;
  /** The newest line, which may still grow; it is told when it did not, or when another follows. */
  held: string | undefined;
}

/** A run of the server. */
export function serverRun(client: Client, id: string): WatchedRun {
  return {
    run: () => client.pipelines.getRun({ params: { id } }),
    job: (jobId) => client.pipelines.getJob({ params: { id: jobId } }),
    async lines(jobId, step, from) {
      const query = { fromLine: from, limit: window };
      const found = await client.pipelines.readLog({ params: { id: jobId, step }, query });
      const lines = found.lines.map((line) => line.text);
      return { lines, complete: found.complete && from + lines.length >= found.totalLines };
    },
  };
}

export interface FollowOptions {
  /** Go on until the run has ended; else tell what is there and return. */
  follow: boolean;
  job?: string | undefined;
  failedOnly?: boolean | undefined;
  /** Called when jobs wait for a person; true when it did something about it. */
  onHold?: ((run: Run) => Promise<boolean>) | undefined;
}

/**
 * Prints the output of a run's jobs as it comes and resolves to the run as it then is. Lines of a step stay together as far as they
 * are there; another job's step opens with its name again.
 */
export async function followRun(watched: WatchedRun, options: FollowOptions, terminal: Terminal): Promise<Run> {
  const teller = new Teller(watched, options, terminal);
  for (;;) {
    const run = await watched.run();
    await teller.tell(run);
    if (runEnded(run) || !options.follow) return run;
    if (run.status === 'on_hold' && !(await options.onHold?.(run))) return run;
    terminal.transient(runReport(run, terminal)[0]!);
    await sleep(pollMs);
  }
}

class Teller {
  readonly #watched: WatchedRun;
  readonly #options: FollowOptions;
  readonly #terminal: Terminal;
  readonly #steps = new Map<string, Told>();
  readonly #done = new Set<string>();
  #last = '';

  constructor(watched: WatchedRun, options: FollowOptions, terminal: Terminal) {
    this.#watched = watched;
    this.#options = options;
    this.#terminal = terminal;
  }

  async tell(run: Run): Promise<void> {
    for (const summary of run.jobs) {
      const { job: wanted, failedOnly } = this.#options;
      if (summary.kind !== 'build' || summary.startedAt === null || this.#done.has(summary.id)) continue;
      if (wanted !== undefined && summary.name !== wanted) continue;
      const job = await this.#watched.job(summary.id);
      for (const step of job.steps) {
        if (step.status === 'pending' || step.status === 'not_run') continue;
        if (!failedOnly || step.status === 'failed') await this.#tellStep(job, step);
      }
      if (job.finishedAt !== null) this.#done.add(job.id);
    }
  }

  async #tellStep(job: Job, step: Job['steps'][number]): Promise<void> {
    const key = `${job.id}/${step.number}`;
    const told = this.#steps.get(key) ?? { lines: 0, begun: false, ended: false, held: undefined };
    this.#steps.set(key, told);
    if (told.ended) return;
    for (;;) {
      const found = await this.#watched.lines(job.id, step.number, told.lines);
      const full = found.lines.length >= window;
      const newest = found.lines.at(-1);
      const unsure = !found.complete && !full && newest !== undefined && newest !== told.held;
      const lines = unsure ? found.lines.slice(0, -1) : found.lines;
      told.held = unsure ? newest : undefined;
      if (lines.length > 0 || !told.begun) this.#head(key, job, step, told);
      for (const line of lines) this.#terminal.print(line);
      told.lines += lines.length;
      if (found.complete) {
        told.ended = true;
        for (const line of stepEnd(step, this.#terminal)) this.#terminal.print(line);
      }
      if (!full) return;
    }
  }

  #head(key: string, job: Job, step: Job['steps'][number], told: Told): void {
    if (!told.begun || this.#last !== key) this.#terminal.print(stepHead(job, step, this.#terminal));
    told.begun = true;
    this.#last = key;
  }
}
