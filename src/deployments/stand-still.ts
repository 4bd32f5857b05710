import type { RolloutState } from './rollout.ts';

/** The runtime cannot be asked: the rollout stands still and says why. What serves goes on serving. */
export function standStill(state: RolloutState, reason: string, now: number): RolloutState {
  if (state.awaySince !== undefined) return state;
  return { ...state, awaySince: now, steps: withDetail(state, `Waiting: ${reason}`) };
}

/** The runtime answers again. The time it was away counts against nobody: deadlines are as far off as they were. */
export function goOn(state: RolloutState, now: number): RolloutState {
  if (state.awaySince === undefined) return state;
  const phaseAt = state.phaseAt + Math.max(0, now - state.awaySince);
  return { ...state, awaySince: undefined, phaseAt, steps: withDetail(state, '') };
}

const withDetail = (state: RolloutState, detail: string): RolloutState['steps'] =>
  state.steps.map((step) => (step.status === 'running' ? { ...step, detail } : step));
