import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorReception, IngestProject, Outcome } from '../../errors/port.ts';
import type { Clock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/faults.ts';
import type { HttpIntake } from '../../platform/http/contract.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { TelemetrySink } from '../../platform/observe/telemetry-sink.ts';
import { awayFault } from '../../platform/postgres/away.ts';
import { credentialsOf, parseDsn } from './auth.ts';
import {
  type BodyReader,
  readAttachments,
  readCheckInRequest,
  readEnvelope,
  readMinidump,
  readReportForm,
  readSecurityReport,
  readStore,
} from './bodies.ts';
import { type Budget, createBudget, letPass, readBody } from './body.ts';
import { keep, type Sorted, sortItems } from './items.ts';
import { intakeLimits as limits } from './limits.ts';
import { objectOf, timeOf } from './read.ts';
import { reportDialogScript } from './report-dialog.ts';

export interface SentryDeps {
  reception: ErrorReception;
  telemetry: TelemetrySink;
  clock: Clock;
  log: Log;
}

const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-sentry-error,x-sentry-rate-limits,retry-after',
};
const preflightHeaders = {
  ...corsHeaders,
  'access-control-allow-methods': 'POST, OPTIONS',
  'access-control-allow-headers':
    'sentry-trace,baggage,traceparent,x-sentry-auth,authentication,authorization,content-type,content-encoding,x-requested-with,origin,accept',
  'access-control-max-age': '86400',
};

const statusOf: Partial<Record<Fault['kind'], number>> = {
  invalid: 400,
  forbidden: 403,
  'too-large': 413,
  'too-many': 429,
  unavailable: 503,
};

/**
 * The endpoints that error-tracking clients send to: `/api/<ingest id>/envelope/`, `/store/`, `/security/` (and `/csp-report/`), `/minidump/`,
 * `/events/<id>/attachments/` and the report dialog `/api/embed/error-page/`, also below `/services/<name>`, which tells the service apart without the application doing anything (a DSN may carry a path). Answers 200 only for what is durable.
 */
export function createSentryIntake(deps: SentryDeps): HttpIntake {
  const budget = createBudget(limits.bufferedBytes);
  return {
    name: 'sentry',
    authentication:
      'public key of the project, as the DSN carries it (X-Sentry-Auth, sentry_key, or the DSN of the envelope)',
    reachableByServices: true,
    streamsBodies: true,
    register(scope) {
      // Bodies are read by hand, so that they are counted while they come and before anything is parsed.
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
      for (const prefix of ['', '/services/:service']) {
        route(scope, `${prefix}/api/:ingestId/envelope`, deps, budget, readEnvelope);
        route(scope, `${prefix}/api/:ingestId/store`, deps, budget, readStore);
        route(scope, `${prefix}/api/:ingestId/security`, deps, budget, readSecurityReport);
        route(scope, `${prefix}/api/:ingestId/csp-report`, deps, budget, readSecurityReport);
        route(scope, `${prefix}/api/:ingestId/minidump`, deps, budget, readMinidump);
        route(scope, `${prefix}/api/:ingestId/events/:eventId/attachments`, deps, budget, readAttachments);
        for (const path of ['cron/:monitor', 'cron/:monitor/:key']) {
          route(scope, `${prefix}/api/:ingestId/${path}`, deps, budget, readCheckInRequest, ['GET', 'POST', 'PUT']);
        }
        route(scope, `${prefix}/api/embed/error-page`, deps, budget, readReportForm);
        scope.get(`${prefix}/api/embed/error-page`, (_request, reply) =>
          reply.headers(corsHeaders).type('application/javascript; charset=utf-8').send(reportDialogScript),
        );
      }
    },
  };
}

/** One endpoint; the server ignores a trailing slash. */
function route(
  scope: FastifyInstance,
  path: string,
  deps: SentryDeps,
  budget: Budget,
  read: BodyReader,
  method: ('GET' | 'POST' | 'PUT')[] = ['POST'],
): void {
  const bounded = path.replace(':ingestId', ':ingestId(^\\d{1,9}$)');
  scope.options(bounded, (_request, reply) => reply.headers(preflightHeaders).status(200).send());
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    reply.headers(corsHeaders);
    const known: { project?: IngestProject } = {};
    try {
      return await receive(request, reply, deps, budget, read, known);
    } catch (error) {
      if (known.project) deps.reception.count(known.project.id, refusalOf(error));
      return refuse(error, request, reply, deps.log);
    }
  };
  scope.route({ method, url: bounded, bodyLimit: limits.compressedBytes, handler });
}

