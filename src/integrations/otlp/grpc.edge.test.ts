import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/faults.ts';
import { encodeBytes } from '../../platform/protobuf/protobuf.ts';
import type { OpenSocket } from '../../platform/sockets/socket-intake.ts';
import type { IntakeRecord } from '../../telemetry/port.ts';
import { createOtlpGrpcIntake } from './grpc.ts';

const logs = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const records: IntakeRecord[] = [];
let full = false;
let open: OpenSocket;
let client: Client;

beforeAll(async () => {
  open = await createOtlpGrpcIntake({
    telemetry: {
      dropped: () => {},
      write: async (some) => {
        if (full) throw new Fault('unavailable', 'The spool is full', { code: 'platform.spool-full', retryAfter: 7 });
        records.push(...some);
      },
    },
    keys: { projectOfKey: async (key) => (key === 'key-of-shop' ? 'shop' : undefined) },
    clock: systemClock,
  }).listen('127.0.0.1', 0);
  client = new Client(`127.0.0.1:${open.port}`, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await open.close();
});

const metadataOf = (headers: Record<string, string>): Metadata => {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
};

function call(path: string, body: Buffer, headers: Record<string, string> = { authorization: 'Bearer key-of-shop' }) {
  return new Promise<{ answer?: Buffer | undefined; error?: ServiceError | undefined }>((resolve) => {
    const asIs = (bytes: Buffer): Buffer => bytes;
    client.makeUnaryRequest(
      path,
      asIs,
      asIs,
      body,
      metadataOf(headers),
      { deadline: Date.now() + 30_000 },
      (error, answer) => resolve({ answer, error: error ?? undefined }),
    );
  });
}

/** An export request with one line. */
const line = (text: string): Buffer =>
  encodeBytes(1, encodeBytes(2, encodeBytes(2, encodeBytes(5, encodeBytes(1, text)))));

describe('OTLP over gRPC', () => {
  it('takes what comes with the right key', async () => {
    const { answer, error } = await call(logs, line('hello'));
    expect(error).toBeUndefined();
    expect(answer).toHaveLength(0);
    expect(records.at(-1)).toMatchObject({ type: 'Log', projectId: 'shop', attributes: { message: 'hello' } });
  });

  it.each([{}, { authorization: 'Bearer wrong' }, { 'api-key': 'wrong' }] as Record<string, string>[])(
    'refuses %j',
    async (headers) => {
      const before = records.length;
      const { error } = await call(logs, line('no'), headers);
      expect(error?.code).toBe(status.UNAUTHENTICATED);
      expect(records).toHaveLength(before);
    },
  );

  it('says when to come back, in the form of OTLP', async () => {
    full = true;
    const { error } = await call(logs, line('later')).finally(() => {
      full = false;
    });
    expect(error?.code).toBe(status.UNAVAILABLE);
    const [details] = error!.metadata.get('grpc-status-details-bin') as Buffer[];
    expect(details!.includes('google.rpc.RetryInfo')).toBe(true);
    // A Duration of 7 s, in its RetryInfo.
    expect(details!.includes(Buffer.from([0x0a, 0x02, 0x08, 0x07]))).toBe(true);
  });

  it('survives what is no message, and what is larger than it may be', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const { error } = await call(logs, Buffer.from(bytes));
        expect([undefined, status.INVALID_ARGUMENT]).toContain(error?.code);
      }),
      { numRuns: 60 },
    );
    const { error } = await call(
      '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      Buffer.alloc(70 * 1024 * 1024),
    );
    expect(error?.code).toBe(status.RESOURCE_EXHAUSTED);
    expect((await call(logs, line('still here'))).error).toBeUndefined();
    expect((await call('/unknown.Service/Export', line('x'))).error?.code).toBe(status.UNIMPLEMENTED);
  });
});
