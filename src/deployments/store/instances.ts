import type { Queryable } from '../../platform/postgres/database.ts';
import { all, json, sql } from '../../platform/postgres/sql.ts';
import type { Health } from '../health.ts';

/** What was last seen of an instance; the gateway's routes are made from these rows, also right after a restart. */
export interface InstanceRow {
  instanceId: string;
  environmentId: string;
  /** Null for backing services. */
  deploymentId: string | null;
  service: string;
  state: 'starting' | 'running' | 'exited';
  health: Health;
  detail: string;
  host: string | null;
  port: number | null;
  startedAt: number;
  /** Output up to here (Unix milliseconds) is in telemetry. */
  linesAfter: number | null;
  /** Output up to here is about to be, or is already. */
  linesSending: number | null;
}

const columns = sql`instance_id as "instanceId", environment_id as "environmentId", deployment_id as "deploymentId", service,
  state, health, detail, host, port, (extract(epoch from started_at) * 1000)::float8 as "startedAt",
  lines_after as "linesAfter", lines_sending as "linesSending"`;

export const listInstances = (db: Queryable, environmentIds?: readonly string[]): Promise<InstanceRow[]> =>
  db.query(sql`select ${columns} from deployments_instances
    where ${all(environmentIds === undefined ? [] : [sql`environment_id = any(${environmentIds}::uuid[])`])}
    order by service, instance_id`);

/** Makes the rows of an environment say what is seen: new and changed ones written, vanished ones deleted. */
export async function storeInstances(
  tx: Queryable,
  environmentId: string,
  seen: readonly Omit<InstanceRow, 'startedAt' | 'linesAfter' | 'linesSending' | 'environmentId'>[],
): Promise<void> {
  await tx.execute(sql`delete from deployments_instances where environment_id = ${environmentId}
    and not (instance_id = any(${seen.map((instance) => instance.instanceId)}::text[]))`);
  if (seen.length === 0) return;
  await tx.execute(sql`
    insert into deployments_instances (instance_id, environment_id, deployment_id, service, state, health, detail, host, port)
    select "instanceId", ${environmentId}, "deploymentId", service, state, health, detail, host, port
    from jsonb_to_recordset(${json(seen)}::jsonb)
      as t("instanceId" text, "deploymentId" uuid, service text, state text, health text, detail text, host text, port int)
    on conflict (instance_id) do update set state = excluded.state, health = excluded.health, detail = excluded.detail,
      host = excluded.host, port = excluded.port`);
}

/** Forgets the instances of releases built for these runtimes. */
export const forgetInstances = (db: Queryable, runtimes: readonly string[]): Promise<number> =>
  db.execute(sql`delete from deployments_instances where deployment_id in (
    select d.id from deployments_deployments d join deployments_releases r on r.id = d.release_id
    where r.runtime = any(${[...runtimes]}::text[]))`);

/** Stores how far the output of an instance is in telemetry, and how far what is sent next goes; false when it has no row. */
export const storeLines = async (
  db: Queryable,
  instanceId: string,
  after: number,
  sending: number | null,
): Promise<boolean> =>
  (await db.execute(sql`update deployments_instances set lines_after = ${after}, lines_sending = ${sending}
    where instance_id = ${instanceId}`)) === 1;
