import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Actor } from '../../kernel/events.ts';
import { Fault } from '../../kernel/faults.ts';
import { newId } from '../../kernel/ids.ts';
import type { Log } from '../observe/log.ts';
import type { Database } from '../postgres/database.ts';
import { apiPageOf } from './api-page.ts';
import type { Call, HttpIntake, MountedContract, Operation } from './contract.ts';
import { createHeldBodies } from './held-bodies.ts';
import { once } from './idempotency.ts';
import { openApiOf } from './openapi.ts';
import type { Principal } from './principal.ts';
import { problemMediaType, problemOf, refuseConnection } from './problem.ts';
import { watchRoutes } from './route-table.ts';
import { createSlowBodyGuard, slowBodyLimits } from './slow-bodies.ts';
import { requireText } from './text.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, found from session or token before any handler runs; null when nobody is signed in. */
    principal: Principal | null;
  }
  interface FastifyContextConfig {
    /** Nobody is looked up for this route. */
    anonymous?: boolean;
  }
}

/** Who may do what, fulfilled by the identity room. */
export interface Gatekeeper {
  /** Finds who asks; null for nobody. Throws `unauthenticated` for credentials that are wrong or expired. */
  authenticate(request: FastifyRequest): Promise<Principal | null>;
  /** Throws `unauthenticated` or `forbidden` unless `principal` may call this operation. The one place where rights are decided. */
  authorize(principal: Principal | null, operation: { room: string; method: string; role: Operation['role'] }): void;
}

export interface HttpServerOptions {
  database: Database;
  log: Log;
  gatekeeper: Gatekeeper;
  contracts: MountedContract[];
  intakes: HttpIntake[];
  version: string;
  /** A client that begins a request and then brings nothing for this long is cut off (ms); default 30 s. */
  stallMs?: number | undefined;
}

const defaultBodyLimit = 1024 * 1024;
const defaultStallMs = 30_000;
const anonymous: Actor = { kind: 'system', id: 'anonymous', name: 'nobody signed in' };

const actorOf = (principal: Principal | null): Actor =>
  principal
    ? { kind: principal.kind === 'token' ? 'token' : 'person', id: principal.id, name: principal.name }
    : anonymous;

/**
 * The API server: contracts under /api/v1, foreign protocols in scopes of their own, problem+json for every refusal.
 * The caller listens and adds the web application.
 */
export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const app = bareServer(options.log, options.stallMs);
  const holdBodies = createHeldBodies();
  app.addHook('onRequest', async (request) => {
    // Foreign protocols outside the API carry credentials of their own, which mean nothing to sessions and tokens.
    if (!request.url.startsWith('/api/v1/') || request.routeOptions.config.anonymous) return;
    request.principal = await options.gatekeeper.authenticate(request);
  });
  await app.register(
    async (scope) => {
      holdBodies(scope);
      for (const mounted of options.contracts) mountContract(scope, mounted, options);
      const document = openApiOf(
        options.contracts.map((mounted) => mounted.contract),
        options.version,
      );
      scope.get('/openapi.json', () => document);
      const page = apiPageOf(document);
      scope.get('/docs', (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
    },
    { prefix: '/api/v1' },
  );
  await mountIntakes(app, options.intakes, holdBodies, options.gatekeeper);
  return app;
}

/** The listener that deployed services reach: only intakes that say so, no API, no sessions. */
export async function createIntakeServer(
  options: Pick<HttpServerOptions, 'log' | 'intakes' | 'stallMs'>,
): Promise<FastifyInstance> {
  const app = bareServer(options.log, options.stallMs);
  await mountIntakes(
    app,
    options.intakes.filter((intake) => intake.reachableByServices),
    createHeldBodies(),
  );
  return app;
}

function bareServer(log: Log, stallMs = defaultStallMs): FastifyInstance {
  const app = fastify({
    // Fastify's own request log would print two lines a request; the log gets failures only.
    logger: false,
    bodyLimit: defaultBodyLimit,
    genReqId: () => newId(),
    requestTimeout: 0,
    connectionTimeout: 0,
    // A large push may take long: bodies are judged by whether they keep coming, not by how long they take.
    http: { headersTimeout: stallMs, requestTimeout: 0, connectionsCheckingInterval: Math.min(5000, stallMs / 4) },
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
    // What goes wrong before there is a route, or before there is a request.
    frameworkErrors: (error, request, reply) => refuse(error, request, reply, log),
    clientErrorHandler: refuseConnection,
  });
  const routes = watchRoutes(app);
  app.decorateRequest('principal', null);
  const slowBodies = createSlowBodyGuard(slowBodyLimits(stallMs));
  app.addHook('onRequest', async (request, reply) => slowBodies.watch(request.raw, reply.raw));
  app.addHook('onClose', async () => slowBodies.close());
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply, log));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]!;
    const methods = routes.methodsAt(path);
    if (methods.length > 0) reply.header('allow', methods.join(', '));
    return refuse(
      methods.length > 0 ? wrongMethod(request.method, path, methods) : nothingAt(path),
      request,
      reply,
      log,
    );
  });
  return app;
}

