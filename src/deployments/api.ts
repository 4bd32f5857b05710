import { z } from 'zod';
import { defineContract, pageOf, pageQuery } from '../platform/http/contract.ts';
import { gateSchema, problemSchema, stepSchema } from './api-shapes.ts';

const projectParams = z.object({ project: z.string().describe('Id or slug of the project') });
const idParams = z.object({ id: z.uuid() });
const instant = z.string().describe('ISO 8601 instant');

export const healthSchema = z.enum(['healthy', 'starting', 'unhealthy', 'stopped']);

export const deploymentStatus = z.enum([
  'on_hold',
  'queued',
  'running',
  'verifying',
  'succeeded',
  'failed',
  'canceled',
  'superseded',
  'rolling_back',
  'rolled_back',
]);

const actorSchema = z.object({ kind: z.enum(['person', 'token', 'system']), id: z.string(), name: z.string() });

const releaseBrief = z.object({
  id: z.string(),
  number: z.number(),
  version: z.string().describe('`r<number>-<first seven of the commit>`'),
  sha: z.string(),
  message: z.string().nullable().describe('First line of the commit message'),
  createdAt: instant,
});

const instanceSchema = z.object({
  id: z.string(),
  service: z.string(),
  release: z.string().nullable().describe('Version; null for backing services, which outlive releases'),
  state: z.enum(['starting', 'running', 'exited', 'absent']),
  health: healthSchema,
  detail: z.string(),
  address: z.string().nullable(),
  serving: z.boolean().describe('Whether the gateway sends requests to it'),
  startedAt: instant.nullable(),
});

const environmentService = z.object({
  name: z.string(),
  kind: z.enum(['application', 'backing']),
  release: z.string().nullable(),
  health: healthSchema,
  replicas: z.object({ wanted: z.number(), healthy: z.number() }),
  url: z.string().nullable().describe('Where the gateway answers for it'),
  instances: z.array(instanceSchema),
});

const deploymentBrief = z.object({
  id: z.string(),
  projectId: z.string(),
  project: z.string().describe('Slug'),
  environmentId: z.string(),
  environment: z.string(),
  release: releaseBrief,
  previousVersion: z.string().nullable(),
  kind: z.enum(['deploy', 'promote', 'redeploy', 'rollback']),
  status: deploymentStatus,
  phase: z.string().describe('What it is doing now, in one word'),
  reason: z.string().nullable().describe('Why it was asked for, or why it ended as it did'),
  requestedBy: actorSchema,
  createdAt: instant,
  startedAt: instant.nullable(),
  switchedAt: instant.nullable(),
  finishedAt: instant.nullable(),
});

export const environmentSchema = z.object({
  id: z.string(),
  projectId: z.string(),
  project: z.string().describe('Slug'),
  name: z.string(),
  from: z.object({ kind: z.enum(['branch', 'environment']), name: z.string() }).describe('What feeds it'),
  approval: z.boolean(),
  runtime: z.enum(['docker', 'process']).nullable().describe('Null while no runtime can run it'),
  url: z.string().nullable().describe('Gateway address of its main service'),
  release: releaseBrief.nullable().describe('The one that serves'),
  lastGood: releaseBrief.nullable(),
  health: healthSchema,
  services: z.array(environmentService),
  active: deploymentBrief.nullable().describe('The deployment under way'),
  waiting: z.array(deploymentBrief).describe('Queued or on hold'),
  lastChange: z.object({ at: instant, what: z.string(), by: z.string(), deploymentId: z.string() }).nullable(),
});

const releaseSchema = releaseBrief.extend({
  projectId: z.string(),
  project: z.string(),
  runId: z.string().nullable(),
  branch: z.string().nullable(),
  status: z.enum(['queued', 'building', 'ready', 'failed', 'empty']),
  reason: z.string().nullable(),
  settingsVersion: z.number(),
  requestedBy: actorSchema,
  finishedAt: instant.nullable(),
  removedAt: instant.nullable().describe('When what was built of it was removed; it can be built again'),
  environments: z.array(
    z.object({ name: z.string(), current: z.boolean(), lastGood: z.boolean(), bad: z.string().nullable() }),
  ),
});

