import { z } from 'zod';
import { defineContract } from '../platform/http/contract.ts';
import { roles } from '../platform/http/principal.ts';

const role = z.enum(roles);
const email = z.email().max(254);
const password = z.string().min(10, 'A password has at least 10 characters').max(1024);
const personName = z.string().trim().min(1).max(100);

/** A person as everybody who may sign in sees them. */
const personSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  email: z.string(),
  role,
  /** Further addresses this person commits under, so that notifications about a commit reach its author. */
  gitEmails: z.array(z.string()),
  createdAt: z.string(),
  lastSeenAt: z.string().nullable(),
});
export type PersonView = z.output<typeof personSchema>;

/** Whoever is signed in: a person by session, or a token acting for one. */
export const meSchema = personSchema.extend({
  kind: z.enum(['person', 'token']),
  scopes: z.array(z.string()).nullable(),
});

export const sessionSchema = z.object({
  id: z.uuid(),
  /** The one this request came with. */
  current: z.boolean(),
  userAgent: z.string(),
  address: z.string(),
  createdAt: z.string(),
  lastSeenAt: z.string(),
  expiresAt: z.string(),
});

export const tokenSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  /** First characters, to tell tokens apart: `mr_3fK9...`. */
  prefix: z.string(),
  role,
  /** Rooms it may use (`pipelines`, `deployments:read`); null is everything the role allows. */
  scopes: z.array(z.string()).nullable(),
  personId: z.uuid(),
  personName: z.string(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
});

const invitationSchema = z.object({
  id: z.uuid(),
  email: z.string(),
  role,
  invitedBy: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
});

const byId = z.object({ id: z.uuid() });
const done = z.object({ done: z.literal(true) });
const scope = z.string().regex(/^[a-z][a-z-]*(:read)?$/, 'A scope is a room, or a room and ":read"');

/** Signing in, people, tokens. Sessions travel in an HttpOnly cookie, tokens as `Authorization: Bearer mr_...`. */
export const identityContract = defineContract('identity', {
  status: {
    method: 'GET',
    path: '/identity/status',
    summary: 'Tell whether an owner exists and who is signed in',
    role: 'public',
    response: z.object({ ownerExists: z.boolean(), me: meSchema.nullable() }),
  },
  claimOwner: {
    method: 'POST',
    path: '/identity/owner',
    summary: 'Become the owner with the one-time link the server printed',
    role: 'public',
    body: z.object({ token: z.string().max(200), name: personName, email, password }),
    response: meSchema,
    status: 201,
  },
  login: {
    method: 'POST',
    path: '/identity/login',
    summary: 'Sign in with e-mail and password',
    role: 'public',
    body: z.object({ email: z.string().max(254), password: z.string().max(1024) }),
    response: meSchema,
  },
  logout: {
    method: 'POST',
    path: '/identity/logout',
    summary: 'End this session',
    role: 'viewer',
    response: done,
  },
  me: { method: 'GET', path: '/identity/me', summary: 'Show who is signed in', role: 'viewer', response: meSchema },
  changeMe: {
    method: 'PATCH',
    path: '/identity/me',
    summary: 'Change the own name or commit addresses',
    role: 'viewer',
    body: z.object({ name: personName.optional(), gitEmails: z.array(email).max(20).optional() }),
    response: meSchema,
  },
  changePassword: {
    method: 'POST',
    path: '/identity/me/password',
    summary: 'Change the own password and end all other sessions',
    role: 'viewer',
    body: z.object({ current: z.string().max(1024), next: password }),
    response: done,
  },
  people: {
    method: 'GET',
    path: '/identity/people',
    summary: 'List people',
    role: 'viewer',
    response: z.object({ items: z.array(personSchema) }),
  },
  changeRole: {
    method: 'PATCH',
    path: '/identity/people/:id',
    summary: "Change a person's role",
    role: 'owner',
    params: byId,
    body: z.object({ role }),
    response: personSchema,
  },
  removePerson: {
    method: 'DELETE',
    path: '/identity/people/:id',
    summary: 'Remove a person with their sessions and tokens',
    role: 'owner',
    params: byId,
    response: done,
  },
  invitations: {
    method: 'GET',
    path: '/identity/invitations',
    summary: 'List open invitations',
    role: 'owner',
    response: z.object({ items: z.array(invitationSchema) }),
  },
  invite: {
    method: 'POST',
    path: '/identity/invitations',
    summary: 'Invite a person; the link is shown once',
    role: 'owner',
    creates: true,
    reveals: true,
    body: z.object({ email, role }),
    response: invitationSchema.extend({ link: z.string() }),
  },
  withdrawInvitation: {
    method: 'DELETE',
    path: '/identity/invitations/:id',
    summary: 'Withdraw an invitation',
    role: 'owner',
    params: byId,
    response: done,
  },
  acceptInvitation: {
    method: 'POST',
    path: '/identity/invitations/accept',
    summary: 'Join with an invitation link',
    role: 'public',
    body: z.object({ token: z.string().max(200), name: personName, password }),
    response: meSchema,
    status: 201,
  },
  tokens: {
    method: 'GET',
    path: '/identity/tokens',
    summary: 'List the own API tokens (owners: everybody’s)',
    role: 'viewer',
    response: z.object({ items: z.array(tokenSchema) }),
  },
  createToken: {
    method: 'POST',
    path: '/identity/tokens',
    summary: 'Make an API token; it is shown once',
    role: 'viewer',
    creates: true,
    reveals: true,
    body: z.object({
      name: personName,
      /** At most the own role; default the own role. */
      role: role.optional(),
      scopes: z.array(scope).min(1).max(40).nullable().default(null),
      /** Days until it ends; null never. */
      expiresInDays: z.number().int().min(1).max(3650).nullable().default(90),
    }),
    response: tokenSchema.extend({ token: z.string() }),
  },
  revokeToken: {
    method: 'DELETE',
    path: '/identity/tokens/:id',
    summary: 'Revoke an API token',
    role: 'viewer',
    params: byId,
    response: done,
  },
  sessions: {
    method: 'GET',
    path: '/identity/sessions',
    summary: 'List the own sessions',
    role: 'viewer',
    response: z.object({ items: z.array(sessionSchema) }),
  },
  revokeSession: {
    method: 'DELETE',
    path: '/identity/sessions/:id',
    summary: 'End one of the own sessions',
    role: 'viewer',
    params: byId,
    response: done,
  },
});
