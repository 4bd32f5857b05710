import { Fault } from '../kernel/faults.ts';
import type { DeploymentsDeps } from './deps.ts';
import { diffOutputs, diffVariables } from './diff.ts';
import type { Gateway } from './gateway/gateway.ts';
import { returnTarget } from './steer-deployment.ts';
import {
  type DeploymentRow,
  findDeployment,
  findDeployments,
  listAnswers,
  listDeployments,
  openDeployments,
} from './store/deployments.ts';
import {
  type EnvironmentRow,
  findEnvironment,
  listBad,
  listEnvironments,
  readVariables,
} from './store/environments.ts';
import { listInstances } from './store/instances.ts';
import { findRelease, findReleases, type ReleaseRow } from './store/releases.ts';
import {
  type DeploymentDetail,
  deploymentBrief,
  deploymentDetailView,
  type EnvironmentView,
  environmentView,
  iso,
  releaseBrief,
  releaseView,
} from './views.ts';

const missing = (what: string): Fault =>
  new Fault('missing', `There is no such ${what}`, { code: 'deployments.not-found' });

/** Reading for people: rows joined into what the API shows. */
export class Reader {
  readonly #deps: Pick<DeploymentsDeps, 'database' | 'commits'>;
  readonly #gateway: Gateway;

  constructor(deps: Pick<DeploymentsDeps, 'database' | 'commits'>, gateway: Gateway) {
    this.#deps = deps;
    this.#gateway = gateway;
  }