const releaseDetail = releaseSchema.extend({
  services: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['application', 'backing']),
      image: z.string().nullable(),
      output: z.object({ kind: z.enum(['image', 'directory']), reference: z.string(), digest: z.string() }).nullable(),
      ports: z.array(z.number()),
      replicas: z.number(),
      dependsOn: z.array(z.string()),
    }),
  ),
  problems: z.array(problemSchema),
});

export const deploymentDetail = deploymentBrief.extend({
  approvedBy: actorSchema.nullable(),
  settingsVersion: z.number(),
  steps: z.array(stepSchema),
  gates: z.array(gateSchema),
  verifyUntil: instant.nullable(),
  evidence: z.array(z.string()),
  instances: z.array(instanceSchema),
  traffic: z
    .object({ requests: z.number(), failed: z.number(), inFlight: z.number() })
    .describe('What the gateway of this server sent to the new release'),
});

const diffSchema = z.object({
  from: releaseBrief.nullable(),
  to: releaseBrief,
  direction: z.enum(['forward', 'back', 'same', 'first']),
  commits: z.array(z.object({ sha: z.string(), message: z.string(), author: z.string(), at: instant })),
  settings: z.array(z.object({ name: z.string(), change: z.enum(['added', 'changed', 'removed']) })),
  images: z.array(
    z.object({
      service: z.string(),
      change: z.enum(['added', 'changed', 'removed', 'same']),
      from: z.string().nullable(),
      to: z.string().nullable(),
    }),
  ),
  warnings: z.array(z.string()).describe('What this will not restore, or what speaks against it'),
});

const variablesSchema = z.object({
  version: z.number(),
  variables: z.record(z.string(), z.string()),
  changedAt: instant.nullable(),
  changedBy: z.string().nullable(),
});

const reasonBody = z.object({ reason: z.string().max(1000).optional() });

