import { freshGate, type Gate, type GateState } from './gates.ts';
import type { RolloutPolicy } from './millrace-file.ts';
import type { RolloutPlan } from './rollout-plan.ts';

/** How far a rollout is; which phase follows which is drawn in rollout.ts. */
export type Phase =
  | 'preparing'
  | 'starting'
  | 'verifying'
  | 'retiring'
  | 'abandoning'
  | 'returning'
  | 'removing'
  | 'done';

export type Outcome = 'succeeded' | 'failed' | 'canceled' | 'rolled_back';

export interface Step {
  name: Phase;
  status: 'running' | 'success' | 'failed';
  detail: string;
  startedAt: number;
  finishedAt: number | null;
}

export interface RolloutState {
  phase: Phase;
  /** When the phase began; later by as long as nobody drove the rollout in it. */
  phaseAt: number;
  /** When it was last looked at. */
  lookedAt?: number | undefined;
  /** What serves when the rollout begins, with what it needs; null at the first deployment. */
  blue: { group: string; plan: RolloutPlan } | null;
  green: { group: string; plan: RolloutPlan };
  /** Of the environment's variables; what green is started with. */
  settingsVersion: number;
  policy: RolloutPolicy;
  gates: GateState[];
  switchedAt: number | null;
  /** When the decision to take it back fell. */
  decidedAt: number | null;
  /** When blue served again. */
  restoredAt: number | null;
  /** Failed starts by instance, and the earliest time of the next try. */
  restarts: Record<string, { count: number; notBefore: number }>;
  outcome: Outcome | null;
  /** The new release stays although it did not convince: there is nothing to return to, or the team wants it so. */
  kept: boolean;
  reason: string | null;
  evidence: string[];
  steps: Step[];
}

/** A rollout at its beginning. */
export function beginRollout(
  input: Pick<RolloutState, 'blue' | 'green' | 'policy' | 'settingsVersion'> & { gates: readonly Gate[] },
  now: number,
): RolloutState {
  return enter(
    {
      phase: 'preparing',
      phaseAt: now,
      blue: input.blue,
      green: input.green,
      settingsVersion: input.settingsVersion,
      policy: input.policy,
      gates: input.gates.map(freshGate),
      switchedAt: null,
      decidedAt: null,
      restoredAt: null,
      restarts: {},
      outcome: null,
      kept: false,
      reason: null,
      evidence: [],
      steps: [],
    },
    'preparing',
    now,
  );
}

/**
 * The state as a driver finds it who takes the rollout up again. The time in which nobody drove it (the server was down) is
 * no fault of the release, so it counts neither against a deadline nor as a window in which it proved itself.
 */
export function takeUp(state: RolloutState, now: number): RolloutState {
  const away = Math.max(0, now - (state.lookedAt ?? now));
  return { ...state, phaseAt: state.phaseAt + away, lookedAt: now };
}

/** The same state in another phase, with the finished step closed and the new one opened. */
export function enter(state: RolloutState, phase: Phase, now: number, failure?: string): RolloutState {
  const steps = state.steps.map(
    (step): Step =>
      step.status === 'running'
        ? { ...step, status: failure ? 'failed' : 'success', detail: failure ?? step.detail, finishedAt: now }
        : step,
  );
  if (phase !== 'done') steps.push({ name: phase, status: 'running', detail: '', startedAt: now, finishedAt: null });
  return { ...state, phase, phaseAt: now, steps };
}

/** What a status column says of a state; people read these words. */
export function statusOf(state: RolloutState): 'running' | 'verifying' | 'rolling_back' | Outcome {
  if (state.phase === 'done') return state.outcome ?? 'succeeded';
  if (state.phase === 'returning' || state.phase === 'removing') return 'rolling_back';
  return state.phase === 'verifying' ? 'verifying' : 'running';
}
