import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IngestProject, KnownRelease, ReleaseUploads, ReleaseWord } from '../../errors/port.ts';
import { Fault } from '../../kernel/faults.ts';
import type { HttpIntake } from '../../platform/http/contract.ts';
import { atLeast } from '../../platform/http/principal.ts';
import type { Log } from '../../platform/observe/log.ts';
import { createBudget, decompress, readBody } from './body.ts';
import { type Json, parseJson } from './envelope.ts';
import { parseMultipart } from './multipart.ts';
import { listOf, objectOf, textOf, timeOf } from './read.ts';

export interface SentryApiDeps {
  uploads: ReleaseUploads;
  log: Log;
}

const chunkBytes = 8 * 1024 * 1024;

/**
 * The part of Sentry's REST API that `sentry-cli` and the bundler plugins call to upload source maps and to tell of releases. The
 * organisation in the path is not looked at: there is one. Credential: an API token of Millrace.
 */
export function createSentryApi(deps: SentryApiDeps): HttpIntake {
  const budget = createBudget(128 * 1024 * 1024);
  const bodyOf = async (request: FastifyRequest): Promise<Json> =>
    objectOf(parseJson(await readBody(request.raw, budget))) ?? {};
  return {
    name: 'sentry-api',
    authentication: 'API token of a developer (Authorization: Bearer), as for the API',
    reachableByServices: false,
    takesApiTokens: true,
    streamsBodies: true,
    register(scope) {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
      scope.addHook('onRequest', async (request) => requireDeveloper(request));
      scope.setErrorHandler((error, _request, reply) => refuse(error, reply, deps.log));
      account(scope);
      chunks(scope, deps, budget, bodyOf);
      releases(scope, deps, bodyOf);
    },
  };
}

function requireDeveloper({ principal }: FastifyRequest): void {
  if (!principal)
    throw new Fault('unauthenticated', 'Authentication credentials were not provided.', { code: 'sentry.api-token' });
  // Never by a session: a page of another origin could make a browser call.
  const allowed = principal.kind === 'token' && (principal.scopes === null || principal.scopes.includes('errors'));
  if (!allowed || !atLeast(principal.role, 'developer')) {
    throw new Fault('forbidden', 'This token may not upload', {
      code: 'sentry.api-role',
      hint: 'It takes the role of a developer, and the scope errors if the token is limited.',
    });
  }
}

const statuses: Partial<Record<Fault['kind'], number>> = {
  unauthenticated: 401,
  forbidden: 403,
  missing: 404,
  'too-large': 413,
  unavailable: 503,
};

function refuse(error: unknown, reply: FastifyReply, log: Log): FastifyReply {
  if (!(error instanceof Fault)) {
    log.error({ err: error }, 'a call of an upload tool failed');
    return reply.status(500).send({ detail: 'internal error' });
  }
  return reply
    .status(statuses[error.kind] ?? 400)
    .send({ detail: [error.message, error.hint].filter(Boolean).join('. ') });
}

/** Where the tools look who they are and where they should go. */
function account(scope: FastifyInstance): void {
  scope.get('/api/0', (request) => ({
    version: '0',
    auth: { scopes: ['project:read', 'project:releases', 'org:read'] },
    user: { id: request.principal?.id, name: request.principal?.name, username: request.principal?.name, email: '' },
  }));
  scope.get('/api/0/organizations/:org', (request) => organization(request));
  scope.get('/api/0/organizations/:org/repos', () => []);
}

const originOf = (request: FastifyRequest): string => `${request.protocol}://${request.host}`;

const organization = (request: FastifyRequest): Json => {
  const { org } = request.params as { org: string };
  const url = originOf(request);
  return { id: '1', slug: org, name: org, links: { organizationUrl: url, regionUrl: url } };
};

function chunks(
  scope: FastifyInstance,
  { uploads }: SentryApiDeps,
  budget: ReturnType<typeof createBudget>,
  bodyOf: (request: FastifyRequest) => Promise<Json>,
): void {
  const path = '/api/0/organizations/:org/chunk-upload';
  scope.get(path, (request) => ({
    url: `${originOf(request)}${request.url.split('?')[0]?.replace(/\/?$/, '/')}`,
    chunkSize: chunkBytes,
    chunksPerRequest: 4,
    maxRequestSize: 4 * chunkBytes,
    maxFileSize: 128 * 1024 * 1024,
    concurrency: 2,
    hashAlgorithm: 'sha1',
    compression: ['gzip'],
    accept: ['sources', 'artifact_bundles', 'artifact_bundles_v2', 'release_files'],
  }));
  scope.post(path, async (request, reply) => {
    const parts = parseMultipart(await readBody(request.raw, budget), request.headers['content-type']);
    if (!parts) throw new Fault('invalid', 'The body is no multipart/form-data', { code: 'sentry.multipart' });
    for (const part of parts) {
      if (part.name !== 'file' && part.name !== 'file_gzip') continue;
      const body = part.name === 'file_gzip' ? await decompress(part.body, 'gzip') : part.body;
      if (body.length > chunkBytes) throw new Fault('too-large', 'A chunk is too large', { code: 'sentry.chunk' });
      await uploads.storeChunk(body);
    }
    return reply.status(200).send({});
  });
  scope.post('/api/0/organizations/:org/artifactbundle/assemble', async (request) => {
    const body = await bodyOf(request);
    const projects = await projectsOf(uploads, body.projects);
    const answer = await uploads.assemble({
      projectIds: projects.map((project) => project.id),
      checksum: shaOf(body.checksum),
      chunks: listOf(body.chunks).slice(0, 1000).map(shaOf),
      release: textOf(body.version)?.slice(0, 200) ?? '',
      dist: textOf(body.dist)?.slice(0, 64) ?? '',
    });
    return { state: answer.state, missingChunks: answer.missing, detail: answer.detail };
  });
}

function shaOf(value: unknown): string {
  if (typeof value === 'string' && /^[0-9a-f]{40}$/.test(value)) return value;
  throw new Fault('invalid', 'A checksum is a SHA-1 in hexadecimal digits', { code: 'sentry.checksum' });
}

async function projectsOf(uploads: ReleaseUploads, names: unknown): Promise<IngestProject[]> {
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
function releases(
  scope: FastifyInstance,
  { uploads }: SentryApiDeps,
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
      return tell(version, await projectsFor(version, body, project), wordOf(body));
    });
    scope.get(`${prefix}/releases/:version/previous-with-commits`, () => ({}));
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
  return { ...(releasedAt === null ? {} : { releasedAt }), ...(commits.length === 0 ? {} : { commits }) };
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
