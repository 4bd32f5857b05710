import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCatalogue, ReleaseUploads } from '../../errors/port.ts';
import type { Clock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/faults.ts';
import type { HttpIntake } from '../../platform/http/contract.ts';
import { atLeast } from '../../platform/http/principal.ts';
import type { Log } from '../../platform/observe/log.ts';
import { createBudget, readBody } from './body.ts';
import { decompress } from './decompress.ts';
import { type Json, parseJson } from './envelope.ts';
import { parseMultipart } from './multipart.ts';
import { listOf, objectOf, textOf } from './read.ts';

import { registerIssues } from './rest/issues.ts';
import { originOf } from './rest/page.ts';
import { registerReading } from './rest/reading.ts';
import { projectsOf, registerReleases } from './rest/releases.ts';

export interface SentryApiDeps {
  uploads: ReleaseUploads;
  catalogue: ErrorCatalogue;
  clock: Clock;
  log: Log;
}

const chunkBytes = 8 * 1024 * 1024;

/**
 * The part of Sentry's REST API that `sentry-cli`, the bundler plugins and common scripts call: uploads of source maps, releases, projects,
 * issues, events, monitors. The organisation in the path is not looked at: there is one. Credential: an API token of Millrace.
 */
export function createSentryApi(deps: SentryApiDeps): HttpIntake {
  const budget = createBudget(128 * 1024 * 1024);
  const bodyOf = async (request: FastifyRequest): Promise<Json> =>
    objectOf(parseJson((await readBody(request.raw, budget)).bytes)) ?? {};
  return {
    name: 'sentry-api',
    authentication:
      'API token (Authorization: Bearer), of a viewer to read and of a developer to write, as for the API',
    reachableByServices: false,
    takesApiTokens: true,
    streamsBodies: true,
    register(scope) {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
      scope.addHook('onRequest', async (request) => requireRole(request));
      scope.setErrorHandler((error, _request, reply) => refuse(error, reply, deps.log));
      registerReading(scope, deps.catalogue);
      registerIssues(scope, deps.catalogue, deps.clock, bodyOf);
      chunks(scope, deps, budget, bodyOf);
      registerReleases(scope, deps, bodyOf);
    },
  };
}

function requireRole({ principal, method }: FastifyRequest): void {
  if (!principal)
    throw new Fault('unauthenticated', 'Authentication credentials were not provided.', { code: 'sentry.api-token' });
  // Never by a session: a page of another origin could make a browser call.
  const reads = method === 'GET' || method === 'HEAD';
  const scopes = reads ? ['errors', 'errors:read'] : ['errors'];
  const scoped = principal.scopes === null || principal.scopes.some((scope) => scopes.includes(scope));
  if (principal.kind !== 'token' || !scoped || !atLeast(principal.role, reads ? 'viewer' : 'developer')) {
    throw new Fault('forbidden', reads ? 'This token may not read errors' : 'This token may not change errors', {
      code: 'sentry.api-role',
      hint: 'Writing takes the role of a developer, and the scope errors if the token is limited.',
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
    log.error({ err: error }, 'a call of the Sentry API failed');
    return reply.status(500).send({ detail: 'internal error' });
  }
  return reply
    .status(statuses[error.kind] ?? 400)
    .send({ detail: [error.message, error.hint].filter(Boolean).join('. ') });
}

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
    const parts = parseMultipart((await readBody(request.raw, budget)).bytes, request.headers['content-type']);
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
