/**
 * One telemetry record on its way to storage, whatever room made it. `type` is the NRQL event type: Transaction, Span,
 * Log, Metric, ErrorEvent, Deployment, PipelineRun, CheckResult, GatewayRequest, or a type of the user's own.
 */
export interface TelemetryRecord {
  type: string;
  /** Unix milliseconds; a fraction carries micro- and nanoseconds. */
  timestamp: number;
  projectId: string | null;
  /**
   * Flat attributes under the names NRQL queries use. Shared names: `service`, `environment`, `release`, `deploymentId`,
   * `runId`, `jobId`, `step`, `host`, `traceId`, `spanId`, `parentId`, `name`, `duration` (seconds), `error` (boolean),
   * `message`, `level`.
   */
  attributes: Record<string, string | number | boolean | null | undefined>;
}

/** Where rooms hand over telemetry; the telemetry room fulfils it. */
export interface TelemetrySink {
  /**
   * Resolves when the records are durable (fsynced in the spool), not yet when they can be queried (usually within 2 s).
   * Rejects with an `unavailable` Fault when the spool is full. Any number of calls may run at once.
   * With `once` (unique in the whole program, at most 200 characters) a second write under that key, within 30 days,
   * comes to nothing: whoever may have been killed before he noted that he wrote can write the same again.
   */
  write(records: TelemetryRecord[], options?: { once?: string | undefined }): Promise<void>;
}
