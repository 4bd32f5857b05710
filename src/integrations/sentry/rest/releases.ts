import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ErrorCatalogue, IngestProject, KnownRelease, ReleaseUploads, ReleaseWord } from '../../../errors/port.ts';
import { Fault } from '../../../kernel/faults.ts';
import type { Json } from '../envelope.ts';
import { listOf, objectOf, textOf, timeOf } from '../read.ts';

/** The projects that a call names; throws when it names none, or one that is not there. */
export async function projectsOf(uploads: ReleaseUploads, names: unknown): Promise<IngestProject[]> {
  const projects: IngestProject[] = [];
  for (const name of listOf(names).slice(0, 20)) {
    const project = typeof name === 'string' ? await uploads.project(name) : undefined;
    if (!project) throw new Fault('missing', `There is no project ${String(name)}`, { code: 'sentry.project' });
    projects.push(project);
  }
  if (projects.length === 0) throw new Fault('invalid', 'No project was named', { code: 'sentry.project' });
  return projects;
}

/** Releases. Where a call names no project, those are meant that know the version. */
export function registerReleases(
  scope: FastifyInstance,
  { uploads, catalogue }: { uploads: ReleaseUploads; catalogue: ErrorCatalogue },
  bodyOf: (request: FastifyRequest) => Promise<Json>,
): void {
  const projectsFor = async (version: string, body: Json, path: string | undefined): Promise<IngestProject[]> => {
    const named = path !== undefined ? [path] : listOf(body.projects);
    const known = named.length === 0 ? await uploads.projectsWith(version) : [];
    return known.length > 0 ? known : projectsOf(uploads, named);
  };
  const tell = async (version: string, projects: IngestProject[], word: ReleaseWord): Promise<Json> => {
    const told: KnownRelease[] = [];
    for (const project of projects) told.push(await uploads.tell(project.id, version, word));
    return presentRelease(told[0]!, projects);
  };
  for (const prefix of ['/api/0/organizations/:org', '/api/0/projects/:org/:project']) {
    scope.post(`${prefix}/releases`, async (request, reply) => {
      const { project } = request.params as { project?: string };
      const body = await bodyOf(request);
      refuseArchive(body);
      const version = versionOf(body.version);
      const projects = await projectsFor(version, body, project);
      return reply.status(201).send(await tell(version, projects, wordOf(body)));
    });
    scope.get(`${prefix}/releases/:version`, async (request) => {
      const { project, version } = request.params as { project?: string; version: string };
      const projects = await projectsFor(version, {}, project);
      const known = projects[0] && (await uploads.release(projects[0].id, version));
      if (!known) throw new Fault('missing', `There is no release ${version}`, { code: 'sentry.release' });
      return presentRelease(known, projects);
    });
    scope.put(`${prefix}/releases/:version`, async (request) => {
      const { project, version } = request.params as { project?: string; version: string };
      const body = await bodyOf(request);
      refuseArchive(body);
      return tell(version, await projectsFor(version, body, project), wordOf(body));
    });
    scope.delete(`${prefix}/releases/:version`, async (request, reply) => {
      const { project, version } = request.params as { project?: string; version: string };
      const projects = await projectsFor(version, {}, project);
      for (const one of projects) await catalogue.forgetRelease(one.id, version);
      return reply.status(204).send();
    });
    scope.get(`${prefix}/releases/:version/previous-with-commits`, async (request) => {
      const { project, version } = request.params as { project?: string; version: string };
      const [first] =
        project === undefined ? await uploads.projectsWith(version) : await projectsOf(uploads, [project]);
      const detail = first && (await catalogue.release(first.id, version).catch(() => undefined));
      const [before, known] = detail?.previous
        ? await Promise.all([
            catalogue.release(first!.id, detail.previous),
            uploads.release(first!.id, detail.previous),
          ])
        : [];
      const commit = before?.commits[0];
      return known && commit ? { ...presentRelease(known, [first!]), lastCommit: { id: commit.sha } } : {};
    });
    scope.get(`${prefix}/releases/:version/commits`, async (request) => {
      const { project, version } = request.params as { project?: string; version: string };
      const [first] = await projectsFor(version, {}, project);
      const { commits } = await catalogue.release(first!.id, version);
      return commits.map(({ sha, message, author, at }) => ({ id: sha, message, author, dateCreated: at }));
    });
    scope.get(`${prefix}/releases/:version/deploys`, async (request) => {
      const { project, version } = request.params as { project?: string; version: string };
      const [first] = await projectsFor(version, {}, project);
      const known = first && (await uploads.release(first.id, version));
      return (known?.deploys ?? []).map((deploy, index, all) => ({
        id: String(all.length - index),
        environment: deploy.environment,
        name: deploy.name,
        url: null,
        dateStarted: deploy.startedAt === null ? null : new Date(deploy.startedAt).toISOString(),
        dateFinished: new Date(deploy.finishedAt).toISOString(),
      }));
    });
    scope.post(`${prefix}/releases/:version/deploys`, async (request, reply) => {
      const { project, version } = request.params as { project?: string; version: string };
      const body = await bodyOf(request);
      const deploy = {
        environment: textOf(body.environment)?.slice(0, 64) ?? 'production',
        name: textOf(body.name)?.slice(0, 200) ?? '',
        startedAt: timeOf(body.dateStarted),
        finishedAt: timeOf(body.dateFinished) ?? Date.now(),
      };
      await tell(version, await projectsFor(version, body, project), { deploy });
      return reply.status(201).send({
        id: '1',
        ...deploy,
        dateStarted: body.dateStarted ?? null,
        dateFinished: new Date(deploy.finishedAt).toISOString(),
      });
    });
  }
}

