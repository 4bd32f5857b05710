import type { Alerts } from '../alerts/index.ts';
import type { Dashboards } from '../dashboards/index.ts';
import type { Deployments } from '../deployments/index.ts';
import type { Errors } from '../errors/index.ts';
import { blameNewIssue } from '../flows/blame-new-issue.ts';
import { cutReleaseOnGreenRun } from '../flows/cut-release-on-green-run.ts';
import { forgetDeletedProject } from '../flows/forget-deleted-project.ts';
import { keepDashboardsOfRepository } from '../flows/keep-dashboards-of-repository.ts';
import { mirrorEvents } from '../flows/mirror-events.ts';
import { resealOnKeyRotation } from '../flows/reseal-on-key-rotation.ts';
import { resolveFixedIssues } from '../flows/resolve-fixed-issues.ts';
import { rollBackOnIncident } from '../flows/roll-back-on-incident.ts';
import { startRunOnPush } from '../flows/start-run-on-push.ts';
import { takeMapsOfRun } from '../flows/take-maps-of-run.ts';
import { tellErrorsOfRelease } from '../flows/tell-errors-of-release.ts';
import { tellPeople } from '../flows/tell-people.ts';
import { watchDeployedServices } from '../flows/watch-deployed-services.ts';
import type { Identity } from '../identity/index.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Monitoring } from '../monitoring/index.ts';
import type { Pipelines } from '../pipelines/index.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Projects } from '../projects/index.ts';
import type { Secrets } from '../secrets/index.ts';
import type { Telemetry } from '../telemetry/index.ts';

export interface FlowDependencies {
  identity: Identity;
  projects: Projects;
  secrets: Secrets;
  pipelines: Pipelines;
  deployments: Deployments;
  errors: Errors;
  monitoring: Monitoring;
  alerts: Alerts;
  dashboards: Dashboards;
  telemetry: Telemetry;
  clock: Clock;
  publicUrl: () => string;
}

/** Every flow of the product, in the order a change passes them. */
export function wireFlows(rooms: FlowDependencies): Subscription[] {
  const { projects, pipelines, deployments, errors, monitoring, telemetry } = rooms;
  return [
    startRunOnPush(projects, pipelines, rooms.publicUrl),
    keepDashboardsOfRepository(projects, rooms.dashboards),
    takeMapsOfRun(projects, pipelines, errors),
    cutReleaseOnGreenRun(projects, deployments),
    watchDeployedServices(deployments, monitoring),
    tellErrorsOfRelease(projects, deployments, errors),
    resolveFixedIssues(projects, deployments, errors),
    blameNewIssue(projects, deployments, errors),
    rollBackOnIncident(deployments, rooms.clock),
    tellPeople(rooms),
    forgetDeletedProject(deployments, rooms.secrets, rooms.errors, rooms.dashboards, telemetry),
    resealOnKeyRotation(projects, rooms.alerts),
    mirrorEvents(telemetry),
  ];
}
