import type { TelemetryRecord } from '../platform/observe/telemetry-sink.ts';
import type { DeploymentsDeps } from './deps.ts';
import { setLinesUntil } from './store/instances.ts';

/** Lines waiting for telemetry; beyond it the oldest are dropped and the loss is said. */
const mostWaiting = 50_000;
const longestLine = 32_768;

export interface LineScope {
  instanceId: string;
  projectId: string;
  service: string;
  environment: string;
  /** Null for backing services. */
  release: string | null;
  deploymentId: string | null;
  mask: (text: string) => string;
}

/** Brings the output of services into telemetry as Log records, and remembers how far it got. */
export class ServiceLines {
  readonly #deps: Pick<DeploymentsDeps, 'database' | 'telemetry' | 'log'>;
  #waiting: { instanceId: string; record: TelemetryRecord }[] = [];
  /** By instance, how far its lines are in telemetry, where that is not stored yet. */
  #until = new Map<string, number>();
  #dropped = 0;
  #flushing: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(deps: Pick<DeploymentsDeps, 'database' | 'telemetry' | 'log'>) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.flush(), 300);
    this.#timer.unref();
  }

  add(scope: LineScope, line: string, stream: 'stdout' | 'stderr', at: number): void {
    if (this.#waiting.length >= mostWaiting) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    this.#waiting.push({
      instanceId: scope.instanceId,
      record: {
        type: 'Log',
        timestamp: at,
        projectId: scope.projectId,
        attributes: {
          message: scope.mask(line).slice(0, longestLine),
          level: 'info',
          stream,
          service: scope.service,
          environment: scope.environment,
          release: scope.release,
          deploymentId: scope.deploymentId,
          host: scope.instanceId,
        },
      },
    });
  }

  flush(): Promise<void> {
    if (this.#flushing) return this.#flushing;
    if (this.#waiting.length === 0 && this.#until.size === 0) return Promise.resolve();
    const batch = this.#waiting.splice(0, 5000);
    if (this.#dropped > 0) {
      this.#deps.log.warn({ lines: this.#dropped }, 'lines of services were dropped: telemetry does not keep up');
      this.#dropped = 0;
    }
    this.#flushing = this.#write(batch).finally(() => {
      this.#flushing = undefined;
      if (this.#waiting.length >= 5000) void this.flush();
    });
    return this.#flushing;
  }

  async #write(batch: { instanceId: string; record: TelemetryRecord }[]): Promise<void> {
    try {
      if (batch.length > 0) await this.#deps.telemetry.write(batch.map((each) => each.record));
    } catch (error) {
      // Kept for the next try, in order, in front of what came meanwhile.
      this.#waiting = [...batch, ...this.#waiting];
      this.#deps.log.warn({ err: error, lines: batch.length }, 'lines of services could not be written yet');
      return;
    }
    for (const { instanceId, record } of batch) this.#until.set(instanceId, record.timestamp);
    try {
      for (const [instanceId, at] of this.#until) {
        await setLinesUntil(this.#deps.database, instanceId, at);
        this.#until.delete(instanceId);
      }
    } catch (error) {
      // The lines are written: only how far they are is told again.
      this.#deps.log.warn({ err: error }, 'how far the lines of services are written could not be stored yet');
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flushing;
    await this.flush();
  }
}
