import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import type { DeploymentsDeps } from './deps.ts';
import { deploymentEvents } from './events.ts';
import { deploymentFacts, requestDeployment } from './request-deployment.ts';
import {
  type DeploymentRow,
  findByCause,
  findDeployment,
  listDeployments,
  listGood,
  openDeployments,
  patchDeployment,
  wakeLoops,
} from './store/deployments.ts';
import { type EnvironmentRow, listBad, lockEnvironment, markBad } from './store/environments.ts';
import { findRelease, type ReleaseRow } from './store/releases.ts';

const missing = (): Fault => new Fault('missing', 'There is no such deployment', { code: 'deployments.not-found' });

/** Loads a deployment with its environment locked, so that what is decided about it holds. */
async function locked(tx: Transaction, deploymentId: string) {
  const first = await findDeployment(tx, deploymentId);
  const environment = first && (await lockEnvironment(tx, first.environmentId));
  const deployment = environment && (await findDeployment(tx, deploymentId));
  const release = deployment && (await findRelease(tx, deployment.releaseId));
  if (!environment || !deployment || !release) throw missing();
  const facts = deploymentFacts(deployment, environment, release, undefined);
  const base = { subject: `deployment:${deployment.id}`, projectId: deployment.projectId };
  return { environment, deployment, release, facts, base };
}

/** Lets a deployment that is on hold go. */
export function approveDeployment(
  deps: DeploymentsDeps,
  request: { deploymentId: string; actor: Actor },
): Promise<DeploymentRow> {
  return deps.database.transaction(async (tx) => {
    const { deployment, facts, base } = await locked(tx, request.deploymentId);
    if (deployment.status !== 'on_hold') {
      if (deployment.approvedBy) return deployment;
      throw new Fault('conflict', `The deployment is ${deployment.status}, not on hold`, {
        code: 'deployments.not-on-hold',
      });
    }
    const causes = deployment.lastEvent ? [deployment.lastEvent] : [];
    const lastEvent = await appendEvent(tx, deploymentEvents, 'deployment.approved', {
      ...base,
      actor: request.actor,
      causes,
      data: facts,
    });
    await patchDeployment(tx, deployment.id, { status: 'queued', approvedBy: request.actor, lastEvent });
    await wakeLoops(tx);
    return (await findDeployment(tx, deployment.id))!;
  });
}

/**
 * Ends a deployment: one that waits at once; one under way as soon as its machine sees it. If it serves already, what served
 * before returns. A finished one is left as it is.
 */
export function cancelDeployment(
  deps: DeploymentsDeps,
  request: { deploymentId: string; actor: Actor; reason?: string | undefined; causes?: string[] | undefined },
): Promise<DeploymentRow> {
  return deps.database.transaction(async (tx) => {
    const { deployment, facts, base } = await locked(tx, request.deploymentId);
    const reason = request.reason ?? `canceled by ${request.actor.name}`;
    if (deployment.finishedAt !== null) return deployment;
    if (deployment.status === 'on_hold' || deployment.status === 'queued') {
      const causes = [...(deployment.lastEvent ? [deployment.lastEvent] : []), ...(request.causes ?? [])];
      const data = { ...facts, reason };
      const lastEvent = await appendEvent(tx, deploymentEvents, 'deployment.canceled', {
        ...base,
        actor: request.actor,
        causes,
        data,
      });
      await patchDeployment(tx, deployment.id, { status: 'canceled', reason, lastEvent, finished: true });
    } else if (!deployment.cancel) {
      await patchDeployment(tx, deployment.id, {
        cancel: { reason, actor: request.actor, causes: request.causes ?? [] },
      });
    }
    await wakeLoops(tx);
    return (await findDeployment(tx, deployment.id))!;
  });
}

export interface RollBack {
  environmentId: string;
  /** Any release; default: the newest one that was good here before what serves now. */
  releaseId?: string | undefined;
  reason: string;
  actor: Actor;
  causes: string[];
}

