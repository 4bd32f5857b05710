import type { HttpIntake } from '../../platform/http/contract.ts';
import { inflateBody } from '../../platform/http/inflate.ts';
import { ingestKeyOf } from '../../platform/http/ingest-key.ts';
import { takeRawBodies } from '../../platform/http/raw-bodies.ts';
import type { IngestKeys, Intake } from '../../telemetry/port.ts';
import { limits } from './limits.ts';
import { readResults } from './results.ts';

export interface NagiosDependencies {
  telemetry: Intake;
  keys: IngestKeys;
}

/**
 * Performance data files of Nagios and its kin, `POST /nagios/v1/perfdata`, as their `..._perfdata_file_processing_command` can send
 * them; answers 204 once what they hold is durable.
 */
export function createNagiosIntake({ telemetry, keys }: NagiosDependencies): HttpIntake {
  return {
    name: 'nagios',
    authentication:
      'The ingest key of a project: "Authorization: Bearer <key>", or as the password of basic authentication',
    reachableByServices: true,
    register(scope) {
      takeRawBodies(scope, limits.bodyBytes);
      scope.post('/nagios/v1/perfdata', { bodyLimit: limits.bodyBytes }, async (request, reply) => {
        const projectId = await ingestKeyOf(request, keys);
        const body = await inflateBody(request.body, request.headers['content-encoding'], limits.unpackedBytes);
        const { records, refused } = readResults(body.toString('utf8'), projectId);
        if (refused > 0)
          telemetry.dropped(projectId, 'Metric', 'figures or lines that cannot be read, or too many', refused);
        if (records.length > 0) await telemetry.write(records);
        return reply.status(204).send();
      });
    },
  };
}
