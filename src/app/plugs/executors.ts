import { openDocker } from '../../integrations/docker/client.ts';
import { createDockerExecutor } from '../../integrations/docker/executor.ts';
import { createHostExecutor } from '../../integrations/host/executor.ts';
import type { Executor } from '../../pipelines/port.ts';
import type { Settings } from '../settings.ts';

export interface Executors {
  host: Executor;
  docker?: Executor;
}

/** Where jobs can run. With `MILLRACE_RUNTIME=process` the engine is left alone altogether. */
export function executorsOf(settings: Settings, installation: string): Executors {
  const host = createHostExecutor();
  if (settings.runtime === 'process') return { host };
  return { host, docker: createDockerExecutor({ docker: openDocker(), installation, awayMs: settings.engineAwayMs }) };
}
