import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Json, objectOf } from '../../kernel/foreign-json.ts';
import type { HttpIntake } from '../../platform/http/contract.ts';
import { inflateBody } from '../../platform/http/inflate.ts';
import { ingestKeyOf } from '../../platform/http/ingest-key.ts';
import { parseJson, takeRawBodies } from '../../platform/http/raw-bodies.ts';
import { decodeMessage, encodeBytes, encodeNumber } from '../../platform/protobuf/protobuf.ts';
import { createAccept, encodeSuccess, type OtlpDependencies } from './accept.ts';
import { limits } from './limits.ts';
import { requests, type Signal } from './messages.ts';
import type { Mapped } from './records.ts';
import { type Refusal, refusalOf, refuse } from './refusals.ts';

type Form = 'protobuf' | 'json';

/**
 * OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp): POST /v1/traces, /v1/logs, /v1/metrics, protobuf or JSON, gzip. Answers 200
 * once everything accepted is durable; 429 and 503 carry Retry-After and mean "again later", other refusals mean "never".
 */
export function createOtlpIntake(deps: OtlpDependencies): HttpIntake {
  const accept = createAccept(deps);

  async function take(signal: Signal, request: FastifyRequest): Promise<Mapped> {
    const projectId = await ingestKeyOf(request, deps.keys);
    const body = await inflated(request);
    const content = decode(signal, formOf(request), body);
    return accept(signal, projectId, content);
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

function success(signal: Signal, form: Form, mapped: Mapped): Buffer | string {
  if (form === 'protobuf') return encodeSuccess(mapped);
  const { rejected, reason } = mapped;
  if (rejected === 0) return '{}';
  return JSON.stringify({ partialSuccess: { [rejectedName[signal]]: String(rejected), errorMessage: reason } });
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
