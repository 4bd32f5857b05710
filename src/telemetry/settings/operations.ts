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
} as const satisfies Record<string, Operation>;
