import { createFluentIntake } from '../../integrations/fluent/index.ts';
import { createStatsdIntake } from '../../integrations/statsd/index.ts';
import { createSyslogIntake } from '../../integrations/syslog/index.ts';
import { systemClock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/faults.ts';
import type { Projects } from '../../projects/index.ts';
import type { Intake } from '../../telemetry/port.ts';
import type { PlacedSocket } from '../open-sockets.ts';
import type { Settings } from '../settings.ts';

/** For so long a name stands for the same project without another look. */
const rememberedMs = 10_000;

/** The protocols that carry no key: each is served when a setting names the project it is for. */
export function socketsOf(settings: Settings, telemetry: Intake, projects: Projects): PlacedSocket[] {
  const sockets: PlacedSocket[] = [];
  const clock = systemClock;
  if (settings.syslogProject) {
    const intake = createSyslogIntake({ telemetry, clock, project: named(projects, settings.syslogProject) });
    sockets.push({ intake, at: settings.syslogPort, variable: 'MILLRACE_SYSLOG_PORT' });
  }
  if (settings.fluentProject) {
    const intake = createFluentIntake({ telemetry, clock, project: named(projects, settings.fluentProject) });
    sockets.push({ intake, at: settings.fluentPort, variable: 'MILLRACE_FLUENT_PORT' });
  }
  if (settings.statsdProject) {
    const intake = createStatsdIntake({ telemetry, clock, project: named(projects, settings.statsdProject) });
    sockets.push({ intake, at: settings.statsdPort, variable: 'MILLRACE_STATSD_PORT' });
  }
  return sockets;
}

/** The id of a project named in a setting. It may be made after the server has started. */
function named(projects: Projects, name: string): () => Promise<string> {
  let known: { id: string; until: number } | undefined;
  return async () => {
    const now = systemClock.now();
    if (known && now < known.until) return known.id;
    const project = await projects.find(name);
    if (!project) {
      throw new Fault('unavailable', `There is no project "${name}" yet`, { code: 'app.no-project', retryAfter: 10 });
    }
    known = { id: project.id, until: now + rememberedMs };
    return project.id;
  };
}
