import type { Deployments, deploymentEvents } from '../deployments/index.ts';
import type { Errors } from '../errors/index.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Projects } from '../projects/index.ts';

type Switched = EventData<typeof deploymentEvents, 'deployment.switched'>;

const maxCommits = 500;

/** When a release that visitors reach holds a commit that says "Fixes SHOP-12", that issue is resolved as of this release. */
export function resolveFixedIssues(projects: Projects, deployments: Deployments, errors: Errors): Subscription {
  return {
    name: 'resolve-fixed-issues',
    types: ['deployments.deployment.switched'],
    async handle(event) {
      const { projectId } = event;
      const { environment, version, sha } = event.data as Switched;
      if (!projectId || !(await projects.find(projectId))) return;
      const deployment = await deployments.deploymentOf(projectId, version, environment);
      const from = deployment?.previousSha ?? null;
      const commits = await projects.commitsBetween(projectId, from, sha, from ? maxCommits : 1);
      for (const commit of commits) {
        const { sha: id, message, author } = commit;
        await errors.resolveFixed(projectId, { sha: id, message, author: author.name, release: version }, [event.id]);
      }
    },
  };
}