/**
 * Takes an environment back. While the newest release is still being verified its forerunner runs warm, and returning
 * costs one switch; later the release is started again from what was built. The release left behind is marked bad: no feed
 * brings it back, a person can. Asking twice for the same cause acts once.
 */
export function rollBack(deps: DeploymentsDeps, request: RollBack): Promise<DeploymentRow> {
  return deps.database.transaction(async (tx) => {
    const environment = await lockEnvironment(tx, request.environmentId);
    if (!environment) throw new Fault('missing', 'There is no such environment', { code: 'deployments.not-found' });
    for (const cause of request.causes.slice(0, 1)) {
      const known = await findByCause(tx, environment.id, cause);
      if (known) return known;
    }
    const [newest] = await listDeployments(tx, { environmentId: environment.id }, 1);
    // An alert that opens late is about what was taken back already; going back further would leave a good release.
    if (request.actor.kind === 'system' && newest && isWayBack(newest)) return newest;
    const asked = { reason: request.reason, actor: request.actor, causes: request.causes };
    const underWay = (await openDeployments(tx, environment.id)).find((each) => each.startedAt !== null);
    if (underWay) {
      const { phase, blue } = underWay.state ?? { phase: 'preparing' as const, blue: null };
      const before = blue ? await findDeployment(tx, blue.group) : undefined;
      const fits = request.releaseId === undefined || request.releaseId === before?.releaseId;
      if (phase === 'verifying' && before && fits) {
        await patchDeployment(tx, underWay.id, { rollBack: asked });
        await wakeLoops(tx);
        return (await findDeployment(tx, underWay.id))!;
      }
      if (phase === 'returning' || phase === 'removing') return underWay;
      // Whatever an alert says is about what serves, and its successor is on the way already.
      if (request.actor.kind === 'system' && phase !== 'retiring' && phase !== 'verifying') return underWay;
      if (phase !== 'retiring') await patchDeployment(tx, underWay.id, { cancel: asked });
    }
    const target = await returnTarget(tx, environment, request.releaseId);
    const serving = environment.activeDeployment ? await findDeployment(tx, environment.activeDeployment) : undefined;
    if (serving && serving.releaseId !== target.release.id) {
      await markBad(tx, environment.id, serving.releaseId, request.reason);
    }
    const row = await requestDeployment(tx, {
      environment,
      release: target.release,
      kind: 'rollback',
      actor: request.actor,
      causes: request.causes,
      reason: request.reason,
      automatic: false,
      settingsVersion: target.settingsVersion,
    });
    return row!;
  });
}

const isWayBack = (row: DeploymentRow): boolean =>
  row.kind === 'rollback' || row.status === 'rolled_back' || row.status === 'rolling_back';

/** The release to return to, with the variables it last ran well with. */
export async function returnTarget(
  tx: Pick<Transaction, 'query' | 'first' | 'execute'>,
  environment: EnvironmentRow,
  releaseId: string | undefined,
): Promise<{ release: ReleaseRow; settingsVersion: number | undefined }> {
  const good = await listGood(tx, environment.id, 100);
  if (releaseId !== undefined) {
    const release = await findRelease(tx, releaseId);
    if (!release || release.projectId !== environment.projectId) {
      throw new Fault('missing', 'There is no such release', { code: 'deployments.not-found' });
    }
    return { release, settingsVersion: good.find((each) => each.releaseId === releaseId)?.settingsVersion };
  }
  const serving = environment.activeDeployment ? await findDeployment(tx, environment.activeDeployment) : undefined;
  const marks = await listBad(
    tx,
    good.map((each) => each.releaseId),
  );
  const bad = new Set(marks.filter((mark) => mark.environmentId === environment.id).map((mark) => mark.releaseId));
  const last = good.find((each) => each.releaseId !== serving?.releaseId && !bad.has(each.releaseId));
  const release = last && (await findRelease(tx, last.releaseId));
  if (!release) {
    throw new Fault('conflict', `No earlier release was good in ${environment.name}`, {
      code: 'deployments.nothing-to-return-to',
      hint: 'Name the release to return to, or deploy a newer one.',
    });
  }
  return { release, settingsVersion: last.settingsVersion };
}
