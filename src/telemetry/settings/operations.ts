import { z } from 'zod';
import type { Operation } from '../../platform/http/contract.ts';
import { bounds } from './retention.ts';

const days = z.number().int().min(bounds.least).max(bounds.most);

const kept = z.object({
  /** An event type; `Metric rollups` is what metrics are summed up to, `other` every type without days of its own. */
  type: z.string(),
  /** What it is kept now. */
  days,
  /** What it would be kept if nobody had set anything. */
  default: days,
  /** Whether somebody did. */
  set: z.boolean(),
  records: z.number(),
  /** On disk; of types that share a table, their share by records. */
  bytes: z.number(),
  oldestAt: z.iso.datetime().nullable(),
});

const quota = z.number().int().min(1).max(1_000_000_000);

const projectQuota = z.object({
  projectId: z.string(),
  recordsPerMinute: quota,
  /** Whether it is the project's own. */
  set: z.boolean(),
  /** Records taken within the last minute, and refused since the server started; by this server. */
  lastMinute: z.number(),
  refused: z.number(),
});

const scrubbing = z.object({
  /** Card numbers, keys, passwords in addresses of the web, and whatever stands under the name of a secret. */
  standard: z.boolean().default(true),
  /** Addresses of mail. */
  emails: z.boolean().default(false),
  /** Values under names that contain one of these are taken out. */
  fields: z.array(z.string().trim().min(1).max(100)).max(100).default([]),
  /** What matches one of these (RE2 syntax) is taken out of every text. */
  patterns: z.array(z.string().min(1).max(500)).max(20).default([]),
});

const project = z.object({ project: z.string() });

/** The operations of the room's contract that are about what is taken and how long it is kept. */
export const settingsOperations = {
  retention: {
    method: 'GET',
    path: '/ingest/retention',
    summary: 'Show how many days each type of record is kept, and what it holds',
    role: 'viewer',
    response: z.object({ items: z.array(kept) }),
  },
  setRetention: {
    method: 'PUT',
    path: '/ingest/retention/:type',
    summary: 'Set how many days a type of record is kept; what is older is removed within minutes',
    role: 'owner',
    params: z.object({ type: z.string() }),
    /** Null takes it back to the default. */
    body: z.object({ days: days.nullable() }),
    response: kept,
    status: 200,
  },
  quotas: {
    method: 'GET',
    path: '/ingest/quotas',
    summary: 'Show how many records a minute each project may send, and does',
    role: 'maintainer',
    response: z.object({
      /** For projects without a quota of their own. */
      recordsPerMinute: quota,
      /** Projects that sent something or have a quota of their own. */
      items: z.array(projectQuota),
    }),
  },
  setQuota: {
    method: 'PUT',
    path: '/ingest/quotas/:project',
    summary: 'Set how many records a minute a project may send',
    role: 'owner',
    params: project,
    /** Null takes it back to what each project may send. */
    body: z.object({ recordsPerMinute: quota.nullable() }),
    response: projectQuota,
    status: 200,
  },
  scrubbing: {
    method: 'GET',
    path: '/ingest/scrubbing/:project',
    summary: "Show what is taken out of a project's logs, spans and events as they come in",
    role: 'viewer',
    params: project,
    response: scrubbing,
  },
  setScrubbing: {
    method: 'PUT',
    path: '/ingest/scrubbing/:project',
    summary: "Replace what is taken out of a project's logs, spans and events; holds for what comes in from now on",
    role: 'maintainer',
    params: project,
    body: scrubbing,
    response: scrubbing,
    status: 200,
  },
} as const satisfies Record<string, Operation>;
