import { z } from 'zod';
import { defineEvents } from '../platform/events/catalogue.ts';

/** Facts telemetry publishes about itself; what it stores are records, not facts. */
export const telemetryEvents = defineEvents('telemetry', {
  /** The store has refused batches for a while; nothing is lost while the spool has room. */
  'store.unreachable': z.object({ error: z.string(), spoolBytes: z.number() }),
  /** Records of a type are kept for another number of days from now on. */
  'retention.changed': z.object({ type: z.string(), days: z.number().int(), before: z.number().int() }),
  /** What a project may send a minute; null: what each project may. */
  'quota.changed': z.object({
    recordsPerMinute: z.number().int().nullable(),
    before: z.number().int().nullable(),
  }),
  /** What is taken out of a project's records as they come in. */
  'scrubbing.changed': z.object({
    standard: z.boolean(),
    emails: z.boolean(),
    fields: z.array(z.string()),
    patterns: z.array(z.string()),
  }),
  'store.recovered': z.object({ downMs: z.number() }),
});
