import type { Actor } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { DeploymentsDeps } from './deps.ts';
import { deploymentEvents } from './events.ts';
import { wakeLoops } from './store/deployments.ts';
import { findReleaseOfRun, insertRelease, type ReleaseRow, setRequestedEvent } from './store/releases.ts';

export interface CutRelease {
  projectId: string;
  /** Full sha of a commit in the project's repository. */
  sha: string;
  /** Decides which environments it goes to; null: none by itself. */
  branch: string | null;
  /** The run that proved the commit. One run cuts one release, however often this is called. */
  runId: string | null;
  actor: Actor;
  causes: string[];
}

/** Asks for a release of a commit. It is numbered at once and built soon, by whichever server is free. */
export async function cutRelease(deps: DeploymentsDeps, request: CutRelease): Promise<ReleaseRow> {
  const commit = await deps.commits.commit(request.projectId, request.sha);
  return deps.database.transaction(async (tx) => {
    const known = request.runId === null ? undefined : await findReleaseOfRun(tx, request.projectId, request.runId);
    if (known) return known;
    const message = commit?.message.split('\n')[0] ?? null;
    const release = await insertRelease(tx, { ...request, id: newId(), message });
    const event = await appendEvent(tx, deploymentEvents, 'release.requested', {
      subject: `release:${release.id}`,
      projectId: request.projectId,
      actor: request.actor,
      causes: request.causes,
      data: factsOf(release),
    });
    await setRequestedEvent(tx, release.id, event);
    await wakeLoops(tx);
    return { ...release, requestedEvent: event };
  });
}

export const factsOf = (release: ReleaseRow) => ({
  releaseId: release.id,
  version: release.version,
  number: release.number,
  sha: release.sha,
  runId: release.runId,
});
