import { foldAnswer, hasFailed, objections } from './gates.ts';
import type { Observation, SeenInstance } from './observation.ts';
import type { PlannedInstance } from './rollout-plan.ts';
import { enter, type Outcome, type RolloutState } from './rollout-state.ts';

export type Action =
  | { kind: 'start'; instance: PlannedInstance }
  | { kind: 'stop'; instanceId: string; graceMs: number };

/** What the transaction that stores the new state also does. */
export type Effect =
  | { kind: 'route'; group: string | null }
  | { kind: 'switched' }
  | { kind: 'verified' }
  /** What served before serves again. */
  | { kind: 'restored' }
  | { kind: 'finished'; outcome: Outcome };

export interface Decision {
  state: RolloutState;
  effects: Effect[];
  /** Run after the state is stored; safe to repeat. */
  actions: Action[];
}

/** Starts of one instance that may fail before the rollout gives up. */
const mostRestarts = 4;

/**
 * The blue-green rollout as a pure state machine. Blue is what serves, green what shall serve. Each decision follows
 * from the stored state and from what is seen now, never from what was asked for before: after a crash at any point the
 * same observation leads to the same next step, and every action may be repeated.
 *
 *     preparing -> starting -> verifying -> retiring -> done (succeeded)
 *         |            |           |
 *         +-> abandoning           +-> returning -> removing -> done (rolled_back)
 *               -> done (failed, canceled)
 *
 * Does nothing but compute; calling it again with what it returned and the same view changes nothing.
 */
export function decide(state: RolloutState, seen: Observation, now: number): Decision {
  const decision = decideFrom(state, seen, now);
  return { ...decision, state: { ...decision.state, lookedAt: now } };
}

function decideFrom(state: RolloutState, seen: Observation, now: number): Decision {
  if (state.phase === 'done') return { state, effects: [], actions: [] };
  if (state.phase === 'preparing' || state.phase === 'starting') {
    if (seen.cancel) return abandon(state, 'canceled', seen.cancel.reason, [], now);
    if (seen.rollBack) return abandon(state, 'canceled', seen.rollBack.reason, [], now);
    return bringUp(state, seen, now);
  }
  if (state.phase === 'verifying') return verify(state, seen, now);
  if (state.phase === 'abandoning') return abandoning(state, seen, now);
  if (state.phase === 'returning') return returning(state, seen, now);
  return clearing(state, seen, now);
}

const look = (seen: Observation, id: string): SeenInstance =>
  seen.instances[id] ?? { state: 'absent', health: 'starting', detail: 'not started' };

/** Whether an instance is as its rollout wants it: healthy, or ended with 0 where it has to end. */
function isReady(instance: PlannedInstance, seen: Observation): boolean {
  const view = look(seen, instance.instanceId);
  if (instance.completes) return view.state === 'exited' && view.exitCode === 0;
  return view.state === 'running' && view.health === 'healthy';
}

function needsMet(instance: PlannedInstance, all: readonly PlannedInstance[], seen: Observation): boolean {
  return instance.needs.every((need) =>
    all
      .filter((other) => other.service === need.service)
      .every((other) => {
        const { state } = look(seen, other.instanceId);
        if (need.condition === 'started') return state === 'running' || state === 'exited';
        return isReady(other, seen);
      }),
  );
}

const hasEnded = (instance: PlannedInstance, seen: Observation): boolean => {
  const view = look(seen, instance.instanceId);
  return view.state === 'exited' && !(instance.completes && view.exitCode === 0);
};

/** Starts of what is missing and may start now; ended instances are tried again with back-off, a bounded number of times. */
function startsOf(
  wanted: readonly PlannedInstance[],
  all: readonly PlannedInstance[],
  seen: Observation,
  restarts: RolloutState['restarts'],
  now: number,
): { actions: Action[]; restarts: RolloutState['restarts']; exhausted: PlannedInstance[] } {
  const actions: Action[] = [];
  const exhausted: PlannedInstance[] = [];
  let counts = restarts;
  for (const instance of wanted) {
    const ended = hasEnded(instance, seen);
    if (!ended && look(seen, instance.instanceId).state !== 'absent') continue;
    if (!needsMet(instance, all, seen)) continue;
    if (ended) {
      const before = counts[instance.instanceId] ?? { count: 0, notBefore: 0 };
      if (before.count >= mostRestarts || instance.completes) {
        exhausted.push(instance);
        continue;
      }
      if (now < before.notBefore) continue;
      const next = { count: before.count + 1, notBefore: now + 500 * 2 ** (before.count + 1) };
      counts = { ...counts, [instance.instanceId]: next };
    }
    actions.push({ kind: 'start', instance });
  }
  return { actions, restarts: counts, exhausted };
}

