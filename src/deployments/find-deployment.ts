import type { Queryable } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';

export interface ReleaseDeployment {
  deploymentId: string;
  /** The fact that it was started, in the event log. */
  eventId: string;
  environment: string;
  /** Unix milliseconds. */
  startedAt: number;
  /** Number of the release; grows with each release of the project. */
  order: number;
  sha: string;
  /** Commit of the release that served before; null at the first deployment. */
  previousSha: string | null;
}

/**
 * The latest deployment of a release, by its version, to an environment (to any, when null) that was begun; undefined when Millrace
 * did not deploy it. For laying errors at the door of the change that brought them.
 */
export function findDeploymentOf(
  database: Queryable,
  projectId: string,
  version: string,
  environment: string | null,
): Promise<ReleaseDeployment | undefined> {
  return database.first(sql`
    select d.id as "deploymentId", e.name as environment, r.number as order, r.sha, p.sha as "previousSha",
      (extract(epoch from d.started_at) * 1000)::float8 as "startedAt",
      (select event.id from platform_events event
        where event.subject = 'deployment:' || d.id
          and event.type in ('deployments.deployment.switched', 'deployments.deployment.started')
        order by event.position desc limit 1) as "eventId"
    from deployments_deployments d
      join deployments_releases r on r.id = d.release_id
      join deployments_environments e on e.id = d.environment_id
      left join deployments_deployments pd on pd.id = d.previous_deployment
      left join deployments_releases p on p.id = pd.release_id
    where d.project_id = ${projectId} and r.version = ${version} and d.started_at is not null
      and (${environment}::text is null or e.name = ${environment})
    order by d.sequence desc limit 1`);
}