export const deploymentsApi = defineContract('deployments', {
  listEnvironments: {
    method: 'GET',
    path: '/environments',
    summary: 'List environments with their services, releases, health and last change',
    role: 'viewer',
    query: z.object({ project: z.string().optional().describe('Id or slug; all projects when absent') }),
    response: z.object({ items: z.array(environmentSchema) }),
  },
  getEnvironment: {
    method: 'GET',
    path: '/environments/:id',
    summary: 'Get one environment',
    role: 'viewer',
    params: idParams,
    response: environmentSchema,
  },
  getVariables: {
    method: 'GET',
    path: '/environments/:id/variables',
    summary: 'Get the variables that services of an environment receive',
    role: 'developer',
    params: idParams,
    response: variablesSchema,
    etag: 'version',
  },
  putVariables: {
    method: 'PUT',
    path: '/environments/:id/variables',
    summary: 'Replace the variables of an environment; they apply from the next deployment',
    role: 'maintainer',
    params: idParams,
    body: z.object({
      variables: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), z.string().max(65_536)),
    }),
    response: variablesSchema,
    etag: 'version',
  },
  listVariableVersions: {
    method: 'GET',
    path: '/environments/:id/variables/versions',
    summary: 'List earlier versions of the variables of an environment',
    role: 'developer',
    params: idParams,
    response: z.object({ items: z.array(variablesSchema) }),
  },
  diffEnvironment: {
    method: 'GET',
    path: '/environments/:id/diff',
    summary: 'Compare what serves in an environment with a release: commits, settings, images',
    role: 'viewer',
    params: idParams,
    query: z.object({ release: z.uuid().optional().describe('Default: the release a roll back would return to') }),
    response: diffSchema,
  },
  rollBack: {
    method: 'POST',
    path: '/environments/:id/rollback',
    summary: 'Roll an environment back to a release, by default the last one known to be good',
    role: 'developer',
    params: idParams,
    body: reasonBody.extend({ releaseId: z.uuid().optional() }),
    response: deploymentBrief,
    creates: true,
  },
  promote: {
    method: 'POST',
    path: '/environments/:id/promote',
    summary: 'Deploy what is good in this environment to the environments it feeds',
    role: 'developer',
    params: idParams,
    body: reasonBody.extend({ to: z.string().optional().describe('Name; all that it feeds when absent') }),
    response: z.object({ items: z.array(deploymentBrief) }),
    creates: true,
  },
  deploy: {
    method: 'POST',
    path: '/environments/:id/deployments',
    summary: 'Deploy a release to an environment, or the serving one again',
    role: 'developer',
    params: idParams,
    body: reasonBody.extend({ releaseId: z.uuid().optional().describe('Default: the release that serves (redeploy)') }),
    response: deploymentBrief,
    creates: true,
  },
  listServices: {
    method: 'GET',
    path: '/projects/:project/services',
    summary: 'List the services of a project as its newest release describes them',
    role: 'viewer',
    params: projectParams,
    response: z.object({
      found: z.string().describe('Where they were found, or why there are none'),
      items: releaseDetail.shape.services,
    }),
  },
  listReleases: {
    method: 'GET',
    path: '/projects/:project/releases',
    summary: 'List releases, newest first',
    role: 'viewer',
    params: projectParams,
    query: z.object(pageQuery),
    response: pageOf(releaseSchema),
  },
  cutRelease: {
    method: 'POST',
    path: '/projects/:project/releases',
    summary: 'Cut a release from a commit',
    role: 'developer',
    params: projectParams,
    body: z.object({ ref: z.string().min(1).max(250).describe('Branch, tag or sha') }),
    response: releaseSchema,
    creates: true,
  },
  getRelease: {
    method: 'GET',
    path: '/releases/:id',
    summary: 'Get one release with its services and build outputs',
    role: 'viewer',
    params: idParams,
    response: releaseDetail,
  },
  rebuildRelease: {
    method: 'POST',
    path: '/releases/:id/rebuild',
    summary: 'Build a release again whose images or directories are not kept any more',
    role: 'developer',
    params: idParams,
    response: releaseSchema,
    status: 202,
  },
  getReleaseLog: {
    method: 'GET',
    path: '/releases/:id/log',
    summary: 'Read the build log of a release',
    role: 'viewer',
    params: idParams,
    query: z.object({ after: z.coerce.number().int().min(0).default(0).describe('Line number to continue from') }),
    response: z.object({
      lines: z.array(z.object({ number: z.number(), at: instant, service: z.string(), text: z.string() })),
      next: z.number(),
      finished: z.boolean(),
    }),
  },
  listDeployments: {
    method: 'GET',
    path: '/deployments',
    summary: 'List deployments, newest first',
    role: 'viewer',
    query: z.object({
      ...pageQuery,
      project: z.string().optional(),
      environment: z.uuid().optional().describe('Id'),
      status: deploymentStatus.optional(),
    }),
    response: pageOf(deploymentBrief),
  },
  getDeployment: {
    method: 'GET',
    path: '/deployments/:id',
    summary: 'Get one deployment with its steps, gates and evidence',
    role: 'viewer',
    params: idParams,
    response: deploymentDetail,
  },
  approveDeployment: {
    method: 'POST',
    path: '/deployments/:id/approve',
    summary: 'Approve a deployment that is on hold',
    role: 'maintainer',
    params: idParams,
    response: deploymentBrief,
    status: 200,
  },
  cancelDeployment: {
    method: 'POST',
    path: '/deployments/:id/cancel',
    summary: 'Cancel a deployment; if it serves already, what served before returns',
    role: 'developer',
    params: idParams,
    body: reasonBody.optional(),
    response: deploymentBrief,
    status: 200,
  },
  listRoutes: {
    method: 'GET',
    path: '/gateway/routes',
    summary: 'List what the gateway answers for, and who answers',
    role: 'viewer',
    query: z.object({ project: z.string().optional() }),
    response: z.object({
      listener: z.string().nullable().describe('Address of the gateway'),
      items: z.array(
        z.object({
          host: z.string(),
          path: z.string(),
          url: z.string(),
          project: z.string(),
          environment: z.string(),
          service: z.string(),
          release: z.string().nullable(),
          targets: z.array(z.object({ address: z.string(), healthy: z.boolean(), inFlight: z.number() })),
        }),
      ),
    }),
  },
});