const told = (instance: PlannedInstance, seen: Observation): string =>
  `${instance.service} ${instance.ordinal}: ${look(seen, instance.instanceId).detail}`;

/** Backing services whose description changed: the old one must be gone before the new one takes its volumes. */
function obsolete(wanted: readonly PlannedInstance[], seen: Observation, other: readonly PlannedInstance[]): Action[] {
  const keep = new Set(wanted.map((instance) => instance.instanceId));
  return other
    .filter((instance) => !keep.has(instance.instanceId) && look(seen, instance.instanceId).state !== 'absent')
    .map((instance) => ({ kind: 'stop', instanceId: instance.instanceId, graceMs: instance.stopGraceMs }));
}

function bringUp(state: RolloutState, seen: Observation, now: number): Decision {
  const { backing, application } = state.green.plan;
  const wanted = state.phase === 'preparing' ? backing : application;
  if (wanted.every((instance) => isReady(instance, seen))) {
    if (state.phase === 'preparing') return { state: enter(state, 'starting', now), effects: [], actions: [] };
    const switched = { ...enter(state, 'verifying', now), switchedAt: now };
    return {
      state: switched,
      effects: [{ kind: 'route', group: state.green.group }, { kind: 'switched' }],
      actions: [],
    };
  }
  const leaving = state.phase === 'preparing' ? obsolete(backing, seen, state.blue?.plan.backing ?? []) : [];
  const blocked = new Set(
    (state.blue?.plan.backing ?? [])
      .filter((old) => leaving.some((action) => action.kind === 'stop' && action.instanceId === old.instanceId))
      .map((old) => old.service),
  );
  const startable = wanted.filter((instance) => !blocked.has(instance.service));
  const starts = startsOf(startable, [...backing, ...application], seen, state.restarts, now);
  if (starts.exhausted.length > 0) {
    const evidence = starts.exhausted.map((instance) => told(instance, seen));
    return abandon(state, 'failed', `${starts.exhausted[0]!.service} does not stay up`, evidence, now);
  }
  if (now - state.phaseAt >= state.policy.healthyWithinMs) {
    const missing = wanted.filter((instance) => !isReady(instance, seen));
    const reason = `${[...new Set(missing.map((instance) => instance.service))].join(', ')} did not become healthy in time`;
    return abandon(
      state,
      'failed',
      reason,
      missing.map((instance) => told(instance, seen)),
      now,
    );
  }
  return { state: { ...state, restarts: starts.restarts }, effects: [], actions: [...leaving, ...starts.actions] };
}

function verify(state: RolloutState, seen: Observation, now: number): Decision {
  if (seen.rollBack) return takeBack(state, seen, seen.rollBack.reason, [], now, true);
  if (seen.cancel) return takeBack(state, seen, seen.cancel.reason, [], now, true);
  const gates = state.gates.map((gate, index) =>
    seen.answers.filter((answer) => answer.index === index).reduce(foldAnswer, gate),
  );
  const judged = { ...state, gates };
  const fallen = state.green.plan.application.filter((instance) => {
    const view = look(seen, instance.instanceId);
    return hasEnded(instance, seen) || (view.state === 'running' && view.health === 'unhealthy');
  });
  if (fallen.length > 0) {
    const reason = `${fallen[0]!.service} fell over after the switch`;
    const evidence = fallen.map((instance) => told(instance, seen));
    return takeBack(judged, seen, reason, evidence, now, false);
  }
  const failed = gates.filter(hasFailed);
  if (failed.length > 0) {
    const evidence = failed.map((gate) => `${gate.where}: ${gate.explanation}`);
    return takeBack(judged, seen, 'a gate failed', evidence, now, false);
  }
  // What is gone without having ended was lost with the machine or the server, not by the release: both sides are kept up.
  const { green, blue } = state;
  const standing = [...green.plan.application, ...(blue?.plan.application ?? [])].filter((each) => !each.completes);
  const starts = startsOf(standing, standing, seen, state.restarts, now);
  const up = { ...judged, restarts: starts.restarts };
  const waiting = standing.some((each) => each.group === green.group && look(seen, each.instanceId).state === 'absent');
  // A window shorter than one question still asks each gate once before it believes.
  const unasked = state.policy.verifyMs > 0 && gates.some((gate) => gate.askedAt === null);
  if (waiting || unasked || now - state.phaseAt < state.policy.verifyMs) {
    return { state: up, effects: [], actions: starts.actions };
  }
  const against = objections(gates, state.policy);
  if (against.length > 0) return takeBack(judged, seen, 'a gate failed', against, now, false);
  return { state: enter(up, 'retiring', now), effects: [{ kind: 'verified' }], actions: [] };
}

