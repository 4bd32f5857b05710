import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../kernel/faults.ts';
import { newId } from '../../kernel/ids.ts';
import type { HttpIntake } from '../../platform/http/contract.ts';
import { inflateBody } from '../../platform/http/inflate.ts';
import { parseJson, takeRawBodies } from '../../platform/http/raw-bodies.ts';
import { awayFault } from '../../platform/postgres/away.ts';
import type { IngestKeys, Intake, IntakeRecord } from '../../telemetry/port.ts';
import { callAgent } from './agent-calls.ts';
import type { NewRelicDependencies } from './deps.ts';
import { readEvents, readLogs, readMetrics } from './ingest-apis.ts';
import { limits } from './limits.ts';
import type { Mapped, Origin } from './mapped.ts';
import { readTraces, readZipkin } from './trace-api.ts';

const keyHeaders = ['api-key', 'x-license-key', 'x-insert-key'];
const keyParameters = ['Api-Key', 'api-key', 'License-Key', 'license_key'];

/** The project whose ingest key stands where New Relic's licence or insert key stands. Throws `forbidden`. */
async function projectOf(request: FastifyRequest, keys: IngestKeys): Promise<string> {
  const query = request.query as Record<string, unknown>;
  const given = [...keyHeaders.map((name) => request.headers[name]), ...keyParameters.map((name) => query[name])];
  const key = given.find((value): value is string => typeof value === 'string' && value !== '');
  const projectId = key && (await keys.projectOfKey(key.trim()));
  if (projectId) return projectId;
  throw new Fault('forbidden', key ? 'This key is unknown or revoked' : 'No key was given', {
    code: 'newrelic.key',
    hint: 'Send the ingest key of a project as Api-Key (or as the licence key of an agent).',
  });
}

async function bodyOf(request: FastifyRequest): Promise<unknown> {
  const body = await inflateBody(request.body, request.headers['content-encoding'], limits.inflatedBytes);
  return parseJson(body);
}

type Read = (body: unknown, origin: Origin, request: FastifyRequest) => Mapped;

/** Where each ingest API is, what it is about, and its status when it took something. */
const ingestApis: { path: string; type: string; status: number; read: Read }[] = [
  { path: '/metric/v1', type: 'Metric', status: 202, read: readMetrics },
  { path: '/log/v1', type: 'Log', status: 202, read: (body, origin) => readLogs(body, origin) },
  {
    path: '/trace/v1',
    type: 'Span',
    status: 202,
    read: (body, origin, request) =>
      request.headers['data-format'] === 'zipkin' ? readZipkin(body, origin) : readTraces(body, origin),
  },
  { path: '/v1/accounts/:account/events', type: 'custom event', status: 200, read: readEvents },
];

/**
 * What New Relic's agents and senders call: its Metric, Event, Log and Trace APIs (answered at once; rows that cannot be used become
 * `NrIntegrationError` events with the request's id, as upstream), and the collector protocol of its agents.
 */
export function createNewRelicIntake(deps: NewRelicDependencies): HttpIntake {
  return {
    name: 'newrelic',
    authentication: 'The ingest key of a project as "Api-Key" (header or query), or as the licence key of an agent',
    reachableByServices: true,
    register(scope) {
      takeRawBodies(scope, limits.bodyBytes);
      for (const api of ingestApis) {
        scope.post(api.path, { bodyLimit: limits.bodyBytes }, async (request, reply) => {
          const projectId = await projectOf(request, deps.keys);
          const requestId = newId();
          const now = deps.clock.now();
          const mapped = api.read(await bodyOf(request), { projectId, now }, request);
          await keep(deps.telemetry, mapped, { projectId, now, type: api.type, requestId });
          return reply.status(api.status).send(api.status === 200 ? { success: true, uuid: requestId } : { requestId });
        });
      }
      registerAgents(scope, deps);
    },
  };
}

async function keep(
  telemetry: Intake,
  mapped: Mapped,
  at: { projectId: string; now: number; type: string; requestId: string },
): Promise<void> {
  const complaints = [...mapped.refused].map(
    ([reason, count]): IntakeRecord => ({
      type: 'NrIntegrationError',
      timestamp: at.now,
      projectId: at.projectId,
      attributes: {
        category: 'RejectedData',
        newRelicFeature: at.type,
        message: reason,
        count,
        requestId: at.requestId,
      },
    }),
  );
  for (const [reason, count] of mapped.refused) telemetry.dropped(at.projectId, at.type, reason, count);
  const records = [...mapped.records, ...complaints];
  if (records.length > 0) await telemetry.write(records);
}

/** The one address of the collector protocol; what is asked stands in its query. */
function registerAgents(scope: FastifyInstance, deps: NewRelicDependencies): void {
  scope.post('/agent_listener/invoke_raw_method', { bodyLimit: limits.bodyBytes }, async (request, reply) => {
    try {
      const projectId = await projectOf(request, deps.keys);
      const { method, run_id: runId } = request.query as Record<string, unknown>;
      const host = addressOf(request);
      const payload = method === 'pprof_data' ? [] : await bodyOf(request);
      const value = await callAgent(String(method), payload, { projectId, runId, host, now: deps.clock.now() }, deps);
      return reply.status(200).send({ return_value: value });
    } catch (error) {
      return refuseAgent(error, reply);
    }
  });
}

/**
 * Where the agent reached us, for it to stay there. Agents leave the port out of the Host header, and take 443 for one that is
 * not named; where a proxy ends TLS, its port is not known here and 443 is right most often.
 */
function addressOf(request: FastifyRequest): string {
  const host = request.headers.host ?? 'localhost';
  const ours = 'encrypted' in request.raw.socket;
  return ours && !/:\d+$/.test(host) ? `${host}:${request.raw.socket.localPort}` : host;
}

/** Agents act on the status alone: 401 and 409 mean connect again, 503 keeps the data for the next time, 400 and 413 drop it. */
const statusOf: Partial<Record<Fault['kind'], number>> = {
  forbidden: 401,
  conflict: 409,
  invalid: 400,
  missing: 404,
  'too-large': 413,
  'too-many': 429,
  unavailable: 503,
};

function refuseAgent(cause: unknown, reply: FastifyReply): FastifyReply {
  const error = awayFault(cause) ?? cause;
  if (!(error instanceof Fault)) throw error;
  const message = error.hint ? `${error.message}. ${error.hint}` : error.message;
  return reply
    .status(statusOf[error.kind] ?? 400)
    .send({ exception: { message, error_type: `Millrace::${error.code}` } });
}
