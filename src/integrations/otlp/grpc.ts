import { type handleUnaryCall, Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { projectOfShownKey } from '../../platform/http/ingest-key.ts';
import { decodeMessage, encodeBytes, encodeNumber } from '../../platform/protobuf/protobuf.ts';
import type { SocketIntake } from '../../platform/sockets/socket-intake.ts';
import { createAccept, encodeSuccess, type OtlpDependencies } from './accept.ts';
import { limits } from './limits.ts';
import { requests, type Signal } from './messages.ts';
import { refusalOf } from './refusals.ts';

/** Services of the OTLP specification, each with one method, Export. */
const services: Record<Signal, string> = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
  metrics: 'opentelemetry.proto.collector.metrics.v1.MetricsService',
};

const asIs = (bytes: Buffer): Buffer => bytes;

/**
 * OTLP over gRPC (https://opentelemetry.io/docs/specs/otlp/#otlpgrpc), the ingest key in the metadata as it is in the headers of HTTP.
 * RESOURCE_EXHAUSTED and UNAVAILABLE carry RetryInfo and mean "again later", other codes "never".
 */
export function createOtlpGrpcIntake(deps: OtlpDependencies): SocketIntake {
  const accept = createAccept(deps);

  const exporting =
    (signal: Signal): handleUnaryCall<Buffer, Buffer> =>
    (call, done) => {
      const headers = Object.fromEntries(
        Object.entries(call.metadata.getMap()).map(([name, value]) => [name, value.toString()]),
      );
      projectOfShownKey(headers, deps.keys)
        .then((projectId) => accept(signal, projectId, decodeMessage(call.request, requests[signal])))
        .then(
          (mapped) => done(null, encodeSuccess(mapped)),
          (error: unknown) => {
            const { code, message, retryAfter } = refusalOf(error);
            const metadata = new Metadata();
            if (retryAfter !== undefined) metadata.set('grpc-status-details-bin', retryInfo(code, message, retryAfter));
            done({ code, details: message, metadata });
          },
        );
    };

  return {
    name: 'otlp-grpc',
    authentication: 'The ingest key of a project as metadata: "authorization: Bearer <key>" or "api-key: <key>"',
    async listen(host, port) {
      const server = new Server({
        'grpc.max_receive_message_length': limits.inflatedBytes,
        'grpc.max_concurrent_streams': limits.grpcStreams,
        'grpc.max_connection_idle_ms': limits.grpcIdleMs,
        'grpc.keepalive_time_ms': limits.grpcIdleMs,
      });
      for (const signal of Object.keys(services) as Signal[]) {
        const path = `/${services[signal]}/Export`;
        server.addService(
          {
            Export: {
              path,
              requestStream: false,
              responseStream: false,
              requestSerialize: asIs,
              requestDeserialize: asIs,
              responseSerialize: asIs,
              responseDeserialize: asIs,
            },
          },
          { Export: exporting(signal) },
        );
      }
      const bound = await new Promise<number>((resolve, reject) => {
        server.bindAsync(
          `${host.includes(':') ? `[${host}]` : host}:${port}`,
          ServerCredentials.createInsecure(),
          (error, at) => {
            if (!error) return resolve(at);
            // The library says it in words only.
            const code = /\bE[A-Z]{4,}\b/.exec(error.message)?.[0];
            reject(Object.assign(error, code ? { code } : {}));
          },
        );
      });
      return {
        port: bound,
        close: () =>
          new Promise((resolve) => {
            const impatience = setTimeout(() => server.forceShutdown(), limits.grpcGraceMs);
            server.tryShutdown(() => {
              clearTimeout(impatience);
              resolve();
            });
          }),
      };
    },
  };
}

/** google.rpc.Status with a google.rpc.RetryInfo: how OTLP says "again, in so many seconds". */
function retryInfo(code: number, message: string, seconds: number): Buffer {
  const info = encodeBytes(1, encodeNumber(1, Math.ceil(seconds)));
  const detail = Buffer.concat([encodeBytes(1, 'type.googleapis.com/google.rpc.RetryInfo'), encodeBytes(2, info)]);
  return Buffer.concat([encodeNumber(1, code), encodeBytes(2, message), encodeBytes(3, detail)]);
}
