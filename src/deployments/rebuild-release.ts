import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { appendEvent } from '../platform/events/log.ts';
import { factsOf } from './cut-release.ts';
import type { DeploymentsDeps } from './deps.ts';
import { deploymentEvents } from './events.ts';
import { wakeLoops } from './store/deployments.ts';
import { findRelease, queueRebuild, type ReleaseRow, setRequestedEvent } from './store/releases.ts';
import { forgetDiscards } from './store/retention.ts';

/** Why a release cannot be deployed although its build was good once; with the way out. */
export const buildGone = (release: Pick<ReleaseRow, 'version'>): Fault =>
  new Fault('conflict', `What was built of release ${release.version} is not kept any more`, {
    code: 'deployments.build-gone',
    hint: `Build it again (millrace rebuild ${release.version}, or the button on its page), then ask once more.`,
  });

/**
 * Whether what a release was built into is still there. It is asked before a person's request is taken, since the engine may have lost
 * images without Millrace's doing. A runtime that cannot be asked is no reason to refuse.
 */
export async function buildIsThere(
  deps: Pick<DeploymentsDeps, 'runtimes'>,
  release: Pick<ReleaseRow, 'removedAt' | 'outputs' | 'runtime'>,
): Promise<boolean> {
  if (release.removedAt !== null) return false;
  const runtime = deps.runtimes.find((each) => each.kind === release.runtime);
  if (!runtime) return true;
  const there = await Promise.all(release.outputs.map((output) => runtime.holds(output).catch(() => true)));
  return there.every(Boolean);
}

/** Refuses a release whose build is gone. */
export async function requireBuild(deps: Pick<DeploymentsDeps, 'runtimes'>, release: ReleaseRow): Promise<void> {
  if (release.status === 'ready' && !(await buildIsThere(deps, release))) throw buildGone(release);
}

/** Has a release whose build is gone built again from its commit, under its own number. It goes to no environment by itself. */
export async function rebuildRelease(
  deps: Pick<DeploymentsDeps, 'database' | 'runtimes'>,
  request: { releaseId: string; actor: Actor },
): Promise<ReleaseRow> {
  const before = await findRelease(deps.database, request.releaseId);
  if (!before) throw new Fault('missing', 'There is no such release', { code: 'deployments.not-found' });
  if (before.rebuild !== null) return before;
  if (before.status !== 'ready' || (await buildIsThere(deps, before))) {
    throw new Fault('conflict', `Release ${before.version} does not need to be built again`, {
      code: 'deployments.build-kept',
      hint: before.status === 'ready' ? 'What was built of it is there.' : `It is ${before.status}.`,
    });
  }
  return deps.database.transaction(async (tx) => {
    if (await queueRebuild(tx, before.id, request.actor)) {
      await forgetDiscards(tx, before.id);
      const event = await appendEvent(tx, deploymentEvents, 'release.rebuild_requested', {
        subject: `release:${before.id}`,
        projectId: before.projectId,
        actor: request.actor,
        causes: [],
        data: factsOf(before),
      });
      await setRequestedEvent(tx, before.id, event);
      await wakeLoops(tx);
    }
    return (await findRelease(tx, before.id))!;
  });
}
