import type { RolloutState } from './rollout-state.ts';

const waiting = 'Waiting: ';

/** The runtime cannot be asked: the rollout stands still and says why. What serves goes on serving. */
export const standStill = (state: RolloutState, reason: string): RolloutState => withDetail(state, waiting + reason);

/** The runtime answers again. */
export function goOn(state: RolloutState): RolloutState {
  const waits = state.steps.some((step) => step.status === 'running' && step.detail.startsWith(waiting));
  return waits ? withDetail(state, '') : state;
}

const withDetail = (state: RolloutState, detail: string): RolloutState => ({
  ...state,
  steps: state.steps.map((step) => (step.status === 'running' ? { ...step, detail } : step)),
});
