import type { z } from 'zod';
import type { deploymentDetail, environmentSchema } from './api.ts';
import type { Answer } from './gates.ts';
import type { Gateway } from './gateway/gateway.ts';
import { statusOf } from './rollout-state.ts';
import { environmentHost, mainService, serviceHost } from './serve-routes.ts';
import type { DeploymentRow } from './store/deployments.ts';
import type { EnvironmentRow } from './store/environments.ts';
import type { InstanceRow } from './store/instances.ts';
import type { ReleaseRow } from './store/releases.ts';

export type EnvironmentView = z.input<typeof environmentSchema>;
export type DeploymentDetail = z.input<typeof deploymentDetail>;
type Health = EnvironmentView['health'];

export const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));

export const releaseBrief = (release: ReleaseRow) => ({
  id: release.id,
  number: release.number,
  version: release.version,
  sha: release.sha,
  message: release.message,
  createdAt: iso(release.createdAt),
});

export function releaseView(
  release: ReleaseRow,
  project: string,
  environments: { name: string; current: boolean; lastGood: boolean; bad: string | null }[],
) {
  return {
    ...releaseBrief(release),
    projectId: release.projectId,
    project,
    runId: release.runId,
    branch: release.branch,
    status: release.status,
    reason: release.reason,
    settingsVersion: release.settingsVersion,
    requestedBy: release.actor,
    finishedAt: isoOrNull(release.finishedAt),
    removedAt: isoOrNull(release.removedAt),
    environments,
  };
}

export const releaseServices = (release: ReleaseRow) =>
  release.services.map((service) => ({
    name: service.name,
    kind: service.kind,
    image: service.image ?? null,
    output: release.outputs.find((output) => output.service === service.name) ?? null,
    ports: service.ports.map((port) => port.container),
    replicas: service.replicas,
    dependsOn: service.dependsOn.map((need) => need.service),
  }));

/** Rows a deployment is shown with. */
export interface DeploymentContext {
  project: { slug: string };
  environment: Pick<EnvironmentRow, 'id' | 'name'>;
  release: ReleaseRow;
  previous: ReleaseRow | undefined;
}

export function deploymentBrief(row: DeploymentRow, context: DeploymentContext) {
  return {
    id: row.id,
    projectId: row.projectId,
    project: context.project.slug,
    environmentId: row.environmentId,
    environment: context.environment.name,
    release: releaseBrief(context.release),
    previousVersion: context.previous?.version ?? null,
    kind: row.kind,
    status: row.status,
    phase: row.state && row.finishedAt === null ? row.state.phase : row.status,
    reason: row.reason,
    requestedBy: row.actor,
    createdAt: iso(row.createdAt),
    startedAt: isoOrNull(row.startedAt),
    switchedAt: isoOrNull(row.switchedAt),
    finishedAt: isoOrNull(row.finishedAt),
  };
}

export function instanceView(row: InstanceRow, release: ReleaseRow | undefined, serving: boolean) {
  return {
    id: row.instanceId,
    service: row.service,
    release: release?.version ?? null,
    state: row.state,
    health:
      row.state === 'running' ? row.health : row.state === 'exited' ? ('stopped' as const) : ('starting' as const),
    detail: row.detail,
    address: row.host === null ? null : `${row.host}:${row.port}`,
    serving,
    startedAt: iso(row.startedAt),
  };
}

/** The worst of several, as one word. */
export function healthOf(each: readonly Health[]): Health {
  if (each.length === 0) return 'stopped';
  if (each.every((health) => health === 'healthy')) return 'healthy';
  if (each.some((health) => health === 'unhealthy' || health === 'stopped')) return 'unhealthy';
  return 'starting';
}

export function deploymentDetailView(
  row: DeploymentRow,
  context: DeploymentContext,
  rows: { answers: readonly Answer[]; instances: readonly InstanceRow[]; active: string | null },
  gateway: Gateway,
): DeploymentDetail {
  const { state } = row;
  const results = (index: number) =>
    rows.answers
      .filter((answer) => answer.index === index)
      .slice(0, 500)
      .reverse()
      .map(({ at, verdict, value, explanation }) => ({ at: iso(at), verdict, value, explanation }));
  return {
    ...deploymentBrief(row, context),
    approvedBy: row.approvedBy,
    settingsVersion: row.settingsVersion,
    steps: (state?.steps ?? []).map((step) => ({
      ...step,
      startedAt: iso(step.startedAt),
      finishedAt: isoOrNull(step.finishedAt),
    })),
    gates: (state?.gates ?? []).map((gate, index) => ({
      index,
      kind: gate.kind,
      where: gate.where,
      verdict: gate.verdict,
      results: results(index),
    })),
    verifyUntil: state && statusOf(state) === 'verifying' ? iso(state.phaseAt + state.policy.verifyMs) : null,
    evidence: state?.evidence ?? [],
    instances: rows.instances
      .filter((instance) => instance.deploymentId === row.id)
      .map((instance) => instanceView(instance, context.release, rows.active === row.id)),
    traffic: { ...gateway.traffic(row.id), inFlight: gateway.inFlight(row.id) },
  };
}

