import { formatDuration } from '../kernel/durations.ts';

/** How long a step may go on after it was asked to end, and how long steps that always run may take after a cancel. */
export const stopGraceMs = 10_000;
export const cleanupGraceMs = 60_000;

/** What the decisions need to know of a running job. Times are Unix milliseconds. */
export interface Watch {
  jobStartedAt: number;
  jobTimeoutMs: number;
  cancelRequested: boolean;
  /** When the job began to be stopped, and why. */
  stopping?: { at: number; why: 'canceled' | 'timeout'; killed: boolean } | undefined;
  /** The step in the foreground. */
  step?:
    | {
        number: number;
        startedAt: number;
        lastOutputAt: number;
        noOutputTimeoutMs: number;
        outputBytes: number;
        /** Asked to end, with the reason; killed when it did not. */
        asked?: { at: number; killed: boolean } | undefined;
      }
    | undefined;
}

/** Most raw output of one step, so that a loop that prints cannot fill the disk. */
export const mostOutputBytes = 4 * 1024 ** 3;

export type Intervention =
  | { kind: 'stop-job'; why: 'canceled' | 'timeout' }
  | { kind: 'ask-step'; step: number; reason: string }
  | { kind: 'kill-step'; step: number }
  | { kind: 'destroy' };

/**
 * What has to be done now to a running job: stop it (nothing new begins, the step under way is asked to end), end a silent
 * step, kill what did not listen, and at last take the place away from steps that should only clean up.
 */
export function intervene(watch: Watch, now: number): Intervention | undefined {
  const { step, stopping } = watch;
  if (!stopping) {
    if (watch.cancelRequested) return { kind: 'stop-job', why: 'canceled' };
    if (now - watch.jobStartedAt > watch.jobTimeoutMs) return { kind: 'stop-job', why: 'timeout' };
  } else {
    if (now - stopping.at > stopGraceMs + cleanupGraceMs) return { kind: 'destroy' };
    if (step && !stopping.killed && step.startedAt <= stopping.at && now - stopping.at > stopGraceMs) {
      return { kind: 'kill-step', step: step.number };
    }
  }
  if (!step) return undefined;
  if (step.asked) {
    return !step.asked.killed && now - step.asked.at > stopGraceMs
      ? { kind: 'kill-step', step: step.number }
      : undefined;
  }
  if (step.outputBytes > mostOutputBytes) {
    return { kind: 'ask-step', step: step.number, reason: 'It printed more than 4 GiB' };
  }
  const silent = now - Math.max(step.startedAt, step.lastOutputAt);
  if (silent <= step.noOutputTimeoutMs) return undefined;
  const span = formatDuration(step.noOutputTimeoutMs);
  return { kind: 'ask-step', step: step.number, reason: `It printed nothing for ${span} (no_output_timeout)` };
}
