import type { Transaction } from '../platform/postgres/database.ts';
import type { DeploymentsDeps } from './deps.ts';
import { findDeployment, openDeployments } from './store/deployments.ts';
import { lockEnvironment } from './store/environments.ts';
import { findReleases, type ReleaseRow, releasesInUse } from './store/releases.ts';

/** A release serves or waits somewhere whose commit git was not asked about yet. Roll back, `read` it, begin anew. */
export class UnreadCommit extends Error {
  readonly sha: string;

  constructor(sha: string) {
    super(`Commit ${sha} is not compared yet`);
    this.sha = sha;
  }
}

/** What git says about a release's commit beside others. Git is asked outside of transactions, which are held open by it. */
export interface History {
  /** Whether the release of that commit makes ours pointless. Throws `UnreadCommit` when it was not read. */
  isNewer(sha: string): boolean;
  /** A later commit of the same branch serves or waits already, so what its `millrace.yaml` says holds. */
  behind: boolean;
  read(sha: string): Promise<void>;
}

/**
 * Compares a release's commit with those of the releases that serve or wait in its project now. A commit makes another
 * pointless when it contains it, or when only it is still part of the branch (the other was rewritten away). Whatever is the
 * head of its branch now is wanted: a branch that was set back on purpose takes its environments back.
 */
export async function readHistory(
  deps: Pick<DeploymentsDeps, 'commits' | 'database'>,
  release: ReleaseRow,
): Promise<History> {
  const { projectId, sha, branch } = release;
  const contains = async (outer: string, inner: string): Promise<boolean> =>
    outer === inner || (await deps.commits.commitsBetween(projectId, outer, inner, 1)).length === 0;
  const head = branch === null ? undefined : await deps.commits.resolve(projectId, `refs/heads/${branch}`);
  const onBranch = head !== undefined && (await contains(head, sha));
  const newer = new Map<string, boolean>();
  const history: History = {
    behind: false,
    isNewer(other) {
      const known = newer.get(other);
      if (known === undefined) throw new UnreadCommit(other);
      return known;
    },
    async read(other) {
      const replaced = async (): Promise<boolean> => head !== undefined && !onBranch && (await contains(head, other));
      newer.set(other, other !== sha && head !== sha && ((await contains(other, sha)) || (await replaced())));
    },
  };
  for (const other of await releasesInUse(deps.database, projectId)) {
    if (!newer.has(other.sha)) await history.read(other.sha);
    if (other.branch === branch && history.isNewer(other.sha)) history.behind = true;
  }
  return history;
}

/**
 * The release that makes a newly cut one pointless in an environment, where it serves or waits already. Runs do not end in
 * the order of their commits, and an older commit must not take an environment back.
 */
export async function overtakenBy(
  tx: Transaction,
  environmentId: string,
  history: History,
): Promise<ReleaseRow | undefined> {
  const environment = await lockEnvironment(tx, environmentId);
  const serving = environment?.activeDeployment ? await findDeployment(tx, environment.activeDeployment) : undefined;
  const open = await openDeployments(tx, environmentId);
  const ids = [...(serving ? [serving] : []), ...open].map((deployment) => deployment.releaseId);
  return (await findReleases(tx, ids)).find((other) => history.isNewer(other.sha));
}
