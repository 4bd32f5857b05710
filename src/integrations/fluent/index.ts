import type { Socket } from 'node:net';
import { encode } from '@msgpack/msgpack';
import type { Clock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/faults.ts';
import { listenTcp } from '../../platform/sockets/listen.ts';
import type { SocketIntake } from '../../platform/sockets/socket-intake.ts';
import type { Intake } from '../../telemetry/port.ts';
import { messageDecoder, readMessage } from './entries.ts';
import { limits } from './limits.ts';

export interface FluentDependencies {
  telemetry: Intake;
  clock: Clock;
  /** The project that entries are for. Throws an `unavailable` Fault while there is none of that name. */
  project: () => Promise<string>;
}

/**
 * Fluent's forward protocol over TCP, as Fluentd, Fluent Bit and Docker's log driver speak it; a chunk is acknowledged once it is durable.
 * While the spool refuses, the connection is ended unacknowledged and the sender tries again.
 */
export function createFluentIntake(deps: FluentDependencies): SocketIntake {
  return {
    name: 'fluent',
    authentication: 'None; MILLRACE_FLUENT_PROJECT names the project, MILLRACE_HOST who can reach it',
    listen: (host, port) => listenTcp({ host, port, limits }, (socket) => serve(socket, deps)),
  };
}

async function serve(socket: Socket, deps: FluentDependencies): Promise<void> {
  let sinceMessage = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of socket) {
      sinceMessage += (chunk as Buffer).length;
      // What never becomes whole must not grow without end.
      if (sinceMessage > limits.messageBytes)
        throw new Fault('too-large', 'A message is too large', { code: 'fluent.large' });
      yield chunk as Buffer;
    }
  }
  try {
    for await (const message of messageDecoder().decodeStream(counted())) {
      sinceMessage = 0;
      // A heartbeat.
      if (message === null) continue;
      await take(message, socket, deps);
    }
  } catch (error) {
    if (!(error instanceof Fault) && !(error instanceof RangeError)) throw error;
    if (!(error instanceof Fault) || error.kind !== 'unavailable')
      deps.telemetry.dropped(null, 'Log', 'fluent: what came is no message of the forward protocol', 1);
    throw error;
  }
}

async function take(
  message: unknown,
  socket: Socket,
  { telemetry, clock, project }: FluentDependencies,
): Promise<void> {
  const projectId = await project();
  const { records, refused, chunk } = readMessage(message, projectId, clock.now());
  if (refused > 0)
    telemetry.dropped(projectId, 'Log', 'fluent: entries without a time or fields, or too many', refused);
  if (records.length > 0) await telemetry.write(records);
  if (chunk !== undefined && socket.writable) socket.write(encode({ ack: chunk }));
}
