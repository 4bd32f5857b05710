import { sql } from '../platform/postgres/sql.ts';
import type { DeploymentsDeps } from './deps.ts';

interface Ended {
  id: string;
  projectId: string;
  environment: string;
  release: string;
  previousRelease: string | null;
  runId: string | null;
  outcome: string;
  kind: string;
  reason: string | null;
  /** Unix milliseconds. */
  finishedAt: number;
  durationMs: number;
}

/**
 * Writes the Deployment record of each rollout that ended. Only of what is stored, and until telemetry has taken it: a record
 * refused now (its store is away, the disk is full) is written by a later call. Rejects when one is refused.
 */
export async function reportEnded(deps: Pick<DeploymentsDeps, 'database' | 'telemetry'>): Promise<void> {
  const ended = await deps.database.query<Ended>(sql`
    select deployment.id, deployment.project_id as "projectId", environment.name as environment, release.version as release,
      before.version as "previousRelease", release.run_id as "runId", deployment.state ->> 'outcome' as outcome,
      deployment.kind, deployment.state ->> 'reason' as reason,
      (extract(epoch from deployment.finished_at) * 1000)::float8 as "finishedAt",
      (extract(epoch from deployment.finished_at - coalesce(deployment.started_at, deployment.created_at)) * 1000)::float8
        as "durationMs"
    from deployments_deployments deployment
    join deployments_environments environment on environment.id = deployment.environment_id
    join deployments_releases release on release.id = deployment.release_id
    left join deployments_deployments previous on previous.id = deployment.previous_deployment
    left join deployments_releases before on before.id = previous.release_id
    where deployment.finished_at is not null and deployment.state is not null and not deployment.reported
    order by deployment.finished_at limit 50`);
  for (const { id, projectId, finishedAt, durationMs, outcome, reason, ...about } of ended) {
    const attributes = {
      ...about,
      deploymentId: id,
      previousRelease: about.previousRelease ?? undefined,
      name: outcome,
      error: outcome !== 'succeeded',
      duration: durationMs / 1000,
      message: reason ?? undefined,
    };
    const record = { type: 'Deployment', timestamp: Math.round(finishedAt), projectId, attributes };
    await deps.telemetry.write([record], { once: `deployment ${id}` });
    await deps.database.execute(sql`update deployments_deployments set reported = true where id = ${id}`);
  }
}
