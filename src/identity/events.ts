import { z } from 'zod';
import { defineEvents } from '../platform/events/catalogue.ts';
import { roles } from '../platform/http/principal.ts';

const role = z.enum(roles);

/** Facts about people and their keys. Subjects: `person:<id>`, `token:<id>`, `invitation:<id>`. */
export const identityEvents = defineEvents('identity', {
  'person.joined': z.object({ personId: z.uuid(), name: z.string(), email: z.string(), role }),
  'person.signed-in': z.object({ personId: z.uuid(), address: z.string() }),
  'person.changed': z.object({ personId: z.uuid(), name: z.string(), gitEmails: z.array(z.string()) }),
  'person.password-changed': z.object({ personId: z.uuid() }),
  'person.role-changed': z.object({ personId: z.uuid(), name: z.string(), from: role, to: role }),
  'person.removed': z.object({ personId: z.uuid(), name: z.string(), email: z.string() }),
  'invitation.made': z.object({ invitationId: z.uuid(), email: z.string(), role }),
  'invitation.withdrawn': z.object({ invitationId: z.uuid(), email: z.string() }),
  'token.made': z.object({
    tokenId: z.uuid(),
    personId: z.uuid(),
    name: z.string(),
    role,
    scopes: z.array(z.string()).nullable(),
  }),
  'token.revoked': z.object({ tokenId: z.uuid(), personId: z.uuid(), name: z.string() }),
});
