import type { Clock } from '../../kernel/clock.ts';
import { Batches } from '../../platform/sockets/batches.ts';
import { listenUdp } from '../../platform/sockets/listen.ts';
import type { SocketIntake } from '../../platform/sockets/socket-intake.ts';
import type { Intake, IntakeRecord } from '../../telemetry/port.ts';
import { StatsdAggregate } from './aggregate.ts';
import { limits } from './limits.ts';

export interface StatsdDependencies {
  telemetry: Intake;
  clock: Clock;
  /** The project that metrics are for. Throws an `unavailable` Fault while there is none of that name. */
  project: () => Promise<string>;
  /** Interval that is added up (ms). */
  flushMs?: number | undefined;
}

/** StatsD over UDP, with DogStatsD's tags; what came in within ten seconds becomes one point for each series. */
export function createStatsdIntake(deps: StatsdDependencies): SocketIntake {
  const { telemetry, clock } = deps;
  return {
    name: 'statsd',
    authentication: 'None; MILLRACE_STATSD_PROJECT names the project, MILLRACE_HOST who can reach it',
    async listen(host, port) {
      const aggregate = new StatsdAggregate();
      const lost = (reason: string, count: number): void => telemetry.dropped(null, 'Metric', reason, count);
      // The project is asked for when points are written: it may be made after the server has started.
      const batches = new Batches<IntakeRecord>({
        mostWaiting: limits.waiting,
        mostAtOnce: limits.atOnce,
        everyMs: limits.everyMs,
        async write(items) {
          const projectId = await deps.project();
          await telemetry.write(items.map((item) => ({ ...item, projectId })));
        },
        lost: (items) => lost('statsd: not written before the program stopped', items.length),
      });
      const flush = (): void => {
        const points = aggregate.take(clock.now(), '');
        const refused = points.filter((point) => !batches.offer(point)).length;
        if (refused > 0) lost('statsd: points came faster than they could be written', refused);
      };
      const socket = await listenUdp({ host, port }, (datagram) => {
        for (const line of datagram.toString('utf8').split('\n')) {
          if (line.trim() === '') continue;
          const problem = aggregate.add(line.trim());
          if (problem) lost(problem, 1);
        }
      });
      const timer = setInterval(flush, deps.flushMs ?? limits.flushMs);
      return {
        port: socket.port,
        async close() {
          await socket.close();
          clearInterval(timer);
          flush();
          await batches.close();
        },
      };
    },
  };
}
