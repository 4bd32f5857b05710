import { type Actor, system } from '../kernel/events.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import type { DeploymentsDeps } from './deps.ts';
import { deploymentEvents } from './events.ts';
import type { Answer } from './gates.ts';
import { deploymentFacts, requestDeployment } from './request-deployment.ts';
import type { Decision, Effect } from './rollout.ts';
import { type RolloutState, statusOf } from './rollout-state.ts';
import {
  type DeploymentRow,
  findDeployment,
  insertAnswers,
  patchDeployment,
  saveState,
  wakeLoops,
} from './store/deployments.ts';
import {
  type EnvironmentRow,
  listFedBy,
  lockEnvironment,
  markBad,
  setActive,
  setLastGood,
} from './store/environments.ts';
import type { ReleaseRow } from './store/releases.ts';

/** What a deployment under way is about. */
export interface Context {
  environment: EnvironmentRow;
  release: ReleaseRow;
  /** What served when it began. */
  blue: { deployment: DeploymentRow; release: ReleaseRow } | undefined;
}

/**
 * Stores state, effects and facts in one transaction. `seen` is the row the decision was made from.
 * False when nothing was stored: somebody asked for something meanwhile, or another server has taken over; look again.
 */
export function storeDecision(
  deps: Pick<DeploymentsDeps, 'database' | 'clock' | 'log' | 'verification'>,
  context: Context,
  seen: DeploymentRow,
  decision: Decision,
  answers: readonly Answer[],
): Promise<boolean> {
  return deps.database.transaction(async (tx) => {
    await lockEnvironment(tx, seen.environmentId);
    const row = await findDeployment(tx, seen.id);
    if (!row || Boolean(row.cancel) !== Boolean(seen.cancel) || Boolean(row.rollBack) !== Boolean(seen.rollBack))
      return false;
    const status = statusOf(decision.state);
    if (!(await saveState(tx, { id: row.id, leaseEpoch: seen.leaseEpoch, status, state: decision.state })))
      return false;
    await insertAnswers(tx, row.id, answers);
    let last = row.lastEvent;
    if (!row.state) last = await fact(tx, context, row, 'deployment.started', last, {});
    for (const effect of decision.effects) {
      last = (await apply(deps, tx, context, row, decision.state, effect, last)) ?? last;
    }
    if (last !== row.lastEvent) await patchDeployment(tx, row.id, { lastEvent: last });
    if (decision.effects.length > 0) await wakeLoops(tx);
    return true;
  });
}

const machine: Actor = system('deployments');

async function fact<Name extends keyof typeof deploymentEvents.schemas & `deployment.${string}`>(
  tx: Transaction,
  context: Context,
  row: DeploymentRow,
  name: Name,
  cause: string | null,
  more: object,
  extraCauses: string[] = [],
): Promise<string> {
  const facts = deploymentFacts(row, context.environment, context.release, context.blue?.release);
  return appendEvent(tx, deploymentEvents, name, {
    subject: `deployment:${row.id}`,
    projectId: row.projectId,
    actor: machine,
    causes: [...(cause ? [cause] : row.causes), ...extraCauses],
    data: { ...facts, ...more } as never,
  });
}