async function receive(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: SentryDeps,
  budget: Budget,
  read: BodyReader,
  known: { project?: IngestProject },
): Promise<FastifyReply> {
  const { ingestId, service, eventId, monitor, key } = request.params as Partial<Record<string, string>>;
  const query: Record<string, unknown> = { ...(objectOf(request.query) ?? {}), ...(key ? { sentry_key: key } : {}) };
  const receivedAt = deps.clock.now();
  const given = credentialsOf(request.headers, query);
  if (given === 'conflict') throw denied('two different keys were given');
  // Only an envelope may say in its body who it is for.
  const inQuery = typeof query.dsn === 'string' ? parseDsn(query.dsn) : null;
  if (!given && !inQuery && read !== readEnvelope) throw denied('no key was given');
  // Known before the body is read, wherever the client says it in time.
  let project = given && ingestId ? await projectOf(deps.reception, ingestId, given.key) : undefined;
  if (project) known.project = project;
  const body = await readBody(request.raw, budget);
  const { header, items } = read(body.bytes, {
    contentType: request.headers['content-type'],
    userAgent: request.headers['user-agent'],
    query,
    eventId,
    monitor,
  });
  const dsn = typeof header.dsn === 'string' ? parseDsn(header.dsn) : null;
  if (dsn && given && dsn.key !== given.key) throw denied('the envelope names another key');
  if (!project) {
    if (!dsn) throw denied('no key was given');
    project = await projectOf(deps.reception, ingestId ?? dsn.projectId, dsn.key);
    known.project = project;
  }
  const limited = deps.reception.limited(project.id, receivedAt);
  const sorted = sortItems(header, items, {
    projectId: project.id,
    service: service?.slice(0, 100),
    receivedAt,
    sentAt: timeOf(header.sent_at) ?? undefined,
    remoteAddress: request.ip,
    refused: new Set(limited.map((one) => one.category)),
    body,
  });
  await keep(sorted, project.id, deps.reception, deps.telemetry);
  return answer(reply, sorted, limited);
}

function answer(
  reply: FastifyReply,
  sorted: Sorted,
  limited: { category: string; retryAfter: number }[],
): FastifyReply {
  if (limited.length > 0) {
    // Always by category: a limit on everything would silence the client's own account of what it dropped.
    const entries = limited.map(({ category, retryAfter }) => `${retryAfter}:${category}:project:rate`);
    reply.header('x-sentry-rate-limits', entries.join(', '));
    const nothingKept = sorted.events.length + sorted.records.length + sorted.items.length === 0;
    if (nothingKept && sorted.counted.some((one) => one.outcome === 'limited')) {
      reply.header('retry-after', String(Math.max(...limited.map((one) => one.retryAfter))));
      return reply.status(429).send({ detail: 'too many events', causes: [] });
    }
  }
  return reply.status(200).send(sorted.eventId === null ? {} : { id: sorted.eventId });
}

async function projectOf(reception: ErrorReception, ingestId: string, key: string): Promise<IngestProject> {
  // A DSN may name anything as its project.
  const project = /^\d{1,9}$/.test(ingestId) ? await reception.projectOf(Number(ingestId), key) : undefined;
  if (!project) throw denied('no project has this id and key');
  return project;
}

/** How a body that was refused as a whole is accounted for: nobody knows how many things of which kind were in it. */
function refusalOf(error: unknown): Outcome {
  const fault = error instanceof Fault ? error : undefined;
  const reason = fault ? fault.code.replace(/^sentry\./, '').replaceAll('-', '_') : 'internal';
  const outcome = fault?.kind === 'unavailable' || fault?.kind === 'too-many' ? 'limited' : 'invalid';
  return { category: 'body', outcome, reason, quantity: 1 };
}

const denied = (why: string): Fault =>
  new Fault('forbidden', why, { code: 'sentry.key', hint: "Use the DSN shown in the project's settings." });

/** Clients drop what is refused, so the reason is put where their debug logs show it. */
function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  const fault = error instanceof Fault ? error : awayFault(error);
  if (!fault) {
    // The client went away in the middle of its body: nobody is there to be answered.
    if (request.raw.destroyed && !request.raw.complete) return reply.hijack();
    log.error({ err: error, path: request.url.split('?')[0] }, 'an envelope could not be taken');
  }
  const status = fault ? (statusOf[fault.kind] ?? 400) : 500;
  const detail = fault?.message ?? 'internal error';
  letPass(request.raw);
  if (fault?.retryAfter !== undefined) reply.header('retry-after', String(fault.retryAfter));
  return reply
    .status(status)
    .header('x-sentry-error', headerText(detail))
    .send({ detail, causes: fault?.hint ? [fault.hint] : [] });
}

/** Headers carry no typographic characters; a message that has some must not turn a refusal into a failure. */
const headerText = (text: string): string => text.replaceAll('’', "'").replace(/[^\x20-\x7e]/g, '?');
