import { join } from 'node:path';
import type { Runtime } from '../../deployments/port.ts';
import { openDocker } from '../../integrations/docker/client.ts';
import { createDockerRuntime } from '../../integrations/docker/runtime.ts';
import { createProcessRuntime } from '../../integrations/process/runtime.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Launcher } from '../../platform/process/launcher.ts';
import type { Settings } from '../settings.ts';

/** Where services run, in order of preference: containers where an engine answers, else processes. */
export function runtimesOf(deps: {
  settings: Settings;
  launcher: Launcher;
  log: Log;
  installation: string;
}): Runtime[] {
  const { settings, launcher, log, installation } = deps;
  const processes = createProcessRuntime({
    directory: join(settings.dataDir, 'deployments', 'process'),
    launcher,
    log,
  });
  if (settings.runtime === 'process') return [processes];
  const { engineAwayMs: awayMs, networks } = settings;
  const containers = createDockerRuntime({ docker: openDocker(), log, installation, awayMs, networks });
  return settings.runtime === 'docker' ? [containers] : [containers, processes];
}
