import type { Actor } from '../../kernel/events.ts';
import type { Queryable } from '../../platform/postgres/database.ts';
import { all, json, type Sql, sql } from '../../platform/postgres/sql.ts';
import type { Answer } from '../gates.ts';
import type { RolloutState } from '../rollout-state.ts';

export type DeploymentKind = 'deploy' | 'promote' | 'redeploy' | 'rollback';
export type DeploymentStatus =
  | 'on_hold'
  | 'queued'
  | 'running'
  | 'verifying'
  | 'rolling_back'
  | 'succeeded'
  | 'failed'
  | 'canceled'
  | 'superseded'
  | 'rolled_back';

/** A request of somebody that concerns a deployment under way. */
export interface Asked {
  reason: string;
  actor: Actor;
  causes: string[];
}

export interface DeploymentRow {
  id: string;
  sequence: number;
  projectId: string;
  environmentId: string;
  releaseId: string;
  kind: DeploymentKind;
  status: DeploymentStatus;
  settingsVersion: number;
  previousDeployment: string | null;
  reason: string | null;
  actor: Actor;
  approvedBy: Actor | null;
  causes: string[];
  lastEvent: string | null;
  cancel: Asked | null;
  rollBack: Asked | null;
  state: RolloutState | null;
  createdAt: number;
  startedAt: number | null;
  switchedAt: number | null;
  finishedAt: number | null;
  leaseEpoch: number;
}

const ms = (column: Sql): Sql => sql`(extract(epoch from ${column}) * 1000)::float8`;
const columns = sql`id, sequence, project_id as "projectId", environment_id as "environmentId", release_id as "releaseId",
  kind, status, settings_version as "settingsVersion", previous_deployment as "previousDeployment", reason, actor,
  approved_by as "approvedBy", causes, last_event as "lastEvent", cancel, roll_back as "rollBack", state,
  ${ms(sql`created_at`)} as "createdAt", ${ms(sql`started_at`)} as "startedAt", ${ms(sql`switched_at`)} as "switchedAt",
  ${ms(sql`finished_at`)} as "finishedAt", lease_epoch as "leaseEpoch"`;

/** Wakes the loops of every server after a commit. */
export const deploymentsChannel = 'millrace_deployments';
export const wakeLoops = (tx: Queryable): Promise<number> =>
  tx.execute(sql`select pg_notify(${deploymentsChannel}, '')`);

export const findDeployment = (db: Queryable, id: string): Promise<DeploymentRow | undefined> =>
  db.first(sql`select ${columns} from deployments_deployments where id = ${id}`);

export const findDeployments = (db: Queryable, ids: readonly string[]): Promise<DeploymentRow[]> =>
  db.query(sql`select ${columns} from deployments_deployments where id = any(${ids}::uuid[])`);

/** Not finished, oldest first. */
export const openDeployments = (db: Queryable, environmentId: string): Promise<DeploymentRow[]> =>
  db.query(sql`select ${columns} from deployments_deployments
    where environment_id = ${environmentId} and finished_at is null order by sequence`);

export const environmentsWithOpen = async (db: Queryable): Promise<string[]> =>
  (
    await db.query<{ id: string }>(
      sql`select distinct environment_id as id from deployments_deployments where finished_at is null`,
    )
  ).map((row) => row.id);

export const listDeployments = (
  db: Queryable,
  filter: {
    projectId?: string | undefined;
    environmentId?: string | undefined;
    status?: string | undefined;
    before?: number | undefined;
  },
  limit: number,
): Promise<DeploymentRow[]> => {
  const conditions: Sql[] = [];
  if (filter.projectId) conditions.push(sql`project_id = ${filter.projectId}`);
  if (filter.environmentId) conditions.push(sql`environment_id = ${filter.environmentId}`);
  if (filter.status) conditions.push(sql`status = ${filter.status}`);
  if (filter.before !== undefined) conditions.push(sql`sequence < ${filter.before}`);
  return db.query(sql`select ${columns} from deployments_deployments where ${all(conditions)}
    order by sequence desc limit ${limit}`);
};

/** Deployments of an environment that a cause has brought about already: events are delivered at least once. */
export const findByCause = (db: Queryable, environmentId: string, cause: string): Promise<DeploymentRow | undefined> =>
  db.first(sql`select ${columns} from deployments_deployments where environment_id = ${environmentId}
    and (causes @> array[${cause}]::uuid[] or roll_back -> 'causes' ? ${cause}) order by sequence desc limit 1`);

/** Good deployments of an environment, newest first: those whose release was verified there. */
export const listGood = (db: Queryable, environmentId: string, limit: number): Promise<DeploymentRow[]> =>
  db.query(sql`select ${columns} from deployments_deployments
    where environment_id = ${environmentId} and status = 'succeeded' order by sequence desc limit ${limit}`);