/** Refuses what cannot be done rather than saying that it was. */
function refuseArchive(body: Json): void {
  if (body.status !== 'archived') return;
  throw new Fault('invalid', 'Releases are not archived here', {
    code: 'sentry.release-archive',
    hint: 'They leave the list as their errors and sessions are forgotten.',
  });
}

function versionOf(value: unknown): string {
  const version = textOf(value)?.trim().slice(0, 200);
  if (!version) throw new Fault('invalid', 'A release needs a version', { code: 'sentry.version' });
  return version;
}

function wordOf(body: Json): ReleaseWord {
  const releasedAt = timeOf(body.dateReleased);
  const commits = listOf(body.commits)
    .slice(0, 1000)
    .flatMap((item) => {
      const commit = objectOf(item);
      const id = textOf(commit?.id);
      if (!commit || id === null) return [];
      const files = listOf(commit.patch_set)
        .slice(0, 200)
        .map((one) => textOf(objectOf(one)?.path) ?? '');
      return [
        {
          id: id.slice(0, 64),
          message: textOf(commit.message)?.slice(0, 500) ?? '',
          author: textOf(commit.author_name) ?? textOf(commit.author_email) ?? '',
          email: textOf(commit.author_email)?.slice(0, 200) ?? '',
          at: timeOf(commit.timestamp),
          files: files.filter(Boolean),
        },
      ];
    });
  const ref = objectOf(listOf(body.refs)[0]);
  const to = textOf(ref?.commit);
  const range = to === null ? undefined : { from: textOf(ref?.previousCommit) ?? undefined, to };
  return {
    ...(range ? { range } : {}),
    ...(releasedAt === null ? {} : { releasedAt }),
    ...(commits.length === 0 ? {} : { commits }),
  };
}

const presentRelease = (release: KnownRelease, projects: IngestProject[]): Json => ({
  id: 1,
  version: release.version,
  shortVersion: release.version,
  url: null,
  dateCreated: new Date(release.createdAt).toISOString(),
  dateReleased: release.releasedAt === null ? null : new Date(release.releasedAt).toISOString(),
  lastEvent: null,
  newGroups: 0,
  commitCount: release.commits,
  deployCount: release.deploys.length,
  projects: projects.map(({ slug }) => ({ slug, name: slug })),
});
