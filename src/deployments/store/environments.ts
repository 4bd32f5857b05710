import type { Actor } from '../../kernel/events.ts';
import { newId } from '../../kernel/ids.ts';
import type { Queryable } from '../../platform/postgres/database.ts';
import { all, json, sql } from '../../platform/postgres/sql.ts';
import type { EnvironmentPlan } from '../millrace-file.ts';

export interface EnvironmentRow {
  id: string;
  projectId: string;
  name: string;
  position: number;
  plan: EnvironmentPlan;
  /** The deployment whose instances serve; also the name of their group. */
  activeDeployment: string | null;
  lastGoodDeployment: string | null;
  detached: boolean;
}

const columns = sql`id, project_id as "projectId", name, position, plan, active_deployment as "activeDeployment",
  last_good_deployment as "lastGoodDeployment", detached`;

export const findEnvironment = (db: Queryable, id: string): Promise<EnvironmentRow | undefined> =>
  db.first(sql`select ${columns} from deployments_environments where id = ${id}`);

/** Locks the environment: what decides about its deployments happens one at a time. */
export const lockEnvironment = (tx: Queryable, id: string): Promise<EnvironmentRow | undefined> =>
  tx.first(sql`select ${columns} from deployments_environments where id = ${id} for update`);

export const findEnvironmentByName = (
  db: Queryable,
  projectId: string,
  name: string,
): Promise<EnvironmentRow | undefined> =>
  db.first(sql`select ${columns} from deployments_environments where project_id = ${projectId} and name = ${name}`);

export const listEnvironments = (db: Queryable, projectId?: string): Promise<EnvironmentRow[]> =>
  db.query(sql`select ${columns} from deployments_environments
    where ${all(projectId === undefined ? [] : [sql`project_id = ${projectId}`])} order by project_id, position, name`);

/** Environments that this branch, or this environment, feeds. */
export const listFedBy = (
  db: Queryable,
  projectId: string,
  from: { kind: 'branch' | 'environment'; name: string },
): Promise<EnvironmentRow[]> =>
  db.query(sql`select ${columns} from deployments_environments
    where project_id = ${projectId} and not detached and plan -> 'from' = ${json(from)}::jsonb order by position`);

/** Brings the rows in line with `millrace.yaml`. @returns what changed, in words, by environment */
export async function syncEnvironments(
  tx: Queryable,
  projectId: string,
  plans: readonly EnvironmentPlan[],
): Promise<{ id: string; name: string; changes: string[] }[]> {
  const before = new Map((await listEnvironments(tx, projectId)).map((row) => [row.name, row]));
  const changed: { id: string; name: string; changes: string[] }[] = [];
  for (const [position, plan] of plans.entries()) {
    const row = before.get(plan.name);
    before.delete(plan.name);
    if (!row) {
      const id = newId();
      await tx.execute(sql`insert into deployments_environments (id, project_id, name, position, plan)
        values (${id}, ${projectId}, ${plan.name}, ${position}, ${json(plan)})`);
      changed.push({ id, name: plan.name, changes: ['created'] });
      continue;
    }
    const old = row.plan as unknown as Record<string, unknown>;
    const changes = Object.entries(plan)
      .filter(([key, value]) => JSON.stringify(sorted(old[key])) !== JSON.stringify(sorted(value)))
      .map(([key]) => key);
    if (changes.length === 0 && row.position === position && !row.detached) continue;
    await tx.execute(sql`update deployments_environments set plan = ${json(plan)}, position = ${position}, detached = false
      where id = ${row.id}`);
    if (row.detached) changes.push('attached');
    if (changes.length > 0) changed.push({ id: row.id, name: plan.name, changes });
  }
  for (const row of before.values()) {
    if (row.detached) continue;
    await tx.execute(sql`update deployments_environments set detached = true where id = ${row.id}`);
    changed.push({ id: row.id, name: row.name, changes: ['detached'] });
  }
  return changed;
}

/** The same value with object keys in one order, as jsonb does not keep the written one. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

export const setActive = (tx: Queryable, id: string, deploymentId: string | null): Promise<number> =>
  tx.execute(sql`update deployments_environments set active_deployment = ${deploymentId} where id = ${id}`);

export const setLastGood = (tx: Queryable, id: string, deploymentId: string): Promise<number> =>
  tx.execute(sql`update deployments_environments set last_good_deployment = ${deploymentId} where id = ${id}`);

export interface VariablesRow {
  environmentId: string;
  version: number;
  variables: Record<string, string>;
  actor: Actor | null;
  at: number | null;
}

const none = (environmentId: string): VariablesRow => ({
  environmentId,
  version: 0,
  variables: {},
  actor: null,
  at: null,
});

/** A version of an environment's variables, by default the newest; version 0 is empty. */
export async function readVariables(db: Queryable, environmentId: string, version?: number): Promise<VariablesRow> {
  if (version === 0) return none(environmentId);
  const wanted = version === undefined ? sql`true` : sql`version = ${version}`;
  const row = await db.first<VariablesRow>(sql`
    select environment_id as "environmentId", version, variables, actor, (extract(epoch from at) * 1000)::float8 as at
    from deployments_variables where environment_id = ${environmentId} and ${wanted} order by version desc limit 1`);
  return row ?? none(environmentId);
}

export const listVariables = (db: Queryable, environmentId: string): Promise<VariablesRow[]> =>
  db.query(sql`select environment_id as "environmentId", version, variables, actor,
      (extract(epoch from at) * 1000)::float8 as at
    from deployments_variables where environment_id = ${environmentId} order by version desc limit 100`);

export const insertVariables = (
  tx: Queryable,
  row: { environmentId: string; version: number; variables: Record<string, string>; actor: Actor },
): Promise<number> =>
  tx.execute(sql`insert into deployments_variables (environment_id, version, variables, actor)
    values (${row.environmentId}, ${row.version}, ${json(row.variables)}, ${json(row.actor)})`);

export const markBad = (tx: Queryable, environmentId: string, releaseId: string, reason: string): Promise<number> =>
  tx.execute(sql`insert into deployments_bad_releases (environment_id, release_id, reason)
    values (${environmentId}, ${releaseId}, ${reason})
    on conflict (environment_id, release_id) do update set reason = excluded.reason, at = now()`);

export const unmarkBad = (tx: Queryable, environmentId: string, releaseId: string): Promise<number> =>
  tx.execute(
    sql`delete from deployments_bad_releases where environment_id = ${environmentId} and release_id = ${releaseId}`,
  );

export const listBad = (
  db: Queryable,
  releaseIds: readonly string[],
): Promise<{ environmentId: string; releaseId: string; reason: string }[]> =>
  db.query(sql`select environment_id as "environmentId", release_id as "releaseId", reason from deployments_bad_releases
    where release_id = any(${releaseIds}::uuid[])`);
