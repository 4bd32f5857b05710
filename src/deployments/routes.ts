import { Fault } from '../kernel/faults.ts';
import { type Handlers, type MountedContract, mountOn } from '../platform/http/contract.ts';
import { numberCursor } from '../platform/http/cursor.ts';
import { deploymentsApi } from './api.ts';
import { changeVariables } from './change-variables.ts';
import { cutRelease } from './cut-release.ts';
import type { DeploymentsDeps } from './deps.ts';
import type { Gateway } from './gateway/gateway.ts';
import { Reader } from './read.ts';
import { rebuildRelease, requireBuild } from './rebuild-release.ts';
import { requestDeployment } from './request-deployment.ts';
import { approveDeployment, cancelDeployment, rollBack } from './steer-deployment.ts';
import { findDeployment, listDeployments } from './store/deployments.ts';
import { listFedBy, listVariables, readVariables, type VariablesRow } from './store/environments.ts';
import { listReleases, newestDescribed, readBuildLines } from './store/releases.ts';
import { iso, releaseServices } from './views.ts';

const variablesView = (row: VariablesRow) => ({
  version: row.version,
  variables: row.variables,
  changedAt: row.at === null ? null : iso(row.at),
  changedBy: row.actor?.name ?? null,
});

/** The handlers of the deployments contract. */
export const deploymentRoutes = (deps: DeploymentsDeps, gateway: Gateway): MountedContract =>
  mountOn(deploymentsApi, deps.database, (database) => handlersOf({ ...deps, database }, gateway));

