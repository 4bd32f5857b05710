import type { Deployments } from '../deployments/index.ts';
import type { Errors, errorsEvents } from '../errors/index.ts';
import { system } from '../kernel/events.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Commit, Projects } from '../projects/index.ts';
import { type BlamedFrame, blameLines, linesOf } from './blame-lines.ts';

type Opened = EventData<typeof errorsEvents, 'issue.opened'>;
type Blamed = Pick<Projects, 'commit' | 'commitsBetween' | 'changedFiles' | 'tree' | 'blameLine'>;

const maxCommits = 50;
const maxSuspects = 5;

/**
 * A new or returned issue is laid at the deployment of its release and at the commits that came with it: those that last changed
 * a line of the stack first (the crash before what called it), then those that touched a file of it, then the newest. A repository
 * that does not answer leaves the deployment.
 */
export function blameNewIssue(
  projects: Blamed,
  deployments: Pick<Deployments, 'deploymentOf'>,
  errors: Pick<Errors, 'attachCause'> & { catalogue: Pick<Errors['catalogue'], 'event'> },
): Subscription {
  return {
    name: 'blame-new-issue',
    types: ['errors.issue.opened', 'errors.issue.regressed'],
    async handle(event) {
      const issue = event.data as Opened;
      const { projectId } = event;
      if (!projectId || !issue.release) return;
      const deployment = await deployments.deploymentOf(projectId, issue.release, issue.environment);
      if (!deployment) return;
      const range = { from: deployment.previousSha, to: deployment.sha };
      const kept = await errors.catalogue.event(issue.eventId).catch(() => undefined);
      const [ranked, blamed] = await Promise.all([
        rankByFile(projects, projectId, range, issue.files).catch(() => []),
        kept ? blameLines(projects, projectId, range, linesOf(kept)).catch(() => []) : [],
      ]);
      const suspects = await suspectsOf(blamed, ranked, (sha) => projects.commit(projectId, sha));
      await errors.attachCause(
        issue.issueId,
        {
          deployment: {
            id: deployment.deploymentId,
            environment: deployment.environment,
            release: issue.release,
            at: new Date(deployment.startedAt).toISOString(),
            eventId: deployment.eventId,
          },
          commits: suspects.map(({ commit, blamed, rank }) => ({
            sha: commit.sha,
            message: commit.message,
            author: { name: commit.author.name, email: commit.author.email },
            at: new Date(commit.committedAt).toISOString(),
            reason: `${reasonOf(commit, blamed, issue.files[rank], rank)}, shipped with r${deployment.order}`,
          })),
        },
        [event.id, deployment.eventId],
        system('blame-new-issue'),
      );
    },
  };
}

function reasonOf(commit: Commit, blamed: BlamedFrame | undefined, file: string | undefined, rank: number): string {
  const { sha, author } = commit;
  if (blamed) {
    return `line ${blamed.line} of ${blamed.path} was last changed in ${sha.slice(0, 7)} by ${author.name}`;
  }
  return file === undefined
    ? `by ${author.name}`
    : `by ${author.name}: touches ${file}, frame ${rank + 1} of the stack`;
}

interface Ranked {
  commit: Commit;
  /** Position of the first frame whose file it touched. */
  rank: number;
}

async function rankByFile(
  projects: Blamed,
  projectId: string,
  { from, to }: { from: string | null; to: string },
  files: string[],
): Promise<Ranked[]> {
  const commits = await projects.commitsBetween(projectId, from, to, from ? maxCommits : 1);
  const ranked: Ranked[] = [];
  for (const commit of commits) {
    const touched = await projects.changedFiles(projectId, commit.parents[0] ?? null, commit.sha);
    ranked.push({ commit, rank: rankOf(files, touched) });
  }
  // Stable: the newest first among those of a rank.
  return ranked.sort((a, b) => a.rank - b.rank);
}

/** Blamed commits in the order of the stack, then the others by rank; each once. */
async function suspectsOf(
  blamed: BlamedFrame[],
  ranked: Ranked[],
  commitOf: (sha: string) => Promise<Commit | undefined>,
): Promise<(Ranked & { blamed?: BlamedFrame | undefined })[]> {
  const suspects = new Map<string, Ranked & { blamed?: BlamedFrame | undefined }>();
  for (const frame of blamed) {
    if (suspects.has(frame.sha)) continue;
    const known = ranked.find((one) => one.commit.sha === frame.sha);
    const commit = known?.commit ?? (await commitOf(frame.sha));
    if (commit) suspects.set(frame.sha, { commit, rank: known?.rank ?? 0, blamed: frame });
  }
  for (const one of ranked) if (!suspects.has(one.commit.sha)) suspects.set(one.commit.sha, one);
  return [...suspects.values()].slice(0, maxSuspects);
}

/** Position of the first frame whose file the commit touched; past the last frame when it touched none. */
export function rankOf(frames: string[], touched: string[]): number {
  const index = frames.findIndex((frame) =>
    touched.some((path) => path === frame || path.endsWith(`/${frame}`) || frame.endsWith(`/${path}`)),
  );
  return index === -1 ? frames.length : index;
}
