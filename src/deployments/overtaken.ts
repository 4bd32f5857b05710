import type { Transaction } from '../platform/postgres/database.ts';
import type { DeploymentsDeps } from './deps.ts';
import { findDeployment, openDeployments } from './store/deployments.ts';
import type { EnvironmentRow } from './store/environments.ts';
import { findReleases, type ReleaseRow } from './store/releases.ts';

/**
 * The release that makes a newly cut one pointless in an environment: it serves or waits there, and its commit contains the
 * other's. Runs do not end in the order of their commits, and an older commit must not take an environment back.
 */
export async function overtakenBy(
  deps: Pick<DeploymentsDeps, 'commits'>,
  tx: Transaction,
  environment: Pick<EnvironmentRow, 'id' | 'activeDeployment'>,
  release: Pick<ReleaseRow, 'id' | 'projectId' | 'sha'>,
): Promise<ReleaseRow | undefined> {
  const serving = environment.activeDeployment ? await findDeployment(tx, environment.activeDeployment) : undefined;
  const open = await openDeployments(tx, environment.id);
  const ids = [...(serving ? [serving] : []), ...open].map((deployment) => deployment.releaseId);
  for (const other of await findReleases(tx, ids)) {
    if (other.sha === release.sha) continue;
    const missing = await deps.commits.commitsBetween(release.projectId, other.sha, release.sha, 1);
    if (missing.length === 0) return other;
  }
  return undefined;
}
