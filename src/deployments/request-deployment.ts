import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import { deploymentEvents } from './events.ts';
import { buildGone } from './rebuild-release.ts';
import {
  type DeploymentKind,
  type DeploymentRow,
  findByCause,
  findDeployment,
  insertDeployment,
  openDeployments,
  patchDeployment,
  wakeLoops,
} from './store/deployments.ts';
import { type EnvironmentRow, listBad, lockEnvironment, readVariables, unmarkBad } from './store/environments.ts';
import { findRelease, type ReleaseRow } from './store/releases.ts';

export interface DeploymentRequest {
  environment: Pick<EnvironmentRow, 'id'>;
  release: Pick<ReleaseRow, 'id'>;
  kind: DeploymentKind;
  actor: Actor;
  causes: string[];
  reason: string | null;
  /** Asked for by a feed rather than by a person: a release marked bad is left alone, and so is one that serves already. */
  automatic: boolean;
  /** Of the environment's variables; default the newest. */
  settingsVersion?: number | undefined;
}

/**
 * Puts a deployment into the queue of its environment, on hold where the environment wants approval.
 * Undefined when an automatic request is pointless. Asking again for the same cause returns what it led to the first time.
 */
export async function requestDeployment(
  tx: Transaction,
  request: DeploymentRequest,
): Promise<DeploymentRow | undefined> {
  const environment = await lockEnvironment(tx, request.environment.id);
  const release = await findRelease(tx, request.release.id);
  if (!environment || !release)
    throw new Fault('missing', 'There is no such environment or release', { code: 'deployments.not-found' });
  if (release.status !== 'ready') {
    throw new Fault('conflict', `Release ${release.version} is ${release.status}`, {
      code: 'deployments.release-not-ready',
      hint: 'Only a release whose build succeeded can be deployed.',
    });
  }
  if (release.removedAt !== null) throw buildGone(release);
  for (const cause of request.automatic ? request.causes.slice(0, 1) : []) {
    const known = await findByCause(tx, environment.id, cause);
    if (known) return known;
  }
  const serving = environment.activeDeployment ? await findDeployment(tx, environment.activeDeployment) : undefined;
  if (request.automatic) {
    const bad = (await listBad(tx, [release.id])).some((mark) => mark.environmentId === environment.id);
    const open = await openDeployments(tx, environment.id);
    const underWay = open.some((each) => each.releaseId === release.id);
    if (bad || underWay || (serving?.releaseId === release.id && open.length === 0)) return undefined;
  } else if (request.kind !== 'rollback') {
    // A person who deploys a release that was taken back gives it another chance.
    await unmarkBad(tx, environment.id, release.id);
  }
  const forward = request.kind === 'deploy' || request.kind === 'promote';
  const onHold = environment.plan.approval && forward;
  const settingsVersion = request.settingsVersion ?? (await readVariables(tx, environment.id)).version;
  const id = newId();
  const row = await insertDeployment(tx, {
    id,
    projectId: environment.projectId,
    environmentId: environment.id,
    releaseId: release.id,
    kind: request.kind,
    status: onHold ? 'on_hold' : 'queued',
    settingsVersion,
    reason: request.reason,
    actor: request.actor,
    causes: request.causes,
  });
  const previous = serving ? await findRelease(tx, serving.releaseId) : undefined;
  const lastEvent = await appendEvent(tx, deploymentEvents, 'deployment.requested', {
    subject: `deployment:${id}`,
    projectId: environment.projectId,
    actor: request.actor,
    causes: request.causes,
    data: {
      ...deploymentFacts(row!, environment, release, previous),
      kind: request.kind,
      onHold,
      reason: request.reason,
    },
  });
  await patchDeployment(tx, id, { lastEvent });
  await wakeLoops(tx);
  return { ...row!, lastEvent };
}

/** What every fact about a deployment carries. */
export function deploymentFacts(
  row: Pick<DeploymentRow, 'id'>,
  environment: Pick<EnvironmentRow, 'id' | 'name'>,
  release: Pick<ReleaseRow, 'id' | 'version' | 'sha'>,
  previous: Pick<ReleaseRow, 'version'> | undefined,
) {
  return {
    deploymentId: row.id,
    environmentId: environment.id,
    environment: environment.name,
    releaseId: release.id,
    version: release.version,
    sha: release.sha,
    previousVersion: previous?.version ?? null,
  };
}
