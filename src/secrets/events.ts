import { z } from 'zod';
import { defineEvents } from '../platform/events/catalogue.ts';

const place = {
  name: z.string(),
  /** `context:<name>`, `project`, `environment:<name>`. */
  scope: z.string(),
};

/** Facts about secrets: names and places, never values. Subjects: `secret:<id>`, `context:<id>`. */
export const secretsEvents = defineEvents('secrets', {
  'secret.set': z.object({ ...place, version: z.number().int() }),
  'secret.removed': z.object(place),
  'context.created': z.object({ contextId: z.uuid(), name: z.string() }),
  'context.changed': z.object({ contextId: z.uuid(), name: z.string() }),
  'context.removed': z.object({ contextId: z.uuid(), name: z.string() }),
  'key.rotated': z.object({ keyId: z.string(), reencrypted: z.number().int() }),
});
