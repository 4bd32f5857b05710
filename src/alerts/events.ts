import { z } from 'zod';
import { defineEvents } from '../platform/events/catalogue.ts';

const incident = {
  incidentId: z.uuid(),
  conditionId: z.uuid(),
  name: z.string(),
  severity: z.enum(['warning', 'critical']),
  facet: z.string().nullable(),
  service: z.string().nullable(),
  environment: z.string().nullable(),
};

const notification = { deliveryId: z.uuid(), kind: z.string(), to: z.string(), subject: z.string() };

/** Facts of alerts; subjects `incident:<id>`, `condition:<id>`, `notification:<id>`. */
export const alertEvents = defineEvents('alerts', {
  'incident.opened': z.object({ ...incident, value: z.number().nullable(), nrql: z.string(), reason: z.string() }),
  'incident.acknowledged': z.object({ ...incident, by: z.string() }),
  'incident.closed': z.object({ ...incident, durationSeconds: z.number(), reason: z.string() }),
  'condition.created': z.object({ conditionId: z.uuid(), name: z.string() }),
  'condition.updated': z.object({ conditionId: z.uuid(), name: z.string() }),
  'condition.deleted': z.object({ conditionId: z.uuid(), name: z.string() }),
  'channel.changed': z.object({
    channelId: z.uuid(),
    name: z.string(),
    change: z.enum(['created', 'updated', 'deleted']),
  }),
  'notification.sent': z.object(notification),
  /** A mail while no mail server is set up: it can be read here. */
  'notification.kept': z.object(notification),
  'notification.failed': z.object({ ...notification, error: z.string() }),
});
