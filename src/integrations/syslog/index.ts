import type { Socket } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import { Batches } from '../../platform/sockets/batches.ts';
import { listenTcp, listenUdp, together } from '../../platform/sockets/listen.ts';
import type { OpenSocket, SocketIntake } from '../../platform/sockets/socket-intake.ts';
import type { Intake } from '../../telemetry/port.ts';
import { SyslogFrames } from './framing.ts';
import { limits } from './limits.ts';
import { attributesOf, parseSyslog } from './message.ts';

export interface SyslogDependencies {
  telemetry: Intake;
  clock: Clock;
  /** The project that messages are for. Throws an `unavailable` Fault while there is none of that name. */
  project: () => Promise<string>;
}

interface Received {
  text: string;
  from: string;
  at: number;
}

/**
 * Syslog over UDP and TCP on one port: RFC 5424 and 3164, octet counting and lines. Nothing is acknowledged by these protocols: over TCP a
 * sender is read no further while the spool refuses, over UDP what does not fit is counted as dropped.
 */
export function createSyslogIntake(deps: SyslogDependencies): SocketIntake {
  const { telemetry, clock } = deps;

  function openBatches(): Batches<Received> {
    return new Batches<Received>({
      mostWaiting: limits.waiting,
      mostAtOnce: limits.atOnce,
      everyMs: limits.everyMs,
      async write(items) {
        const projectId = await deps.project();
        await telemetry.write(
          items.map(({ text, from, at }) => {
            const message = parseSyslog(text, at);
            return { type: 'Log', timestamp: message.at ?? at, projectId, attributes: attributesOf(message, from) };
          }),
        );
      },
      lost: (items) => telemetry.dropped(null, 'Log', 'syslog: not written before the program stopped', items.length),
    });
  }

  return {
    name: 'syslog',
    authentication: 'None; MILLRACE_SYSLOG_PROJECT names the project, MILLRACE_HOST who can reach it',
    async listen(host, port): Promise<OpenSocket> {
      const batches = openBatches();
      const tcp = await listenTcp({ host, port, limits }, async (socket) => {
        await serve(socket, batches, clock);
      });
      const udp = await listenUdp({ host, port: tcp.port }, (datagram, from) => {
        const text = datagram.toString('utf8', 0, limits.messageBytes);
        if (batches.offer({ text, from, at: clock.now() })) return;
        telemetry.dropped(null, 'Log', 'syslog over UDP came faster than it could be written', 1);
      }).catch(async (error: unknown) => {
        await tcp.close();
        throw error;
      });
      const both = together(tcp, udp);
      return {
        port: both.port,
        close: async () => {
          await both.close();
          await batches.close();
        },
      };
    },
  };
}

async function serve(socket: Socket, batches: Batches<Received>, clock: Clock): Promise<void> {
  const frames = new SyslogFrames();
  const from = socket.remoteAddress ?? '';
  const take = async (texts: string[]): Promise<void> => {
    for (const text of texts) {
      if (text.trim() === '') continue;
      while (!batches.offer({ text, from, at: clock.now() })) {
        if (socket.destroyed) return;
        await batches.room();
      }
    }
  };
  for await (const chunk of socket) await take(frames.push(chunk as Buffer));
  await take(frames.end());
}
