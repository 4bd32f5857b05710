import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { decode, ExtData, encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/faults.ts';
import type { OpenSocket } from '../../platform/sockets/socket-intake.ts';
import type { IntakeRecord } from '../../telemetry/port.ts';
import { messageDecoder, readMessage } from './entries.ts';
import { createFluentIntake } from './index.ts';

const records: IntakeRecord[] = [];
let full = false;
let open: OpenSocket;
beforeAll(async () => {
  open = await createFluentIntake({
    telemetry: {
      dropped: () => {},
      write: async (some) => {
        if (full) throw new Fault('unavailable', 'The spool is full', { code: 'platform.spool-full', retryAfter: 7 });
        records.push(...some);
      },
    },
    clock: systemClock,
    project: async () => 'shop',
  }).listen('127.0.0.1', 0);
});
afterAll(() => open.close());

/** Sends pieces over one connection; resolves to what came back when it ended. */
async function send(...pieces: Uint8Array[]): Promise<Buffer> {
  const socket = connect(open.port, '127.0.0.1');
  const back: Buffer[] = [];
  socket.on('data', (piece: Buffer) => back.push(piece));
  socket.on('error', () => {});
  // The other side may end it while pieces are still being sent.
  const closed = once(socket, 'close');
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  socket.end();
  await closed;
  return Buffer.concat(back);
}

const time = new ExtData(0, Uint8Array.from([0x65, 0, 0, 0, 0x1d, 0xcd, 0x65, 0]));
const ms = 0x65000000 * 1000 + 500;
const packed = (...entries: unknown[]): Buffer => Buffer.concat(entries.map((entry) => encode(entry)));

it.each([
  ['one event', ['web', time, { log: 'hello\n', n: 1 }, { chunk: 'a' }]],
  ['a list', ['web', [[time, { log: 'hello\n', n: 1 }]], { chunk: 'a' }]],
  ['a list with metadata', ['web', [[[time, {}], { log: 'hello\n', n: 1 }]], { chunk: 'a' }]],
  ['packed', ['web', packed([time, { log: 'hello\n', n: 1 }]), { chunk: 'a' }]],
  ['compressed', ['web', gzipSync(packed([time, { log: 'hello\n', n: 1 }])), { chunk: 'a', compressed: 'gzip' }]],
])('takes %s, however it is split, and acknowledges it', async (_, message) => {
  records.length = 0;
  const bytes = encode(message);
  const middle = Math.floor(bytes.length / 2);
  const back = await send(bytes.subarray(0, 3), bytes.subarray(3, middle), bytes.subarray(middle));
  expect(decode(back)).toEqual({ ack: 'a' });
  expect(records).toMatchObject([
    {
      type: 'Log',
      timestamp: ms,
      projectId: 'shop',
      attributes: { message: 'hello', service: 'web', tag: 'web', n: 1 },
    },
  ]);
});

it('acknowledges nothing that is not kept', async () => {
  full = true;
  const back = await send(encode(['web', 1, { log: 'x' }, { chunk: 'b' }])).finally(() => {
    full = false;
  });
  expect(back).toHaveLength(0);
  expect(decode(await send(encode(['web', 1, { log: 'x' }, { chunk: 'b' }])))).toEqual({ ack: 'b' });
});

it('lets what is no message go, and serves the next', async () => {
  await send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  await send(encode({ not: 'a list' }));
  await send(encode(['web', gzipSync(Buffer.alloc(70 * 1024 * 1024)), { compressed: 'gzip', chunk: 'bomb' }]));
  records.length = 0;
  await send(encode(['web', 1, { log: 'still here' }]));
  expect(records).toHaveLength(1);
});

it('reads any bytes within bounds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        for (const message of messageDecoder().decodeMulti(bytes)) readMessage(message, 'p', 1);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
    { numRuns: 500 },
  );
  expect(() => readMessage(['t', [[1, { a: 1 }], 'x', [null, 3]]], 'p', 1)).not.toThrow();
});
