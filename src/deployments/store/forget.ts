import type { Queryable } from '../../platform/postgres/database.ts';
import { sql } from '../../platform/postgres/sql.ts';
import { discardProject } from './retention.ts';

/** Deletes all rows of a project, and remembers its environments until nothing of them can run any more. */
export async function deleteOfProject(tx: Queryable, projectId: string): Promise<void> {
  const environments = sql`(select id from deployments_environments where project_id = ${projectId})`;
  const releases = sql`(select id from deployments_releases where project_id = ${projectId})`;
  const deployments = sql`(select id from deployments_deployments where project_id = ${projectId})`;
  await tx.execute(sql`select id from deployments_environments where project_id = ${projectId} order by id for update`);
  await tx.execute(sql`insert into deployments_forgotten (environment_id) select id from ${environments} as gone
    on conflict do nothing`);
  await tx.execute(sql`delete from deployments_answers where deployment_id in ${deployments}`);
  await tx.execute(sql`delete from deployments_instances where environment_id in ${environments}`);
  await tx.execute(sql`delete from deployments_bad_releases where environment_id in ${environments}`);
  await tx.execute(sql`delete from deployments_variables where environment_id in ${environments}`);
  await tx.execute(sql`delete from deployments_deployments where project_id = ${projectId}`);
  await discardProject(tx, projectId);
  await tx.execute(sql`delete from deployments_build_lines where release_id in ${releases}`);
  await tx.execute(sql`delete from deployments_releases where project_id = ${projectId}`);
  await tx.execute(sql`delete from deployments_environments where project_id = ${projectId}`);
}

/** Environments that are gone and whose instances may still run. */
export const listForgotten = async (db: Queryable): Promise<string[]> =>
  (await db.query<{ id: string }>(sql`select environment_id as id from deployments_forgotten order by at`)).map(
    (row) => row.id,
  );

/** A rollout that was under way when its project was deleted has ended by then, whichever server drove it. */
export const pruneForgotten = (db: Queryable): Promise<number> =>
  db.execute(sql`delete from deployments_forgotten where at < now() - interval '1 hour'`);