  async environmentRow(id: string): Promise<EnvironmentRow> {
    const row = await findEnvironment(this.#deps.database, id);
    if (!row) throw missing('environment');
    return row;
  }

  async release(id: string): Promise<ReleaseRow> {
    const row = await findRelease(this.#deps.database, id);
    if (!row) throw missing('release');
    return row;
  }

  async deployments(rows: readonly DeploymentRow[]): Promise<ReturnType<typeof deploymentBrief>[]> {
    const { database, commits } = this.#deps;
    const previous = await findDeployments(
      database,
      rows.flatMap((row) => row.previousDeployment ?? []),
    );
    const wanted = new Set([...rows, ...previous].map((row) => row.releaseId));
    const releases = new Map((await findReleases(database, [...wanted])).map((release) => [release.id, release]));
    const environments = new Map((await listEnvironments(database)).map((row) => [row.id, row]));
    const projects = new Map<string, { slug: string }>();
    for (const id of new Set(rows.map((row) => row.projectId))) projects.set(id, await commits.get(id));
    return rows.map((row) => {
      const before = previous.find((each) => each.id === row.previousDeployment);
      return deploymentBrief(row, {
        project: projects.get(row.projectId)!,
        environment: environments.get(row.environmentId)!,
        release: releases.get(row.releaseId)!,
        previous: before && releases.get(before.releaseId),
      });
    });
  }

  async deployment(row: DeploymentRow): Promise<ReturnType<typeof deploymentBrief>> {
    return (await this.deployments([row]))[0]!;
  }

  async deploymentDetail(id: string): Promise<DeploymentDetail> {
    const { database, commits } = this.#deps;
    const row = await findDeployment(database, id);
    if (!row) throw missing('deployment');
    const environment = await this.environmentRow(row.environmentId);
    const before = row.previousDeployment ? await findDeployment(database, row.previousDeployment) : undefined;
    const context = {
      project: await commits.get(row.projectId),
      environment,
      release: await this.release(row.releaseId),
      previous: before && (await findRelease(database, before.releaseId)),
    };
    const answers = await listAnswers(database, id);
    const instances = await listInstances(database, [environment.id]);
    return deploymentDetailView(
      row,
      context,
      { answers, instances, active: environment.activeDeployment },
      this.#gateway,
    );
  }

  async environments(projectId?: string): Promise<EnvironmentView[]> {
    const rows = await listEnvironments(this.#deps.database, projectId);
    const views: EnvironmentView[] = [];
    for (const row of rows) views.push(await this.environment(row));
    return views;
  }

  async environment(row: EnvironmentRow): Promise<EnvironmentView> {
    const { database, commits } = this.#deps;
    const named = [row.activeDeployment, row.lastGoodDeployment].filter((id) => id !== null);
    const deployments = new Map((await findDeployments(database, named)).map((each) => [each.id, each]));
    const active = row.activeDeployment ? deployments.get(row.activeDeployment) : undefined;
    const good = row.lastGoodDeployment ? deployments.get(row.lastGoodDeployment) : undefined;
    const open = await openDeployments(database, row.id);
    const [newest] = await listDeployments(database, { environmentId: row.id }, 1);
    const ids = new Set([...deployments.values(), ...open, ...(newest ? [newest] : [])].map((each) => each.releaseId));
    const releases = new Map((await findReleases(database, [...ids])).map((release) => [release.id, release]));
    const briefs = new Map((await this.deployments(open)).map((brief) => [brief.id, brief]));
    return environmentView(
      row,
      {
        project: await commits.get(row.projectId),
        active,
        release: active && releases.get(active.releaseId),
        lastGood: good && releases.get(good.releaseId),
        instances: await listInstances(database, [row.id]),
        releases,
        open,
        newest,
        brief: (each) => briefs.get(each.id)!,
      },
      this.#gateway.address(),
    );
  }

  /** Releases with what each is to every environment. */
  async releases(rows: readonly ReleaseRow[]): Promise<ReturnType<typeof releaseView>[]> {
    const first = rows[0];
    if (!first) return [];
    const { database, commits } = this.#deps;
    const project = await commits.get(first.projectId);
    const environments = await listEnvironments(database, first.projectId);
    const named = environments
      .flatMap((row) => [row.activeDeployment, row.lastGoodDeployment])
      .filter((id) => id !== null);
    const deployments = new Map((await findDeployments(database, named)).map((each) => [each.id, each.releaseId]));
    const bad = await listBad(
      database,
      rows.map((row) => row.id),
    );
    return rows.map((row) =>
      releaseView(
        row,
        project.slug,
        environments.map((environment) => ({
          name: environment.name,
          current: deployments.get(environment.activeDeployment ?? '') === row.id,
          lastGood: deployments.get(environment.lastGoodDeployment ?? '') === row.id,
          bad: bad.find((mark) => mark.environmentId === environment.id && mark.releaseId === row.id)?.reason ?? null,
        })),
      ),
    );
  }

  /** What changes when an environment goes to a release (default: the one a roll back would return to). */
  async diff(environmentId: string, releaseId: string | undefined) {
    const { database, commits } = this.#deps;
    const environment = await this.environmentRow(environmentId);
    const active = environment.activeDeployment
      ? await findDeployment(database, environment.activeDeployment)
      : undefined;
    const from = active && (await findRelease(database, active.releaseId));
    const target = await returnTarget(database, environment, releaseId);
    const to = target.release;
    const direction = !from ? 'first' : from.id === to.id ? 'same' : from.number < to.number ? 'forward' : 'back';
    const [older, newer] = direction === 'back' ? [to, from!] : [from, to];
    const commitList =
      direction === 'same'
        ? []
        : await commits.commitsBetween(environment.projectId, older?.sha ?? null, newer.sha, 100).catch(() => []);
    const before = await readVariables(database, environment.id, active?.settingsVersion);
    const after = await readVariables(database, environment.id, target.settingsVersion);
    const bad = (await listBad(database, [to.id])).find((mark) => mark.environmentId === environment.id);
    const warnings: string[] = [];
    if (to.status !== 'ready') warnings.push(`Release ${to.version} is ${to.status} and cannot be deployed.`);
    if (to.removedAt !== null)
      warnings.push(`What was built of ${to.version} is not kept any more: build it again first.`);
    if (bad) warnings.push(`Release ${to.version} was taken back here before: ${bad.reason}.`);
    if (
      direction === 'back' &&
      to.services.some((service) => service.volumes.some((volume) => volume.kind === 'volume'))
    ) {
      warnings.push(
        'Code, images, variables and routes return exactly; what was written to volumes and databases stays as it is.',
      );
    }
    return {
      from: from ? releaseBrief(from) : null,
      to: releaseBrief(to),
      direction: direction as 'forward' | 'back' | 'same' | 'first',
      commits: commitList.map((commit) => ({
        sha: commit.sha,
        message: commit.message.split('\n')[0] ?? '',
        author: commit.author.name,
        at: iso(commit.committedAt),
      })),
      settings: active ? diffVariables(before.variables, after.variables) : [],
      images: diffOutputs(from?.outputs ?? [], to.outputs),
      warnings,
    };
  }
}
