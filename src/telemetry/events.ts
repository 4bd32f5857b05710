import { z } from 'zod';
import { defineEvents } from '../platform/events/catalogue.ts';

/** Facts telemetry publishes about itself; what it stores are records, not facts. */
export const telemetryEvents = defineEvents('telemetry', {
  /** The store has refused batches for a while; nothing is lost while the spool has room. */
  'store.unreachable': z.object({ error: z.string(), spoolBytes: z.number() }),
  'store.recovered': z.object({ downMs: z.number() }),
});