/** Rows an environment is shown with. */
export interface EnvironmentContext {
  project: { id: string; slug: string };
  active: DeploymentRow | undefined;
  release: ReleaseRow | undefined;
  lastGood: ReleaseRow | undefined;
  instances: readonly InstanceRow[];
  /** Of `active` and of the deployment under way. */
  releases: ReadonlyMap<string, ReleaseRow>;
  open: readonly DeploymentRow[];
  newest: DeploymentRow | undefined;
  brief: (row: DeploymentRow) => ReturnType<typeof deploymentBrief>;
}

export function environmentView(
  row: EnvironmentRow,
  context: EnvironmentContext,
  gateway: string | null,
): EnvironmentView {
  const { project, active, release, instances } = context;
  const port = gateway === null ? null : new URL(gateway).port;
  const url = (host: string): string | null => (port === null ? null : `http://${host}:${port}`);
  const plan = active?.state?.green.plan;
  const planned = [...(plan?.application ?? []), ...(plan?.backing ?? [])];
  const services = (release?.services ?? []).map((service) => {
    const wanted = planned.filter((each) => each.service === service.name);
    const mine = instances.filter((instance) => wanted.some((each) => each.instanceId === instance.instanceId));
    const ending = wanted.some((each) => each.completes);
    const views = mine.map((instance) =>
      instanceView(instance, service.kind === 'backing' ? undefined : release, true),
    );
    const absent = Math.max(0, wanted.length - mine.length);
    const healths: Health[] = ending
      ? ['healthy']
      : [...views.map((view) => view.health), ...Array.from({ length: absent }, () => 'stopped' as const)];
    return {
      name: service.name,
      kind: service.kind,
      release: service.kind === 'backing' ? null : (release?.version ?? null),
      health: healthOf(healths),
      replicas: { wanted: wanted.length, healthy: healths.filter((health) => health === 'healthy').length },
      url:
        service.kind === 'application' && service.ports.length > 0
          ? url(serviceHost(service.name, row.name, project.slug))
          : null,
      instances: views,
    };
  });
  const running = context.open.find((each) => each.startedAt !== null);
  const { newest } = context;
  return {
    id: row.id,
    projectId: row.projectId,
    project: project.slug,
    name: row.name,
    from: row.plan.from,
    approval: row.plan.approval,
    runtime: release?.runtime ?? null,
    url: release && mainService(release.services) ? url(environmentHost(row.name, project.slug)) : null,
    release: release ? releaseBrief(release) : null,
    lastGood: context.lastGood ? releaseBrief(context.lastGood) : null,
    health: healthOf(services.map((service) => service.health)),
    services,
    active: running ? context.brief(running) : null,
    waiting: context.open.filter((each) => each.startedAt === null).map(context.brief),
    lastChange: newest
      ? {
          at: iso(newest.finishedAt ?? newest.startedAt ?? newest.createdAt),
          what: changeInWords(newest, context.releases.get(newest.releaseId)?.version ?? 'a release'),
          by: newest.actor.kind === 'system' ? 'Millrace' : newest.actor.name,
          deploymentId: newest.id,
        }
      : null,
  };
}

/** What a deployment did, or came to, as a sentence. */
function changeInWords({ kind, status }: Pick<DeploymentRow, 'kind' | 'status'>, version: string): string {
  switch (status) {
    case 'succeeded':
      if (kind === 'rollback') return `Rolled back to ${version}`;
      if (kind === 'promote') return `Promoted ${version}`;
      return kind === 'redeploy' ? `Deployed ${version} again` : `Deployed ${version}`;
    case 'rolled_back':
      return `Took ${version} back`;
    case 'failed':
      return `${version} did not go live`;
    case 'canceled':
      return `Canceled ${version}`;
    case 'superseded':
      return `${version} gave way to another`;
    case 'on_hold':
      return `${version} waits for approval`;
    case 'queued':
      return `${version} waits for its turn`;
    case 'rolling_back':
      return `Taking ${version} back`;
    case 'running':
    case 'verifying':
      return `Deploying ${version}`;
  }
}