/** Before the switch: nothing has changed for visitors, green goes away again. */
function abandon(state: RolloutState, outcome: Outcome, reason: string, evidence: string[], now: number): Decision {
  const next = { ...enter(state, 'abandoning', now, reason), outcome, reason, evidence, decidedAt: now };
  return { state: next, effects: [], actions: [] };
}

/** After the switch: blue, still warm, serves again at once. `asked`: a person or an alert wants it, whatever the policy. */
function takeBack(
  state: RolloutState,
  seen: Observation,
  reason: string,
  evidence: string[],
  now: number,
  asked: boolean,
): Decision {
  const kept = !state.blue || (!asked && state.policy.otherwise === 'keep');
  if (kept) {
    const why = state.blue ? reason : `${reason}; there is no earlier release to return to, so it stays`;
    const next = { ...enter(state, 'retiring', now, why), outcome: 'failed' as const, kept, reason: why, evidence };
    return { state: { ...next, decidedAt: now }, effects: [], actions: [] };
  }
  const next = {
    ...enter(state, 'returning', now, reason),
    outcome: 'rolled_back' as const,
    reason,
    evidence,
    decidedAt: now,
  };
  return returning(next, seen, now);
}

function returning(state: RolloutState, seen: Observation, now: number): Decision {
  const { group, plan } = state.blue!;
  if (seen.routed?.group === group) {
    const restored = { ...enter(state, 'removing', now), restoredAt: Math.max(seen.routed.at, state.decidedAt ?? 0) };
    return { state: restored, effects: [{ kind: 'restored' }], actions: [] };
  }
  const serving = plan.application.filter((instance) => !instance.completes);
  // Warm blue answers already. Blue that has died meanwhile gets its time to come back, then traffic goes there anyway:
  // green was found bad.
  const warm = serving.every((instance) => isReady(instance, seen));
  if (warm || now - state.phaseAt >= state.policy.healthyWithinMs) {
    return { state, effects: [{ kind: 'route', group }], actions: [] };
  }
  const starts = startsOf(serving, serving, seen, {}, now);
  return { state, effects: [], actions: starts.actions };
}

/** Removes green before it ever served, and puts back the backing services it may have replaced. */
function abandoning(state: RolloutState, seen: Observation, now: number): Decision {
  const leaving = presentOf(state.green.plan.application, seen);
  const restore = restoreBacking(state, seen, now);
  const actions = [...leaving.map(stop), ...restore.actions];
  if (actions.length > 0 || restore.waiting) return { state, effects: [], actions };
  return finish(state, now);
}

function restoreBacking(state: RolloutState, seen: Observation, now: number): { actions: Action[]; waiting: boolean } {
  const before = state.blue?.plan.backing;
  if (!before) return { actions: [], waiting: false };
  const leaving = obsolete(before, seen, state.green.plan.backing);
  if (leaving.length > 0) return { actions: leaving, waiting: true };
  const missing = before.filter((instance) => look(seen, instance.instanceId).state === 'absent');
  if (missing.length === 0 || now - state.phaseAt >= state.policy.healthyWithinMs)
    return { actions: [], waiting: false };
  return { actions: startsOf(missing, before, seen, {}, now).actions, waiting: true };
}

/** Takes away the side that no longer serves, once its requests are answered or the drain time is over. */
function clearing(state: RolloutState, seen: Observation, now: number): Decision {
  const back = state.phase === 'removing';
  const side = back ? state.green : state.blue;
  const drained = !side || (seen.inFlight[side.group] ?? 0) === 0 || now - state.phaseAt >= state.policy.drainMs;
  if (!drained) return { state, effects: [], actions: [] };
  const leaving = presentOf(side?.plan.application ?? [], seen).map(stop);
  const restore = back ? restoreBacking(state, seen, now) : { actions: [], waiting: false };
  const gone = back ? [] : obsolete(state.green.plan.backing, seen, state.blue?.plan.backing ?? []);
  const actions = [...leaving, ...restore.actions, ...gone];
  if (actions.length > 0 || restore.waiting) return { state, effects: [], actions };
  return finish(state, now);
}

const presentOf = (instances: readonly PlannedInstance[], seen: Observation): PlannedInstance[] =>
  instances.filter((instance) => look(seen, instance.instanceId).state !== 'absent');

const stop = (instance: PlannedInstance): Action => ({
  kind: 'stop',
  instanceId: instance.instanceId,
  graceMs: instance.stopGraceMs,
});

function finish(state: RolloutState, now: number): Decision {
  const outcome = state.outcome ?? 'succeeded';
  return {
    state: { ...enter(state, 'done', now), outcome },
    effects: [{ kind: 'finished', outcome }],
    actions: [],
  };
}
