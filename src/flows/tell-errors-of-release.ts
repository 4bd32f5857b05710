import type { Deployments, deploymentEvents } from '../deployments/index.ts';
import type { Errors } from '../errors/index.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Projects } from '../projects/index.ts';

type Switched = EventData<typeof deploymentEvents, 'deployment.switched'>;

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
      await errors.uploads.tell(project.id, version, {
        range: { from: deployment?.previousSha ?? null, to: sha },
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