const nothingAt = (path: string): Fault =>
  new Fault('missing', `There is nothing at ${path}`, {
    code: 'http.no-route',
    hint: 'The API is described at /api/v1/openapi.json.',
  });

const wrongMethod = (method: string, path: string, methods: string[]): Fault =>
  new Fault('wrong-method', `${path} does not answer ${method}`, {
    code: 'http.method',
    hint: `It answers ${methods.join(', ')}.`,
  });

async function mountIntakes(
  app: FastifyInstance,
  intakes: HttpIntake[],
  holdBodies: (scope: FastifyInstance) => void,
  gatekeeper?: Gatekeeper,
): Promise<void> {
  for (const intake of intakes) {
    await app.register(async (scope) => {
      if (intake.takesApiTokens && gatekeeper) {
        scope.addHook('onRequest', async (request) => {
          request.principal = await gatekeeper.authenticate(request);
        });
      }
      if (!intake.streamsBodies) holdBodies(scope);
      await intake.register(scope);
    });
  }
}

function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  const { problem, unexpected, retryAfter } = problemOf(error, request.id);
  if (unexpected) {
    log.error(
      { err: error, requestId: request.id, method: request.method, path: request.url.split('?')[0] },
      'a request failed unexpectedly',
    );
  }
  if (retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(retryAfter)));
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="millrace"');
  return reply.status(problem.status).type(problemMediaType).send(problem);
}

/** The names in an address. Whoever asks for one that cannot be (`/runs/abc`, where runs have UUIDs) asks for nothing that is there. */
function namesIn({ method, params }: Operation, given: unknown): unknown {
  if (method !== 'GET') return params?.parse(given);
  const read = params?.safeParse(given);
  if (!read || read.success) return read?.data;
  const [{ path, message } = { path: [], message: '' }] = read.error.issues;
  const name = String(path[0]);
  const value = String((given as Record<string, unknown>)[name]).slice(0, 100);
  throw new Fault('missing', `There is no ${name.replace(/Id$/, '')} ${value}`, {
    code: 'http.no-such-name',
    hint: `${message}.`,
  });
}

function mountContract(scope: FastifyInstance, mounted: MountedContract, options: HttpServerOptions): void {
  for (const [name, operation] of Object.entries(mounted.contract.operations)) {
    const handler = mounted.handlers[name];
    if (!handler) throw new Error(`No handler for ${mounted.contract.room}.${name}`);
    if (operation.creates && !mounted.handlersOn)
      throw new Error(`${mounted.contract.room}.${name} creates something: mount its contract with mountOn`);
    const room = mounted.contract.room;
    scope.route({
      method: operation.method,
      url: operation.path,
      bodyLimit: operation.bodyLimit ?? defaultBodyLimit,
      config: { anonymous: operation.anonymous === true },
      handler: async (request, reply) => {
        options.gatekeeper.authorize(request.principal, { room, method: operation.method, role: operation.role });
        const ifMatch = request.headers['if-match']?.replace(/^W\//, '').replace(/^"|"$/g, '');
        for (const given of [request.params, request.query, request.body]) requireText(given);
        const call = {
          params: namesIn(operation, request.params),
          query: operation.query?.parse(request.query),
          body: operation.body?.parse(request.body ?? undefined),
          principal: request.principal,
          actor: actorOf(request.principal),
          ifMatch,
          request,
          reply,
        } as unknown as Call;
        const status = operation.status ?? (operation.creates ? 201 : 200);
        const run = async (database?: Database): Promise<{ status: number; response: unknown }> => {
          const on = database && mounted.handlersOn?.(database)[name];
          const result = await (on ?? handler)(call);
          return { status, response: reply.sent ? undefined : operation.response.parse(result) };
        };
        const key = request.headers['idempotency-key'];
        const outcome =
          operation.creates && typeof key === 'string' && key.length <= 200
            ? await once(
                options.database,
                {
                  principal: request.principal?.id ?? 'anonymous',
                  key,
                  operation: `${room}.${name} ${request.url}`,
                  body: request.body,
                  keepResponse: operation.reveals !== true,
                },
                run,
              )
            : await run();
        if (reply.sent) return reply;
        if ('replayed' in outcome && outcome.replayed) reply.header('idempotent-replayed', 'true');
        if (operation.etag) {
          const version = (outcome.response as Record<string, unknown> | null)?.[operation.etag];
          if (version !== undefined && version !== null) {
            const etag = `"${String(version)}"`;
            reply.header('etag', etag);
            if (operation.method === 'GET' && request.headers['if-none-match'] === etag)
              return reply.status(304).send();
          }
        }
        return reply.status(outcome.status).send(outcome.response);
      },
    });
  }
}
