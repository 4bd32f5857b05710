import type { z } from 'zod';
import type { checkState } from './api.ts';

export type State = z.output<typeof checkState>;

/** What one run of a check found. */
export interface Result {
  state: Exclude<State, 'pending'>;
  /** One line. */
  output: string;
}

export interface CheckRules {
  intervalSeconds: number;
  retryIntervalSeconds: number;
  maxAttempts: number;
}

/** Where a check stands, in Nagios's words. */
export interface Standing {
  state: State;
  /** `soft`: suspected, or recovering from a suspicion. `hard`: certain. */
  stateType: 'soft' | 'hard';
  /** Bad results in a row, at most `maxAttempts`; 1 while all is well. */
  attempt: number;
  /** The last certain state; notifications and alerts go by it. */
  hardState: State;
  acknowledged: boolean;
}

export interface Step {
  standing: Standing;
  /** The state or its certainty changed, which history keeps. */
  transition: { from: State; to: State; stateType: 'soft' | 'hard'; attempt: number } | undefined;
  /** A certain change of a certain state, which becomes a fact. A first good result is no news. */
  change: { from: State; to: State } | undefined;
}

export const untried: Standing = {
  state: 'pending',
  stateType: 'hard',
  attempt: 1,
  hardState: 'pending',
  acknowledged: false,
};

const isProblem = (state: State): boolean => state !== 'ok' && state !== 'pending';

/**
 * The next standing. A first bad result is soft, and hard at once when one attempt is enough; soft problems count up even when
 * their kind changes; a hard problem changes its kind at once; one good result ends a problem. An acknowledgement ends
 * with the problem, and with a change of its kind.
 */
export function applyResult(rules: CheckRules, before: Standing, result: Result): Step {
  const standing = isProblem(result.state) ? afterProblem(rules, before, result.state) : afterSuccess(before);
  const moved = standing.state !== before.state || standing.stateType !== before.stateType;
  // A soft recovery turning hard without a new result is no transition.
  const settled = standing.state === 'ok' && before.state === 'ok';
  const hardChanged = standing.hardState !== before.hardState;
  return {
    standing,
    transition:
      moved && !settled
        ? { from: before.state, to: standing.state, stateType: standing.stateType, attempt: standing.attempt }
        : undefined,
    change:
      hardChanged && !(before.hardState === 'pending' && standing.hardState === 'ok')
        ? { from: before.hardState, to: standing.hardState }
        : undefined,
  };
}

function afterSuccess(before: Standing): Standing {
  const softRecovery = isProblem(before.state) && before.stateType === 'soft';
  return {
    state: 'ok',
    stateType: softRecovery ? 'soft' : 'hard',
    attempt: 1,
    hardState: softRecovery && before.hardState !== 'pending' ? before.hardState : 'ok',
    acknowledged: false,
  };
}

function afterProblem(rules: CheckRules, before: Standing, state: State): Standing {
  const acknowledged = before.acknowledged && before.state === state;
  if (isProblem(before.state) && before.stateType === 'hard') {
    return { state, stateType: 'hard', attempt: before.attempt, hardState: state, acknowledged };
  }
  const attempt = Math.min(rules.maxAttempts, isProblem(before.state) ? before.attempt + 1 : 1);
  const certain = attempt >= rules.maxAttempts;
  return {
    state,
    stateType: certain ? 'hard' : 'soft',
    attempt,
    hardState: certain ? state : before.hardState,
    acknowledged,
  };
}

/**
 * When to run next, in Unix milliseconds. A suspected problem is looked at again after the retry pause; otherwise runs keep to a
 * phase of their own (0 to 1), so that many checks spread evenly and a restart starts no storm.
 */
export function nextRun(rules: CheckRules, standing: Standing, phase: number, now: number): number {
  if (isProblem(standing.state) && standing.stateType === 'soft') return now + rules.retryIntervalSeconds * 1000;
  const interval = rules.intervalSeconds * 1000;
  const offset = Math.floor(phase * interval);
  return Math.floor((now - offset) / interval + 1) * interval + offset;
}
