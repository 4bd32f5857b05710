import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { TelemetryRecord, TelemetrySink } from '../../platform/observe/telemetry-sink.ts';
import { gatewayLimits } from './limits.ts';
import type { Route } from './routes.ts';

export interface RequestFacts {
  method: string;
  url: string;
  host: string;
  status: number;
  startedAt: number;
  /** Milliseconds. */
  durationMs: number;
  failed: boolean;
  /** Why it failed, when it did. */
  failure: string | undefined;
  traceId: string | undefined;
}

/** Hands request records to telemetry in batches; a slow or full telemetry never holds a request up. */
export class RequestRecords {
  readonly #sink: TelemetrySink;
  readonly #log: Log;
  readonly #clock: Clock;
  #waiting: TelemetryRecord[] = [];
  #second = 0;
  #inSecond = 0;
  #dropped = 0;
  #flushing: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(sink: TelemetrySink, log: Log, clock: Clock) {
    this.#sink = sink;
    this.#log = log;
    this.#clock = clock;
    this.#timer = setInterval(() => void this.flush(), 500);
    this.#timer.unref();
  }

  add(route: Route, facts: RequestFacts): void {
    const second = Math.floor(this.#clock.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
    }
    this.#inSecond += 1;
    const busy = this.#inSecond > gatewayLimits.recordsPerSecond;
    if (!facts.failed && busy && this.#inSecond % 16 !== 0) return;
    if (
      this.#waiting.length >= gatewayLimits.records &&
      (!facts.failed || this.#waiting.length >= 2 * gatewayLimits.records)
    ) {
      this.#dropped += 1;
      return;
    }
    const query = facts.url.indexOf('?');
    this.#waiting.push({
      type: 'GatewayRequest',
      timestamp: facts.startedAt,
      projectId: route.projectId,
      attributes: {
        service: route.service,
        environment: route.environment,
        release: route.release,
        deploymentId: route.group,
        name: `${facts.method} ${query < 0 ? facts.url : facts.url.slice(0, query)}`.slice(0, 500),
        method: facts.method,
        host: facts.host,
        status: facts.status,
        duration: facts.durationMs / 1000,
        error: facts.failed,
        message: facts.failure,
        traceId: facts.traceId,
        sampleRate: busy && !facts.failed ? 16 : 1,
      },
    });
  }

  /** Writes what is waiting. Records that cannot be written are dropped and counted: requests matter more. */
  flush(): Promise<void> {
    if (this.#flushing) return this.#flushing;
    if (this.#waiting.length === 0) return Promise.resolve();
    const batch = this.#waiting;
    this.#waiting = [];
    this.#flushing = this.#sink
      .write(batch)
      .catch((error: unknown) => {
        this.#dropped += batch.length;
        this.#log.warn({ err: error, records: batch.length, dropped: this.#dropped }, 'gateway records were dropped');
      })
      .finally(() => {
        this.#flushing = undefined;
      });
    return this.#flushing;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flushing;
    await this.flush();
  }
}
