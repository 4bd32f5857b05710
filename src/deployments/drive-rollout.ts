import { Fault } from '../kernel/faults.ts';
import { pause } from '../kernel/pause.ts';
import type { DeploymentsDeps } from './deps.ts';
import type { Fleet, Scope, Side } from './fleet.ts';
import { type Answer, dueGates, gatesOf, judgeTraffic } from './gates.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { Observation } from './observation.ts';
import { type Decision, decide } from './rollout.ts';
import { planRollout } from './rollout-plan.ts';
import { beginRollout, type RolloutState, takeUp } from './rollout-state.ts';
import { goOn, standStill } from './stand-still.ts';
import { type DeploymentRow, findDeployment, renewDeployment } from './store/deployments.ts';
import { findEnvironment } from './store/environments.ts';
import { findRelease } from './store/releases.ts';
import { type Context, storeDecision } from './store-decision.ts';

export interface DriveDeps extends DeploymentsDeps {
  fleet: Fleet;
  gateway: Gateway;
  /** Brings the gateway's routes in line with the stored state, now. */
  refreshRoutes: () => Promise<void>;
}

/** Milliseconds between two looks at a rollout. */
const lookEveryMs = 250;
/** The same while the runtime cannot be asked. */
const runtimeAwayMs = 1000;

/**
 * Drives one claimed deployment to its end: look, decide, store, act, again. Returns when it is finished, when another server
 * has taken over, or when `signal` aborts; whoever comes next goes on from what is stored.
 */
export async function driveRollout(deps: DriveDeps, claimed: DeploymentRow, signal: AbortSignal): Promise<void> {
  let routed: Observation['routed'] = null;
  let takingUp = true;
  while (!signal.aborted) {
    const row = await renewDeployment(deps.database, claimed.id, claimed.leaseEpoch);
    if (!row) return;
    const context = await contextOf(deps, row);
    const known = takingUp && row.state ? takeUp(row.state, deps.clock.now()) : row.state;
    const state = known ?? (await begin(deps, context, row));
    const scope = scopeOf(context, state);
    routed = await routedTo(deps, context, routed);
    const seen = await lookOrWait(deps, context, scope, row, state, routed);
    if (!seen) {
      // What the rollout could not be driven for is added to its deadlines, as after a restart of the server.
      takingUp = true;
      await pause(runtimeAwayMs, signal);
      continue;
    }
    const decision = decide(goOn(state), seen.observation, deps.clock.now());
    if (!(await storeDecision(deps, context, seen.row, decision, seen.observation.answers))) continue;
    takingUp = false;
    const route = decision.effects.find((effect) => effect.kind === 'route');
    if (route) {
      await deps.refreshRoutes();
      routed = route.group === null ? null : { group: route.group, at: deps.clock.now() };
      if (state.blue) drainUpgraded(deps, decision.state);
    }
    await act(deps, scope, decision);
    if (decision.state.phase === 'done') {
      await deps.fleet.observe(scope).catch(() => undefined);
      await deps.refreshRoutes();
      return;
    }
    if (decision.effects.length === 0) await pause(lookEveryMs, signal);
  }
}

interface DriveContext extends Context {
  project: { id: string; slug: string };
  runtime: Scope['runtime'];
}

async function contextOf(deps: DriveDeps, row: DeploymentRow): Promise<DriveContext> {
  const environment = await findEnvironment(deps.database, row.environmentId);
  const release = await findRelease(deps.database, row.releaseId);
  const previous = row.previousDeployment ? await findDeployment(deps.database, row.previousDeployment) : undefined;
  const previousRelease = previous && (await findRelease(deps.database, previous.releaseId));
  const runtime = release && deps.fleet.runtimeOf(release);
  if (!environment || !release || !runtime) {
    throw new Error(`Deployment ${row.id} cannot be driven here: runtime ${release?.runtime} is not configured`);
  }
  return {
    environment,
    project: await deps.commits.get(row.projectId),
    release,
    runtime,
    blue: previous?.state && previousRelease ? { deployment: previous, release: previousRelease } : undefined,
  };
}

const blueSide = (blue: NonNullable<Context['blue']>): Side => ({
  group: blue.deployment.id,
  release: blue.release,
  settingsVersion: blue.deployment.settingsVersion,
  plan: blue.deployment.state!.green.plan,
});

function scopeOf(context: DriveContext, state: RolloutState): Scope {
  const { environment, project, runtime, release, blue } = context;
  const green: Side = {
    group: state.green.group,
    release,
    settingsVersion: state.settingsVersion,
    plan: state.green.plan,
  };
  return { environment, project, runtime, sides: [...(blue ? [blueSide(blue)] : []), green] };
}

