import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ErrorCatalogue, ListedProject } from '../../../errors/port.ts';
import { Fault } from '../../../kernel/faults.ts';
import { one, originOf, pageOf, withLinks } from './page.ts';
import {
  presentKey,
  presentMonitor,
  presentOrganization,
  presentProject,
  presentRepository,
  presentSeenRelease,
} from './present.ts';

type Params = Record<string, string>;
export const paramsOf = (request: FastifyRequest): Params => request.params as Params;

/** The project that a path or a query names: by slug, by id, or by the number clients send to. Throws when there is none. */
export async function projectNamed(catalogue: ErrorCatalogue, name: string): Promise<ListedProject> {
  const projects = await catalogue.projects();
  const found = projects.find((one) => one.slug === name || one.id === name || String(one.ingestId) === name);
  if (!found) throw new Fault('missing', `There is no project ${name}`, { code: 'sentry.project' });
  return found;
}

/** `?project=`: absent and -1 mean every project. */
export async function projectAsked(
  catalogue: ErrorCatalogue,
  request: FastifyRequest,
): Promise<ListedProject | undefined> {
  const name = paramsOf(request).project ?? one(request, 'project');
  return name === undefined || name === '-1' ? undefined : projectNamed(catalogue, name);
}

/** Organisations, projects, keys, repositories, releases and monitors, for reading. */
export function registerReading(scope: FastifyInstance, catalogue: ErrorCatalogue): void {
  const org = '/api/0/organizations/:org';
  scope.get('/api/0', ({ principal }) => ({
    version: '0',
    auth: { scopes: ['project:read', 'project:releases', 'org:read', 'event:read', 'event:write'] },
    user: {
      id: principal?.personId,
      name: principal?.name,
      username: principal?.email ?? principal?.name,
      email: principal?.email ?? '',
    },
  }));
  scope.get('/api/0/organizations', (request) => [presentOrganization('millrace', originOf(request))]);
  scope.get(org, (request) => presentOrganization(paramsOf(request).org!, originOf(request)));
  for (const path of ['/api/0/projects', `${org}/projects`]) {
    scope.get(path, async (request) => {
      const projects = await catalogue.projects();
      return projects.map((project) => presentProject(project, paramsOf(request).org ?? 'millrace'));
    });
  }
  scope.get('/api/0/projects/:org/:project', async (request) => {
    const { org: name, project } = paramsOf(request);
    return presentProject(await projectNamed(catalogue, project!), name!);
  });
  scope.get('/api/0/projects/:org/:project/keys', async (request) => [
    presentKey(await projectNamed(catalogue, paramsOf(request).project!)),
  ]);
  for (const path of [`${org}/repos`, '/api/0/projects/:org/:project/repos']) {
    scope.get(path, async (request) => {
      const asked = await projectAsked(catalogue, request);
      return (asked ? [asked] : await catalogue.projects()).map(presentRepository);
    });
  }
  for (const path of [`${org}/releases`, '/api/0/projects/:org/:project/releases']) {
    scope.get(path, async (request, reply) => {
      const project = await projectAsked(catalogue, request);
      const { items, next } = await catalogue.releases({ projectId: project?.id }, pageOf(request));
      const projects = await catalogue.projects();
      return withLinks(
        request,
        reply,
        next,
        items.map((release) => presentSeenRelease(release, projects)),
      );
    });
  }
  scope.get(`${org}/monitors`, async (request) => {
    const asked = await projectAsked(catalogue, request);
    const projects = await catalogue.projects();
    const places = await catalogue.monitors(asked?.id);
    return [...new Set(places.map((place) => place.id))].map((id) => {
      const own = places.filter((place) => place.id === id);
      return presentMonitor(
        own,
        projects.find((project) => project.id === own[0]!.projectId),
      );
    });
  });
  scope.get(`${org}/monitors/:monitor`, async (request) => {
    const { monitor } = paramsOf(request);
    const own = (await catalogue.monitors(undefined)).filter((place) => place.slug === monitor || place.id === monitor);
    if (own.length === 0) throw new Fault('missing', `There is no monitor ${monitor}`, { code: 'sentry.monitor' });
    const projects = await catalogue.projects();
    return presentMonitor(
      own,
      projects.find((project) => project.id === own[0]!.projectId),
    );
  });
}
