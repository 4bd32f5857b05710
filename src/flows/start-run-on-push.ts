import { type EventEnvelope, system } from '../kernel/events.ts';
import type { Pipelines } from '../pipelines/index.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Projects, projectsEvents } from '../projects/index.ts';

type Push = EventData<typeof projectsEvents, 'push.received'>;
type PullRequest = EventData<typeof projectsEvents, 'pull-request.updated'>;

/**
 * Whether a pull request gets a run of its own. A branch of the same repository does not: its push runs that commit already,
 * and one commit must not run twice. Code from a fork, which is never pushed here, runs only where the project says so.
 */
export function pullRequestRuns(request: { fork: boolean }, settings: { buildForks: boolean }): boolean {
  return request.fork && settings.buildForks;
}

/** A pushed branch or tag gets a run, under the id that was printed to the pusher; so does the head of a fork's pull request. */
export function startRunOnPush(projects: Projects, pipelines: Pipelines, publicUrl: () => string): Subscription {
  const start = async (
    event: EventEnvelope,
    projectId: string,
    run: {
      runId: string;
      sha: string;
      branch?: string | undefined;
      tag?: string | undefined;
      pullRequest?: { number: number; fork: boolean };
      by: string;
    },
  ): Promise<void> => {
    const project = await projects.find(projectId);
    const commit = project && (await projects.commit(projectId, run.sha));
    // Deleted or force-pushed away before we came to it: there is nothing left to run.
    if (!project || !commit) return;
    if (run.pullRequest && !pullRequestRuns(run.pullRequest, project.settings)) return;
    await pipelines.startRun({
      runId: run.runId,
      project: {
        id: project.id,
        slug: project.slug,
        defaultBranch: project.defaultBranch,
        gitUrl: `${publicUrl()}/git/${project.slug}.git`,
      },
      sha: commit.sha,
      branch: run.branch,
      tag: run.tag,
      kind: run.pullRequest ? 'pull-request' : 'push',
      pullRequest: run.pullRequest,
      commit: { message: commit.message, author: commit.author, at: commit.committedAt },
      actor: event.actor.kind === 'system' ? { ...system('push'), name: run.by } : event.actor,
      causes: [event.id],
    });
  };
  return {
    name: 'start-run-on-push',
    types: ['projects.push.received', 'projects.pull-request.updated'],
    async handle(event) {
      if (event.type === 'projects.push.received') {
        const push = event.data as Push;
        if (push.after === null) return;
        const { projectId, runId, branch, tag } = push;
        await start(event, projectId, { runId, sha: push.after, branch, tag, by: push.pusher.name });
        return;
      }
      const request = event.data as PullRequest;
      await start(event, request.projectId, {
        runId: request.runId,
        sha: request.head.sha,
        branch: request.head.branch,
        pullRequest: { number: request.number, fork: request.fork },
        by: request.author,
      });
    },
  };
}
