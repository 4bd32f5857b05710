import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../kernel/clock.ts';
import type { HttpIntake } from '../../platform/http/contract.ts';
import { inflateBody } from '../../platform/http/inflate.ts';
import { ingestKeyOf } from '../../platform/http/ingest-key.ts';
import { parseJson, takeRawBodies } from '../../platform/http/raw-bodies.ts';
import { unsnappy } from '../../platform/http/snappy.ts';
import { decodeMessage } from '../../platform/protobuf/protobuf.ts';
import type { IngestKeys, Intake } from '../../telemetry/port.ts';
import { limits } from './limits.ts';
import { type Pushed, pushRequest, readJson, readProtobuf } from './streams.ts';

export interface LokiDependencies {
  telemetry: Intake;
  keys: IngestKeys;
  clock: Clock;
}

/** Loki's push API, `POST /loki/api/v1/push`, as JSON or as Snappy protobuf; answers 204 once the lines are durable. */
export function createLokiIntake(deps: LokiDependencies): HttpIntake {
  return {
    name: 'loki',
    authentication:
      'The ingest key of a project: "Authorization: Bearer <key>", or as the password of basic authentication',
    reachableByServices: true,
    register(scope) {
      takeRawBodies(scope, limits.bodyBytes);
      scope.post('/loki/api/v1/push', { bodyLimit: limits.bodyBytes }, async (request, reply) => {
        const projectId = await ingestKeyOf(request, deps.keys);
        const { records, refused } = await read(request, projectId, deps.clock.now());
        if (refused > 0) deps.telemetry.dropped(projectId, 'Log', 'entries without a line, or too many', refused);
        if (records.length > 0) await deps.telemetry.write(records);
        return reply.status(204).send();
      });
    },
  };
}

async function read(request: FastifyRequest, projectId: string, now: number): Promise<Pushed> {
  if ((request.headers['content-type'] ?? '').startsWith('application/json')) {
    const body = await inflateBody(request.body, request.headers['content-encoding'], limits.unpackedBytes);
    return readJson(parseJson(body), projectId, now);
  }
  return readProtobuf(decodeMessage(unsnappy(request.body, limits.unpackedBytes), pushRequest), projectId, now);
}
