import type { Dashboards } from '../dashboards/index.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Projects, projectsEvents } from '../projects/index.ts';

/** Dashboards kept in a repository follow its default branch. */
export function keepDashboardsOfRepository(projects: Projects, dashboards: Dashboards): Subscription {
  return {
    name: 'keep-dashboards-of-repository',
    types: ['projects.push.received'],
    async handle(event) {
      const push = event.data as EventData<typeof projectsEvents, 'push.received'>;
      const project = await projects.find(push.projectId);
      if (!project || push.branch !== project.defaultBranch) return;
      // Where the branch stands now: an earlier push may come late.
      const sha = await projects.resolve(project.id, project.defaultBranch);
      if (!sha) return;
      await dashboards.syncFiles({
        projectId: project.id,
        sha,
        files: projects.tree(project.id, sha),
        actor: event.actor,
        causes: [event.id],
      });
    },
  };
}
