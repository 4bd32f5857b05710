import type { Verification } from '../../deployments/port.ts';
import { readEventsBefore } from '../../platform/events/log.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { Telemetry } from '../../telemetry/index.ts';

const accusers = ['errors.issue.opened', 'errors.issue.regressed', 'alerts.incident.opened'];
const maxCauses = 10;

/** Gates are questions to telemetry about one release in one environment; the event log tells what speaks against it. */
export function verificationOf(telemetry: Telemetry, database: Database): Verification {
  return {
    holds: (where, scope) => telemetry.verify(where, scope),
    async against({ projectId, environment, release, since }) {
      const events = await readEventsBefore(database, undefined, { projectId, types: accusers, since }, 100);
      return events
        .filter(({ data }) => {
          const about = data as { release?: string | null; environment?: string | null };
          if (about.environment && about.environment !== environment) return false;
          return about.release === undefined || about.release === release;
        })
        .slice(0, maxCauses)
        .map((event) => event.id);
    },
  };
}
