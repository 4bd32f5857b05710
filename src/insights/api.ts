import { z } from 'zod';
import { defineContract, pageOf, pageQuery } from '../platform/http/contract.ts';

export const timelineEventSchema = z.object({
  id: z.uuid(),
  position: z.number().int(),
  /** `room.noun.verbed`. */
  type: z.string(),
  subject: z.string(),
  projectId: z.uuid().nullable(),
  actor: z.object({ kind: z.enum(['person', 'token', 'system']), id: z.string(), name: z.string() }),
  causes: z.array(z.uuid()),
  at: z.iso.datetime(),
  data: z.record(z.string(), z.unknown()),
});

export const insightsContract = defineContract('insights', {
  listEvents: {
    method: 'GET',
    path: '/events',
    summary: 'List what happened, newest first',
    role: 'viewer',
    query: z.object({
      ...pageQuery,
      projectId: z.uuid().optional(),
      /** Comma-separated types, or prefixes ending in a dot: `pipelines.,deployments.release.cut`. */
      types: z.string().max(1000).optional(),
      subject: z.string().max(200).optional(),
      since: z.iso.datetime().optional(),
      until: z.iso.datetime().optional(),
    }),
    response: pageOf(timelineEventSchema),
  },
  getEvent: {
    method: 'GET',
    path: '/events/:eventId',
    summary: 'Show one event with everything that led to it and everything that came of it',
    role: 'viewer',
    params: z.object({ eventId: z.uuid() }),
    response: z.object({
      event: timelineEventSchema,
      /** Oldest first. */
      causes: z.array(timelineEventSchema),
      effects: z.array(timelineEventSchema),
    }),
  },
});
