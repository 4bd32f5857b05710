import { z } from 'zod';
import { defineEvents } from '../platform/events/catalogue.ts';

const about = {
  checkId: z.uuid(),
  name: z.string(),
  service: z.string().nullable(),
  environment: z.string().nullable(),
};
const state = z.enum(['pending', 'ok', 'warning', 'critical', 'unknown']);

/** Facts of monitoring; subject `check:<id>`. */
export const monitoringEvents = defineEvents('monitoring', {
  /** A hard change: a problem is certain, has changed its severity, or is over. */
  'check.changed': z.object({ ...about, from: state, to: state, output: z.string() }),
  'check.created': z.object(about),
  'check.updated': z.object(about),
  'check.deleted': z.object(about),
  'check.acknowledged': z.object({ ...about, comment: z.string() }),
});
