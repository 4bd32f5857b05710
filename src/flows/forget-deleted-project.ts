import type { Dashboards } from '../dashboards/index.ts';
import type { Deployments } from '../deployments/index.ts';
import type { Errors } from '../errors/index.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { projectsEvents } from '../projects/index.ts';
import type { Secrets } from '../secrets/index.ts';
import type { Telemetry } from '../telemetry/index.ts';

/** What runs of a project, its secrets, its errors, its dashboards and what it set for telemetry go with it. */
export function forgetDeletedProject(
  deployments: Deployments,
  secrets: Secrets,
  errors: Errors,
  dashboards: Dashboards,
  telemetry: Pick<Telemetry, 'forgetProject'>,
): Subscription {
  return {
    name: 'forget-deleted-project',
    types: ['projects.project.deleted'],
    async handle(event) {
      const { projectId } = event.data as EventData<typeof projectsEvents, 'project.deleted'>;
      await deployments.forgetProject(projectId);
      await secrets.forgetProject(projectId);
      await errors.forgetProject(projectId);
      await dashboards.forgetProject(projectId);
      await telemetry.forgetProject(projectId);
    },
  };
}
