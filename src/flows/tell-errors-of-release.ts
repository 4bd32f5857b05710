import type { Deployments, deploymentEvents } from '../deployments/index.ts';
import type { Errors } from '../errors/index.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Projects } from '../projects/index.ts';

type Switched = EventData<typeof deploymentEvents, 'deployment.switched'>;

const maxCommits = 200;
const maxFiles = 200;

/** A release that visitors reach is one that errors and sessions will name: its commits, their authors and files are told before any does. */
export function tellErrorsOfRelease(projects: Projects, deployments: Deployments, errors: Errors): Subscription {
  return {
    name: 'tell-errors-of-release',
    types: ['deployments.deployment.switched'],
    async handle(event) {
      const { projectId } = event;
      const { deploymentId, environment, version, sha } = event.data as Switched;
      const project = projectId ? await projects.find(projectId) : undefined;
      if (!project) return;
      const deployment = await deployments.deploymentOf(project.id, version, environment);
      const previous = deployment?.previousSha ?? null;
      const commits = await projects.commitsBetween(project.id, previous, sha, previous ? maxCommits : 1);
      await errors.uploads.tell(project.id, version, {
        commits: await Promise.all(
          commits.map(async ({ sha: id, parents, message, author, committedAt }) => ({
            id,
            message: message.slice(0, 500),
            author: author.name,
            email: author.email,
            at: committedAt,
            files: (await projects.changedFiles(project.id, parents[0] ?? null, id)).slice(0, maxFiles),
          })),
        ),
        deploy: {
          environment,
          name: version,
          startedAt: deployment?.startedAt ?? null,
          finishedAt: event.at,
          deploymentId,
        },
      });
    },
  };
}