function handlersOf(deps: DeploymentsDeps, gateway: Gateway): Handlers<typeof deploymentsApi.operations> {
  const reader = new Reader(deps, gateway);
  return {
    listEnvironments: async ({ query }) => {
      const project = query.project === undefined ? undefined : await deps.commits.get(query.project);
      return { items: await reader.environments(project?.id) };
    },
    getEnvironment: async ({ params }) => reader.environment(await reader.environmentRow(params.id)),
    getVariables: async ({ params }) => {
      await reader.environmentRow(params.id);
      return variablesView(await readVariables(deps.database, params.id));
    },
    putVariables: async ({ params, body, ifMatch, actor }) =>
      variablesView(
        await changeVariables(deps, { environmentId: params.id, variables: body.variables, ifMatch, actor }),
      ),
    listVariableVersions: async ({ params }) => ({
      items: (await listVariables(deps.database, (await reader.environmentRow(params.id)).id)).map(variablesView),
    }),
    diffEnvironment: ({ params, query }) => reader.diff(params.id, query.release),
    rollBack: async ({ params, body, actor }) => {
      if (body.releaseId) await requireBuild(deps, await reader.release(body.releaseId));
      const reason = body.reason ?? `asked for by ${actor.name}`;
      const row = await rollBack(deps, {
        environmentId: params.id,
        releaseId: body.releaseId,
        reason,
        actor,
        causes: [],
      });
      return reader.deployment(row);
    },
    promote: async ({ params, body, actor }) => {
      const environment = await reader.environmentRow(params.id);
      const good =
        environment.lastGoodDeployment && (await findDeployment(deps.database, environment.lastGoodDeployment));
      if (!good) {
        throw new Fault('conflict', `Nothing was good in ${environment.name} so far`, {
          code: 'deployments.nothing-to-promote',
        });
      }
      const from = { kind: 'environment' as const, name: environment.name };
      const fed = await listFedBy(deps.database, environment.projectId, from);
      const targets = body.to === undefined ? fed : fed.filter((each) => each.name === body.to);
      if (targets.length === 0) {
        throw new Fault('conflict', `${environment.name} does not feed ${body.to ?? 'any environment'}`, {
          code: 'deployments.feeds-nothing',
          hint: `In millrace.yaml, write "from: ${environment.name}" at the environment it shall feed.`,
        });
      }
      const rows = await deps.database.transaction(async (tx) => {
        const made = [];
        for (const target of targets) {
          const reason = body.reason ?? null;
          const release = { id: good.releaseId };
          made.push(
            await requestDeployment(tx, {
              environment: target,
              release,
              kind: 'promote',
              actor,
              causes: [],
              reason,
              automatic: false,
            }),
          );
        }
        return made.filter((row) => row !== undefined);
      });
      return { items: await reader.deployments(rows) };
    },
    deploy: async ({ params, body, actor }) => {
      const environment = await reader.environmentRow(params.id);
      const serving =
        environment.activeDeployment && (await findDeployment(deps.database, environment.activeDeployment));
      const releaseId = body.releaseId ?? (serving ? serving.releaseId : undefined);
      if (releaseId === undefined) {
        throw new Fault('conflict', `Nothing serves in ${environment.name} yet`, {
          code: 'deployments.nothing-to-redeploy',
          hint: 'Name the release to deploy.',
        });
      }
      const release = await reader.release(releaseId);
      if (release.projectId !== environment.projectId) {
        throw new Fault('missing', 'There is no such release', { code: 'deployments.not-found' });
      }
      const kind = serving && serving.releaseId === releaseId ? 'redeploy' : 'deploy';
      const reason = body.reason ?? null;
      await requireBuild(deps, release);
      const row = await deps.database.transaction((tx) =>
        requestDeployment(tx, { environment, release, kind, actor, causes: [], reason, automatic: false }),
      );
      return reader.deployment(row!);
    },
    listServices: async ({ params }) => {
      const project = await deps.commits.get(params.project);
      const release = await newestDescribed(deps.database, project.id);
      const found = release?.found ?? 'No release was cut so far: push a commit whose pipeline succeeds.';
      return { found, items: release ? releaseServices(release) : [] };
    },
    listReleases: async ({ params, query }) => {
      const project = await deps.commits.get(params.project);
      const rows = await listReleases(deps.database, project.id, numberCursor(query.cursor), query.limit);
      const next = rows.length === query.limit ? String(rows.at(-1)!.number) : null;
      return { items: await reader.releases(rows), next };
    },
    cutRelease: async ({ params, body, actor }) => {
      const project = await deps.commits.get(params.project);
      const sha = await deps.commits.resolve(project.id, body.ref);
      if (sha === undefined) {
        throw new Fault('missing', `There is no branch, tag or commit "${body.ref}"`, {
          code: 'deployments.no-commit',
        });
      }
      const branch = (await deps.commits.resolve(project.id, `refs/heads/${body.ref}`)) === sha ? body.ref : null;
      const row = await cutRelease(deps, { projectId: project.id, sha, branch, runId: null, actor, causes: [] });
      return (await reader.releases([row]))[0]!;
    },
    getRelease: async ({ params }) => {
      const row = await reader.release(params.id);
      const [view] = await reader.releases([row]);
      return { ...view!, services: releaseServices(row), problems: row.problems };
    },
    rebuildRelease: async ({ params, actor }) => {
      const row = await rebuildRelease(deps, { releaseId: params.id, actor });
      return (await reader.releases([row]))[0]!;
    },
    getReleaseLog: async ({ params, query }) => {
      const row = await reader.release(params.id);
      const lines = await readBuildLines(deps.database, row.id, query.after, 2000);
      return {
        lines: lines.map((line) => ({ number: line.number, at: iso(line.at), service: line.service, text: line.line })),
        next: lines.at(-1)?.number ?? query.after,
        finished: row.finishedAt !== null && lines.length < 2000,
      };
    },
    listDeployments: async ({ query }) => {
      const project = query.project === undefined ? undefined : await deps.commits.get(query.project);
      const rows = await listDeployments(
        deps.database,
        {
          projectId: project?.id,
          environmentId: query.environment,
          status: query.status,
          before: numberCursor(query.cursor),
        },
        query.limit,
      );
      const next = rows.length === query.limit ? String(rows.at(-1)!.sequence) : null;
      return { items: await reader.deployments(rows), next };
    },
    getDeployment: ({ params }) => reader.deploymentDetail(params.id),
    approveDeployment: async ({ params, actor }) =>
      reader.deployment(await approveDeployment(deps, { deploymentId: params.id, actor })),
    cancelDeployment: async ({ params, body, actor }) =>
      reader.deployment(await cancelDeployment(deps, { deploymentId: params.id, actor, reason: body?.reason })),
    listRoutes: async ({ query }) => {
      const wanted = query.project === undefined ? undefined : await deps.commits.get(query.project);
      const listener = gateway.address();
      const port = listener === null ? '' : `:${new URL(listener).port}`;
      const slugs = new Map<string, string>();
      const items = [];
      for (const route of gateway.routes()) {
        if (wanted && route.projectId !== wanted.id) continue;
        const slug = slugs.get(route.projectId) ?? (await deps.commits.get(route.projectId)).slug;
        slugs.set(route.projectId, slug);
        items.push({
          host: route.host,
          path: route.path,
          url: `http://${route.host}${port}${route.path}`,
          project: slug,
          environment: route.environment,
          service: route.service,
          release: route.release,
          targets: route.targets.map((target) => ({
            address: `${target.host}:${target.port}`,
            healthy: target.healthy,
            inFlight: gateway.loadOf(target),
          })),
        });
      }
      return { listener, items };
    },
  };
}