/** The first state: which instances green is, beside which blue, under which policy. */
async function begin(deps: DriveDeps, context: DriveContext, row: DeploymentRow): Promise<RolloutState> {
  const { environment, release, blue } = context;
  const plan = release.file?.environments.find((each) => each.name === environment.name) ?? environment.plan;
  const side: Side = {
    group: row.id,
    release,
    settingsVersion: row.settingsVersion,
    plan: { backing: [], application: [] },
  };
  const salts = await deps.fleet.backingSalts({ ...context, sides: [side] }, side);
  const green = planRollout({
    environmentId: environment.id,
    group: row.id,
    services: release.services,
    replicas: plan.replicas,
    backingSalt: (service) => salts.get(service.name) ?? '',
  });
  const policy = plan.rollout;
  // A release to return to has proved itself before; waiting for a verdict would only keep the way back open longer.
  const proven = row.kind === 'rollback';
  return beginRollout(
    {
      blue: blue ? { group: blue.deployment.id, plan: blueSide(blue).plan } : null,
      green: { group: row.id, plan: green },
      settingsVersion: row.settingsVersion,
      policy: proven ? { ...policy, verifyMs: 0 } : policy,
      gates: proven ? [] : gatesOf(policy),
    },
    deps.clock.now(),
  );
}

/** Where the gateway sends new requests. After a restart of the server that is made sure of first. */
async function routedTo(
  deps: DriveDeps,
  { environment }: DriveContext,
  known: Observation['routed'],
): Promise<Observation['routed']> {
  const group = environment.activeDeployment;
  if (group === null || known?.group === group) return known;
  await deps.refreshRoutes();
  return { group, at: deps.clock.now() };
}

/** Undefined when the runtime cannot be asked, which is stored with the rollout for people to see. */
async function lookOrWait(
  deps: DriveDeps,
  context: DriveContext,
  scope: Scope,
  row: DeploymentRow,
  state: RolloutState,
  routed: Observation['routed'],
): Promise<Awaited<ReturnType<typeof look>> | undefined> {
  try {
    return await look(deps, scope, row, state, routed);
  } catch (error) {
    if (!(error instanceof Fault && error.kind === 'unavailable')) throw error;
    if (goOn(state) === state) {
      deps.log.warn({ err: error, deployment: row.id }, 'a rollout stands still until the runtime answers');
      await storeDecision(
        deps,
        context,
        row,
        { state: standStill(row.state ?? state, error.message), effects: [], actions: [] },
        [],
      );
    }
    return undefined;
  }
}

async function look(
  deps: DriveDeps,
  scope: Scope,
  row: DeploymentRow,
  state: RolloutState,
  routed: Observation['routed'],
): Promise<{ observation: Observation; row: DeploymentRow }> {
  const instances = await deps.fleet.observe(scope);
  const groups = [state.green.group, ...(state.blue ? [state.blue.group] : [])];
  const answers = state.phase === 'verifying' ? await ask(deps, scope, state) : [];
  // Read last, so that what somebody asked for meanwhile is seen.
  const fresh = (await findDeployment(deps.database, row.id)) ?? row;
  const observation = {
    instances,
    inFlight: Object.fromEntries(groups.map((group) => [group, deps.gateway.inFlight(group)])),
    answers,
    routed,
    cancel: fresh.cancel,
    rollBack: fresh.rollBack,
  };
  // The lease is the one this driver holds, whatever the row says by now.
  return { observation, row: { ...fresh, leaseEpoch: row.leaseEpoch } };
}

function ask(deps: DriveDeps, scope: Scope, state: RolloutState): Promise<Answer[]> {
  const now = deps.clock.now();
  const release = scope.sides.at(-1)!.release.version;
  return Promise.all(
    dueGates(state.gates, state.policy, now).map(async (index): Promise<Answer> => {
      const gate = state.gates[index]!;
      if (gate.kind === 'gateway') return judgeTraffic(index, deps.gateway.traffic(state.green.group), now);
      try {
        const answer = await deps.verification.holds(gate.where, {
          projectId: scope.project.id,
          environment: scope.environment.name,
          release,
          since: state.switchedAt ?? now,
        });
        return { index, at: deps.clock.now(), ...answer };
      } catch (error) {
        const explanation = `could not be asked: ${error instanceof Error ? error.message : String(error)}`;
        return { index, at: deps.clock.now(), verdict: 'unknown', value: null, explanation };
      }
    }),
  );
}

async function act(deps: DriveDeps, scope: Scope, decision: Decision): Promise<void> {
  const results = await Promise.allSettled(
    decision.actions.map((action) =>
      action.kind === 'start'
        ? deps.fleet.start(scope, action.instance)
        : deps.fleet.stop(scope, action.instanceId, action.graceMs),
    ),
  );
  for (const result of results) {
    // The next look shows that it is missing still, and the deadline of the phase bounds the tries.
    if (result.status === 'rejected') {
      deps.log.warn(
        { err: result.reason, environment: scope.environment.id },
        'an instance could not be started or stopped',
      );
    }
  }
}

/** WebSockets never end by themselves: those of the side that was left get half the drain time, then reconnect. */
function drainUpgraded(deps: DriveDeps, state: RolloutState): void {
  const left = state.phase === 'removing' ? state.green.group : state.blue?.group;
  if (left) setTimeout(() => deps.gateway.endUpgraded(left), state.policy.drainMs / 2).unref();
}