export const insertDeployment = (
  tx: Queryable,
  row: Pick<
    DeploymentRow,
    | 'id'
    | 'projectId'
    | 'environmentId'
    | 'releaseId'
    | 'kind'
    | 'status'
    | 'settingsVersion'
    | 'reason'
    | 'actor'
    | 'causes'
  >,
): Promise<DeploymentRow | undefined> =>
  tx.first(sql`insert into deployments_deployments
      (id, project_id, environment_id, release_id, kind, status, settings_version, reason, actor, causes)
    values (${row.id}, ${row.projectId}, ${row.environmentId}, ${row.releaseId}, ${row.kind}, ${row.status},
      ${row.settingsVersion}, ${row.reason}, ${json(row.actor)}, ${row.causes}::uuid[]) returning ${columns}`);

/** Changes named columns of a deployment; the caller holds the lock of its environment. */
export async function patchDeployment(
  tx: Queryable,
  id: string,
  patch: Partial<
    Pick<DeploymentRow, 'status' | 'reason' | 'approvedBy' | 'lastEvent' | 'cancel' | 'rollBack'> & {
      finished: boolean;
    }
  >,
): Promise<void> {
  const sets: Sql[] = [];
  if (patch.status !== undefined) sets.push(sql`status = ${patch.status}`);
  if (patch.reason !== undefined) sets.push(sql`reason = ${patch.reason}`);
  if (patch.approvedBy !== undefined) sets.push(sql`approved_by = ${json(patch.approvedBy)}`);
  if (patch.lastEvent !== undefined) sets.push(sql`last_event = ${patch.lastEvent}`);
  if (patch.cancel !== undefined) sets.push(sql`cancel = ${json(patch.cancel)}`);
  if (patch.rollBack !== undefined) sets.push(sql`roll_back = ${json(patch.rollBack)}`);
  if (patch.finished) sets.push(sql`finished_at = now()`);
  const assignments = sets.slice(1).reduce((left, right) => sql`${left}, ${right}`, sets[0]!);
  await tx.execute(sql`update deployments_deployments set ${assignments} where id = ${id}`);
}

export const startDeployment = (tx: Queryable, id: string, previous: string | null): Promise<number> =>
  tx.execute(sql`update deployments_deployments
    set status = 'running', started_at = now(), previous_deployment = ${previous} where id = ${id}`);

const open = sql`status in ('running', 'verifying', 'rolling_back')`;

/** Takes the deployments under way that nobody drives, for 15 s. */
export const claimDeployments = (db: Queryable, owner: string): Promise<DeploymentRow[]> =>
  db.query(sql`update deployments_deployments set lease_owner = ${owner}, lease_epoch = lease_epoch + 1,
      lease_until = now() + interval '15 seconds'
    where id in (select id from deployments_deployments
      where ${open} and (lease_until is null or lease_until < now()) limit 20 for update skip locked)
    returning ${columns}`);

/** Lets go of what this server was driving when it was killed, so that nothing waits for its old leases to run out. */
export const freeDeployments = (db: Queryable, owner: string): Promise<number> =>
  db.execute(sql`update deployments_deployments set lease_until = null where lease_owner = ${owner} and ${open}`);

/** The row, while the lease holds (extended by this call); undefined when another server has taken over or it is finished. */
export const renewDeployment = (db: Queryable, id: string, epoch: number): Promise<DeploymentRow | undefined> =>
  db.first(sql`update deployments_deployments set lease_until = now() + interval '15 seconds'
    where id = ${id} and lease_epoch = ${epoch} and ${open} returning ${columns}`);

export const releaseDeployment = (db: Queryable, id: string, epoch: number): Promise<number> =>
  db.execute(sql`update deployments_deployments set lease_until = null where id = ${id} and lease_epoch = ${epoch}`);

/** Stores the machine's new state; false when the lease was lost. */
export const saveState = async (
  tx: Queryable,
  row: { id: string; leaseEpoch: number; status: DeploymentStatus; state: RolloutState },
): Promise<boolean> =>
  (await tx.execute(sql`update deployments_deployments set status = ${row.status}, state = ${json(row.state)},
      switched_at = ${row.state.switchedAt === null ? sql`null` : sql`to_timestamp(${row.state.switchedAt / 1000})`},
      finished_at = ${row.state.phase === 'done' ? sql`now()` : sql`null`}
    where id = ${row.id} and lease_epoch = ${row.leaseEpoch} and ${open}`)) === 1;

export async function insertAnswers(tx: Queryable, deploymentId: string, answers: readonly Answer[]): Promise<void> {
  for (const answer of answers) {
    await tx.execute(sql`insert into deployments_answers (deployment_id, gate, at, verdict, value, explanation)
      values (${deploymentId}, ${answer.index}, to_timestamp(${answer.at / 1000}), ${answer.verdict}, ${answer.value},
        ${answer.explanation.slice(0, 1000)}) on conflict do nothing`);
  }
}

export const listAnswers = (db: Queryable, deploymentId: string): Promise<Answer[]> =>
  db.query(sql`select gate as index, ${ms(sql`at`)} as at, verdict, value, explanation from deployments_answers
    where deployment_id = ${deploymentId} order by at desc limit 2000`);
