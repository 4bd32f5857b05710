import { z } from 'zod';
import { at, id } from '../views.ts';

/** Shapes of what the API shows of jobs that check in. */

const runStatus = z.enum(['in_progress', 'ok', 'error', 'missed', 'timeout']);

/** A job that checks in, and how it stands in one environment. */
export const monitor = z.object({
  id,
  projectId: id,
  slug: z.string(),
  environment: z.string(),
  /** `waiting` before its first end. */
  status: z.enum(['waiting', 'ok', 'error', 'missed', 'timeout']),
  /** `0 3 * * *` in a time zone, or `every 5 minutes`. */
  schedule: z.string().nullable(),
  nextAt: at.nullable(),
  lastAt: at.nullable(),
  /** In a row. */
  failures: z.number().int(),
  /** How its latest runs ended, oldest first; at most 30. */
  recent: z.array(runStatus),
  /** The issue its failures made, while it is open. */
  issueId: id.nullable(),
});

export const monitorDetail = z.object({
  id,
  projectId: id,
  slug: z.string(),
  schedule: z.string().nullable(),
  timezone: z.string().nullable(),
  /** Null where the client never said. */
  marginMinutes: z.number().int().nullable(),
  maxRuntimeMinutes: z.number().int().nullable(),
  failureThreshold: z.number().int().nullable(),
  recoveryThreshold: z.number().int().nullable(),
  /** Slug of the project. */
  project: z.string(),
  places: z.array(monitor),
});

export const monitorRun = z.object({
  /** The client's. */
  id: z.string(),
  environment: z.string(),
  status: runStatus,
  startedAt: at,
  durationMs: z.number().int().nullable(),
  /** How long after its expected time it began, when that is over a minute. */
  lateMs: z.number().int().nullable(),
  release: z.string().nullable(),
});
