import type { TelemetryRecord } from '../platform/observe/telemetry-sink.ts';

/** Names of projects, as the projects room knows them. */
export interface ProjectNames {
  /** The id of a project given by id or slug; undefined when there is none. Answers in a few milliseconds, from memory or one index. */
  idOf(idOrSlug: string): Promise<string | undefined>;
}

/** Which project a foreign sender writes to. */
export interface IngestKeys {
  /** The project of a secret ingest key; undefined when the key is unknown or revoked. Constant in time for unknown keys. */
  projectOfKey(key: string): Promise<string | undefined>;
}

/** The five values of a metric's point, those it has. */
export type PointFigures = Partial<Record<'count' | 'total' | 'min' | 'max' | 'latest', number>>;

/**
 * A record as an intake hands it over; a metric's point may carry its histogram (`counts` is one longer than `bounds`). A point may also have its values
 * in `point` rather than among its attributes: those then say only what its series is known by, and one object of them, which is never
 * changed, may stand for all points of the series that ever come.
 */
export type IntakeRecord = TelemetryRecord & {
  buckets?: { bounds: number[]; counts: number[] } | undefined;
  point?: PointFigures | undefined;
};

/**
 * What an intake (OTLP, agents, syslog) hands decoded records to, of any type. Resolves when they are durable; rejects
 * with a Fault `unavailable` (with `retryAfter`) when the spool is full. Concurrent calls are fine.
 */
export interface Intake {
  write(records: IntakeRecord[], options?: { once?: string | undefined }): Promise<void>;
  /** Counts records that were refused, for the accounting page. */
  dropped(projectId: string | null, type: string, reason: string, count: number): void;
}
