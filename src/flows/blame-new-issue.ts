import type { Deployments } from '../deployments/index.ts';
import type { Errors, errorsEvents } from '../errors/index.ts';
import { system } from '../kernel/events.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Projects } from '../projects/index.ts';

type Opened = EventData<typeof errorsEvents, 'issue.opened'>;

const maxCommits = 50;
const maxSuspects = 5;

/**
 * A new or returned issue is laid at the deployment of its release and at the commits that came with it: those that touched
 * a file of the stack first (innermost frame before outer ones), then the newest.
 */
export function blameNewIssue(projects: Projects, deployments: Deployments, errors: Errors): Subscription {
  return {
    name: 'blame-new-issue',
    types: ['errors.issue.opened', 'errors.issue.regressed'],
    async handle(event) {
      const issue = event.data as Opened;
      if (!event.projectId || !issue.release) return;
      const deployment = await deployments.deploymentOf(event.projectId, issue.release, issue.environment);
      if (!deployment) return;
      const projectId = event.projectId;
      const commits = await projects.commitsBetween(
        projectId,
        deployment.previousSha,
        deployment.sha,
        deployment.previousSha ? maxCommits : 1,
      );
      const ranked = await Promise.all(
        commits.map(async (commit, age) => {
          const touched = await projects.changedFiles(projectId, commit.parents[0] ?? null, commit.sha);
          return { commit, rank: rankOf(issue.files, touched), age };
        }),
      );
      ranked.sort((a, b) => a.rank - b.rank || a.age - b.age);
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
          commits: ranked.slice(0, maxSuspects).map(({ commit, rank }) => ({
            sha: commit.sha,
            message: commit.message,
            author: { name: commit.author.name, email: commit.author.email },
            at: new Date(commit.committedAt).toISOString(),
            reason:
              rank < issue.files.length
                ? `touches ${issue.files[rank]}, frame ${rank + 1} of the stack`
                : `came with ${issue.release}`,
          })),
        },
        [event.id, deployment.eventId],
        system('blame-new-issue'),
      );
    },
  };
}

/** Position of the first frame whose file the commit touched; past the last frame when it touched none. */
export function rankOf(frames: string[], touched: string[]): number {
  const index = frames.findIndex((frame) =>
    touched.some((path) => path === frame || path.endsWith(`/${frame}`) || frame.endsWith(`/${path}`)),
  );
  return index === -1 ? frames.length : index;
}
