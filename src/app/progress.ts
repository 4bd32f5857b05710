import { formatDuration } from '../kernel/durations.ts';

/** How the start (and the demo) tells what it is doing: one line a step with its time. */
export interface Progress {
  /** Runs a step and prints its title with the time when it ends; `tell` says meanwhile where it stands. */
  step<Result>(title: string, work: (tell: (detail: string) => void) => Promise<Result>): Promise<Result>;
  /** A plain line. */
  note(text: string): void;
}

/** Prints to `write`, one line for each finished step. */
export function lineProgress(write: (line: string) => void): Progress {
  return {
    async step(title, work) {
      const started = performance.now();
      try {
        const result = await work(() => {});
        write(`  ${title.padEnd(34)} ${formatDuration(performance.now() - started)}`);
        return result;
      } catch (error) {
        const how = error instanceof Error && error.name === 'AbortError' ? 'stopped' : 'failed';
        write(`  ${title.padEnd(34)} ${how} after ${formatDuration(performance.now() - started)}`);
        throw error;
      }
    },
    note: write,
  };
}

/** Says nothing, for tests and embedding. */
export const silentProgress: Progress = { step: (_title, work) => work(() => {}), note: () => {} };
