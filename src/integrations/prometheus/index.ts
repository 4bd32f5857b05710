import type { Clock } from '../../kernel/clock.ts';
import { objectOf, textOf } from '../../kernel/foreign-json.ts';
import type { HttpIntake } from '../../platform/http/contract.ts';
import { ingestKeyOf } from '../../platform/http/ingest-key.ts';
import { takeRawBodies } from '../../platform/http/raw-bodies.ts';
import { unsnappy } from '../../platform/http/snappy.ts';
import { CumulativeState } from '../../platform/observe/cumulative.ts';
import { decodeMessage } from '../../platform/protobuf/protobuf.ts';
import type { IngestKeys, Intake } from '../../telemetry/port.ts';
import { KnownSeries } from './known-series.ts';
import { limits } from './limits.ts';
import { writeRequest, writeRequestV2 } from './messages.ts';
import { MetricTypes, readWriteRequest, readWriteRequestV2 } from './series.ts';

export interface PrometheusDependencies {
  telemetry: Intake;
  keys: IngestKeys;
  clock: Clock;
}

/**
 * Remote write of Prometheus and what speaks like it, versions 1 and 2: `POST /prometheus/v1/write`. Answers 204 once the samples are durable;
 * 429 and 5xx mean "again", other refusals "never". Counters are kept as what was added between two samples.
 */
export function createPrometheusIntake(deps: PrometheusDependencies): HttpIntake {
  const state = new CumulativeState(deps.clock.now(), limits.series);
  const types = new MetricTypes();
  const known = new KnownSeries();
  return {
    name: 'prometheus',
    authentication:
      'The ingest key of a project: "Authorization: Bearer <key>", or as the password of basic authentication',
    reachableByServices: true,
    register(scope) {
      takeRawBodies(scope, limits.bodyBytes);
      scope.post('/prometheus/v1/write', { bodyLimit: limits.bodyBytes }, async (request, reply) => {
        const projectId = await ingestKeyOf(request, deps.keys);
        const second = /proto=io\.prometheus\.write\.v2\.Request/.test(request.headers['content-type'] ?? '');
        const body = unsnappy(request.body, limits.unpackedBytes);
        const changes = state.begin();
        const source = textOf(objectOf(request.query)?.prometheus_server).slice(0, limits.sourceCharacters);
        const at = { projectId, types, changes, known, source };
        const written = second
          ? readWriteRequestV2(decodeMessage(body, writeRequestV2), at)
          : readWriteRequest(decodeMessage(body, writeRequest), at);
        if (written.refused > 0)
          deps.telemetry.dropped(projectId, 'Metric', 'samples without a name or time, or too many', written.refused);
        if (written.records.length > 0) await changes.keepIf(() => deps.telemetry.write(written.records));
        if (second) reply.header('x-prometheus-remote-write-samples-written', String(written.records.length));
        return reply.status(204).send();
      });
    },
  };
}
