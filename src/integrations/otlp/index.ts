import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/faults.ts';
import { type Json, objectOf } from '../../kernel/foreign-json.ts';
import type { HttpIntake } from '../../platform/http/contract.ts';
import { inflateBody } from '../../platform/http/inflate.ts';
import { ingestKeyOf } from '../../platform/http/ingest-key.ts';
import { parseJson, takeRawBodies } from '../../platform/http/raw-bodies.ts';
import { CumulativeState } from '../../platform/observe/cumulative.ts';
import { awayFault } from '../../platform/postgres/away.ts';
import { decodeMessage, encodeBytes, encodeNumber } from '../../platform/protobuf/protobuf.ts';
import type { IngestKeys, Intake } from '../../telemetry/port.ts';
import { limits } from './limits.ts';
import { requests, type Signal } from './messages.ts';
import { type Mapped, mapRequest } from './records.ts';

export interface OtlpDependencies {
  telemetry: Intake;
  keys: IngestKeys;
  clock: Clock;
}

type Form = 'protobuf' | 'json';

/** What a refusal looks like on the wire: HTTP status, gRPC code, seconds to wait. */
interface Refusal {
  status: number;
  code: number;
  message: string;
  retryAfter?: number | undefined;
}

class OtlpRefusal extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

const refuse = (status: number, code: number, message: string): never => {
  throw new OtlpRefusal({ status, code, message });
};

/**
 * OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp): POST /v1/traces, /v1/logs, /v1/metrics, protobuf or JSON, gzip. Answers 200
 * once everything accepted is durable; 429 and 503 carry Retry-After and mean "again later", other refusals mean "never".
 */
export function createOtlpIntake(deps: OtlpDependencies): HttpIntake {
  const state = new CumulativeState(deps.clock.now(), limits.series);

  async function take(signal: Signal, request: FastifyRequest): Promise<Mapped> {
    const projectId = await ingestKeyOf(request, deps.keys);
    const body = await inflated(request);
    const content = decode(signal, formOf(request), body);
    const changes = state.begin();
    const now = deps.clock.now();
    const mapped = mapRequest(signal, content, { projectId, now, maxRecords: limits.records, changes });
    if (mapped.rejected > 0) deps.telemetry.dropped(projectId, typeOf[signal], mapped.reason, mapped.rejected);
    if (mapped.records.length > 0) await changes.keepIf(() => deps.telemetry.write(mapped.records));
    return mapped;
  }

  return {
    name: 'otlp',
    authentication: 'The ingest key of a project: "Authorization: Bearer <key>" or "api-key: <key>"',
    reachableByServices: true,
    register(scope) {
      takeRawBodies(scope, limits.bodyBytes);
      scope.setErrorHandler((error, request, reply) => answerRefusal(request, reply, refusalOf(error)));
      for (const signal of ['traces', 'logs', 'metrics'] as const) {
        scope.post(`/v1/${signal}`, { bodyLimit: limits.bodyBytes }, async (request, reply) => {
          const form = formOf(request);
          const mapped = await take(signal, request);
          return reply
            .status(200)
            .type(mediaTypes[form])
            .send(success(signal, form, mapped));
        });
      }
    },
  };
}

const typeOf: Record<Signal, string> = { traces: 'Span', logs: 'Log', metrics: 'Metric' };
const mediaTypes: Record<Form, string> = { protobuf: 'application/x-protobuf', json: 'application/json' };

function formOf(request: FastifyRequest): Form {
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type === 'application/x-protobuf' || type === 'application/protobuf') return 'protobuf';
  if (type === 'application/json') return 'json';
  return refuse(415, 3, `Content-Type "${type}" is neither application/x-protobuf nor application/json`);
}

async function inflated(request: FastifyRequest): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (!['identity', '', 'gzip', 'deflate'].includes(encoding))
    return refuse(415, 3, `Content-Encoding "${encoding}" is not gzip or deflate`);
  return inflateBody(request.body, encoding, limits.inflatedBytes);
}

function decode(signal: Signal, form: Form, body: Buffer): Json {
  if (form === 'protobuf') return decodeMessage(body, requests[signal]);
  return objectOf(parseJson(body)) ?? refuse(400, 3, 'The body is not a JSON object');
}

/** What could not be used, as each signal's answer calls it. */
const rejectedName: Record<Signal, string> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
};

function success(signal: Signal, form: Form, { rejected, reason }: Mapped): Buffer | string {
  if (rejected === 0) return form === 'json' ? '{}' : Buffer.alloc(0);
  if (form === 'json')
    return JSON.stringify({ partialSuccess: { [rejectedName[signal]]: String(rejected), errorMessage: reason } });
  return encodeBytes(1, Buffer.concat([encodeNumber(1, rejected), encodeBytes(2, reason)]));
}

function refusalOf(cause: unknown): Refusal {
  const error = awayFault(cause) ?? cause;
  if (error instanceof OtlpRefusal) return error.refusal;
  if (error instanceof Fault) {
    const { message, retryAfter } = error;
    if (error.kind === 'unauthenticated')
      return { status: 401, code: 16, message: [message, error.hint].filter(Boolean).join('. ') };
    if (error.kind === 'unavailable') return { status: 503, code: 14, message, retryAfter: retryAfter ?? 5 };
    if (error.kind === 'too-many') return { status: 429, code: 8, message, retryAfter: retryAfter ?? 5 };
    if (error.kind === 'too-large') return { status: 413, code: 3, message };
    return { status: 400, code: 3, message };
  }
  const status = (error as { statusCode?: number }).statusCode;
  if (status !== undefined && status >= 400 && status < 500)
    return { status, code: 3, message: (error as Error).message };
  return { status: 500, code: 13, message: 'This request failed unexpectedly' };
}

function answerRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, code, message, retryAfter }: Refusal,
): FastifyReply {
  if (retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(retryAfter)));
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="millrace"');
  reply.status(status);
  const isProtobuf = /protobuf/.test(request.headers['content-type'] ?? '');
  if (isProtobuf)
    return reply.type(mediaTypes.protobuf).send(Buffer.concat([encodeNumber(1, code), encodeBytes(2, message)]));
  return reply.type(mediaTypes.json).send(JSON.stringify({ code, message }));
}