async function apply(
  deps: Pick<DeploymentsDeps, 'database' | 'clock' | 'log' | 'verification'>,
  tx: Transaction,
  context: Context,
  row: DeploymentRow,
  state: RolloutState,
  effect: Effect,
  cause: string | null,
): Promise<string | undefined> {
  if (effect.kind === 'route') {
    await setActive(tx, row.environmentId, effect.group);
    return undefined;
  }
  if (effect.kind === 'switched') {
    const switched = await fact(tx, context, row, 'deployment.switched', cause, {});
    if (row.kind === 'rollback') await tellTakenBack(deps, tx, context, row, switched);
    return switched;
  }
  if (effect.kind === 'verified') {
    await setLastGood(tx, row.environmentId, row.id);
    return fact(tx, context, row, 'deployment.verified', cause, { gates: state.gates.length });
  }
  const asked = row.rollBack ?? row.cancel;
  const reason = state.reason ?? '';
  const evidence = state.evidence;
  const causes = [...(asked?.causes ?? [])];
  if (effect.kind === 'restored') {
    await markBad(tx, row.environmentId, row.releaseId, reason);
    causes.push(...(await accusers(deps, context, row, asked)));
    return fact(
      tx,
      context,
      row,
      'deployment.rolled_back',
      cause,
      { reason, evidence, ...timesOf(context, state) },
      causes,
    );
  }
  const durationMs = Math.max(0, deps.clock.now() - (row.startedAt ?? row.createdAt));
  if (reason !== '') await patchDeployment(tx, row.id, { reason });
  if (effect.outcome === 'succeeded') {
    const done = await fact(tx, context, row, 'deployment.succeeded', cause, { durationMs });
    if (row.kind === 'deploy' || row.kind === 'promote') await feed(tx, context, done);
    return done;
  }
  if (effect.outcome === 'canceled') return fact(tx, context, row, 'deployment.canceled', cause, { reason }, causes);
  // That it was taken back was told when the last known good served again; removing it is no news.
  if (effect.outcome === 'rolled_back') return undefined;
  await markBad(tx, row.environmentId, row.releaseId, reason);
  causes.push(...(await accusers(deps, context, row, asked)));
  return fact(tx, context, row, 'deployment.failed', cause, { reason, evidence }, causes);
}

/** What a rollback leaves behind had been found good once and is taken back all the same, from the moment its successor serves. */
async function tellTakenBack(
  { clock }: Pick<DeploymentsDeps, 'clock'>,
  tx: Transaction,
  { environment, release, blue }: Context,
  row: DeploymentRow,
  switched: string,
): Promise<void> {
  if (!blue || blue.release.id === release.id) return;
  const now = clock.now();
  const { switchedAt } = blue.deployment;
  await appendEvent(tx, deploymentEvents, 'deployment.rolled_back', {
    subject: `deployment:${blue.deployment.id}`,
    projectId: row.projectId,
    actor: row.actor,
    causes: [switched, ...row.causes],
    data: {
      ...deploymentFacts(blue.deployment, environment, blue.release, release),
      reason: row.reason ?? '',
      evidence: [],
      restoredVersion: release.version,
      servedMs: switchedAt === null ? null : Math.max(0, now - switchedAt),
      durationMs: Math.max(0, now - row.createdAt),
    },
  });
}

/** How long it served, and how long the way back took, as measured where visitors are sent on. */
function timesOf({ blue }: Context, { switchedAt, decidedAt, restoredAt }: RolloutState) {
  const span = (from: number | null, to: number | null): number | null =>
    from === null || to === null ? null : Math.max(0, Math.round(to - from));
  return {
    restoredVersion: blue?.release.version ?? null,
    servedMs: span(switchedAt, restoredAt),
    durationMs: span(decidedAt, restoredAt) ?? 0,
  };
}

/** Those who asked for it gave their reasons; a gate's verdict is laid at the facts it was drawn from. */
async function accusers(
  deps: Pick<DeploymentsDeps, 'verification' | 'log'>,
  { environment, release }: Context,
  row: DeploymentRow,
  asked: { causes: string[] } | null,
): Promise<string[]> {
  if (row.switchedAt === null || (asked && asked.causes.length > 0)) return [];
  const scope = {
    projectId: row.projectId,
    environment: environment.name,
    release: release.version,
    since: row.switchedAt,
  };
  try {
    return await deps.verification.against(scope);
  } catch (error) {
    deps.log.warn({ err: error, deploymentId: row.id }, 'what speaks against a release could not be asked');
    return [];
  }
}

/** A release that was good here goes on to the environments this one feeds. */
async function feed(tx: Transaction, context: Context, cause: string): Promise<void> {
  const { environment, release } = context;
  const fed = await listFedBy(tx, environment.projectId, { kind: 'environment', name: environment.name });
  for (const next of fed) {
    await requestDeployment(tx, {
      environment: next,
      release,
      kind: 'promote',
      actor: machine,
      causes: [cause],
      reason: null,
      automatic: true,
    });
  }
}
