import { z } from 'zod';
import { defineEvents } from '../platform/events/catalogue.ts';

const about = { dashboardId: z.uuid(), name: z.string(), path: z.string().nullable() };

/** Facts of dashboards; subject `dashboard:<id>`. */
export const dashboardsEvents = defineEvents('dashboards', {
  'dashboard.created': z.object(about),
  'dashboard.updated': z.object(about),
  'dashboard.deleted': z.object(about),
  /** A file of the repository that is no dashboard; the former one stays. */
  'file.refused': z.object({ path: z.string(), sha: z.string(), reason: z.string() }),
});
