import { z } from 'zod';
import { defineContract, pageOf, pageQuery } from '../platform/http/contract.ts';

const at = z.iso.datetime();
const severity = z.enum(['warning', 'critical']);

const conditionFields = {
  name: z.string().trim().min(1).max(200),
  /** One number for each facet: `SELECT percentage(count(*), WHERE error IS true) FROM Transaction FACET service`. No SINCE, no UNTIL. */
  nrql: z.string().trim().min(1).max(4000),
  operator: z.enum(['above', 'above_or_equal', 'below', 'below_or_equal', 'equal', 'not_equal']),
  threshold: z.number(),
  severity: severity.default('critical'),
  /** Each evaluation looks at this much of the past. */
  windowSeconds: z.number().int().min(10).max(86_400).default(60),
  /** How long the threshold must be crossed without a break before an incident opens; 0 opens at once. */
  forSeconds: z.number().int().min(0).max(86_400).default(0),
  everySeconds: z.number().int().min(5).max(3600).default(15),
  /** What no data means. `keep`: nothing changes; `ok`: the threshold is not crossed; `problem`: it is. */
  noData: z.enum(['keep', 'ok', 'problem']).default('ok'),
  enabled: z.boolean().default(true),
  service: z.string().max(200).nullable().default(null),
  environment: z.string().max(200).nullable().default(null),
  /** Who is told; empty tells nobody, the incident is seen all the same. */
  routes: z
    .array(z.object({ channelId: z.uuid(), to: z.string().max(2000).nullable().default(null) }))
    .max(20)
    .default([]),
};
export const conditionSettings = z.object(conditionFields);
export type ConditionSettings = z.output<typeof conditionSettings>;

export const conditionView = z.object({
  id: z.uuid(),
  projectId: z.uuid().nullable(),
  ...conditionFields,
  /** Latest value of each facet. */
  values: z.array(z.object({ facet: z.string().nullable(), value: z.number().nullable(), crossed: z.boolean() })),
  evaluatedAt: at.nullable(),
  /** Why the last evaluation gave no answer. */
  error: z.string().nullable(),
  openIncidents: z.number().int(),
  version: z.number().int(),
});
export type ConditionView = z.output<typeof conditionView>;

export const incidentView = z.object({
  id: z.uuid(),
  projectId: z.uuid().nullable(),
  conditionId: z.uuid(),
  name: z.string(),
  severity,
  facet: z.string().nullable(),
  service: z.string().nullable(),
  environment: z.string().nullable(),
  state: z.enum(['open', 'acknowledged', 'closed']),
  /** In words: "12.5 is above 5 for 1 min". */
  reason: z.string(),
  value: z.number().nullable(),
  nrql: z.string(),
  openedAt: at,
  acknowledgedAt: at.nullable(),
  acknowledgedBy: z.string().nullable(),
  closedAt: at.nullable(),
  /** The fact in the event log, for its causes and effects. */
  eventId: z.uuid(),
});
export type IncidentView = z.output<typeof incidentView>;

const mailFields = {
  kind: z.literal('mail'),
  host: z.string().min(1).max(253),
  port: z.number().int().min(1).max(65_535).default(587),
  tls: z.enum(['implicit', 'starttls', 'opportunistic']).default('starttls'),
  from: z.string().min(3).max(320),
  username: z.string().max(320).nullable().default(null),
  /** Addresses told when a route names none. */
  to: z.array(z.email()).max(50).default([]),
};
const webhookFields = {
  kind: z.literal('webhook'),
  url: z.url({ protocol: /^https?$/ }).max(2000),
  allowPrivateTargets: z.boolean().default(false),
};

/** A secret that is absent on update stays as it is; null removes it. */
const mailInput = z.object({ ...mailFields, password: z.string().max(1000).nullable().optional() });
const webhookInput = z.object({ ...webhookFields, secret: z.string().min(16).max(1000).nullable().optional() });

export const channelInput = z.object({
  name: z.string().trim().min(1).max(100),
  enabled: z.boolean().default(true),
  /** Used for messages to people (a failed run, a fixed run, a rollback) when no channel is named. One mail channel has it. */
  isDefault: z.boolean().default(false),
  settings: z.discriminatedUnion('kind', [mailInput, webhookInput]),
});
export type ChannelInput = z.output<typeof channelInput>;

export const channelView = z.object({
  id: z.uuid(),
  name: z.string(),
  enabled: z.boolean(),
  isDefault: z.boolean(),
  settings: z.discriminatedUnion('kind', [
    z.object({ ...mailFields, hasPassword: z.boolean() }),
    z.object({ ...webhookFields, hasSecret: z.boolean() }),
  ]),
  version: z.number().int(),
});
export type ChannelView = z.output<typeof channelView>;

/** `kept`: a mail while no mail server is set up; it stays here to be read. */
const deliveryState = z.enum(['waiting', 'sent', 'failed', 'kept']);

export const deliveryView = z.object({
  id: z.uuid(),
  channelId: z.uuid().nullable(),
  channel: z.string(),
  kind: z.enum(['mail', 'webhook']),
  to: z.string(),
  subject: z.string(),
  state: deliveryState,
  attempts: z.number().int(),
  /** What the receiver answered, or why it failed. */
  detail: z.string(),
  createdAt: at,
  finishedAt: at.nullable(),
  /** Ids of the events it tells about. */
  causes: z.array(z.uuid()),
});
export type DeliveryView = z.output<typeof deliveryView>;

const byId = z.object({ id: z.uuid() });
const done = z.object({ done: z.literal(true) });
const project = z.string().optional().describe('Id or slug');

/** Conditions on NRQL, their incidents, and who is told how. */
export const alertsApi = defineContract('alerts', {
  listConditions: {
    method: 'GET',
    path: '/alerts/conditions',
    summary: 'List alert conditions',
    role: 'viewer',
    query: z.object({ project, ...pageQuery }),
    response: pageOf(conditionView),
  },
  getCondition: {
    method: 'GET',
    path: '/alerts/conditions/:id',
    summary: 'Show an alert condition',
    role: 'viewer',
    params: byId,
    response: conditionView,
    etag: 'version',
  },
  createCondition: {
    method: 'POST',
    path: '/alerts/conditions',
    summary: 'Create an alert condition',
    role: 'developer',
    body: conditionSettings.extend({ project: z.string().nullable().default(null).describe('Id or slug') }),
    response: conditionView,
    creates: true,
  },
  updateCondition: {
    method: 'PUT',
    path: '/alerts/conditions/:id',
    summary: 'Change an alert condition',
    role: 'developer',
    params: byId,
    body: conditionSettings,
    response: conditionView,
    etag: 'version',
  },
  deleteCondition: {
    method: 'DELETE',
    path: '/alerts/conditions/:id',
    summary: 'Delete an alert condition and close its incidents',
    role: 'developer',
    params: byId,
    response: done,
  },
  listIncidents: {
    method: 'GET',
    path: '/alerts/incidents',
    summary: 'List incidents, newest first',
    role: 'viewer',
    query: z.object({
      project,
      state: z.enum(['open', 'acknowledged', 'closed', 'unclosed']).optional(),
      ...pageQuery,
    }),
    response: pageOf(incidentView),
  },
  getIncident: {
    method: 'GET',
    path: '/alerts/incidents/:id',
    summary: 'Show an incident',
    role: 'viewer',
    params: byId,
    response: incidentView,
  },
  acknowledgeIncident: {
    method: 'PUT',
    path: '/alerts/incidents/:id/acknowledgement',
    summary: 'Acknowledge an incident',
    role: 'developer',
    params: byId,
    response: incidentView,
  },
  listChannels: {
    method: 'GET',
    path: '/alerts/channels',
    summary: 'List notification channels',
    role: 'maintainer',
    response: z.object({ items: z.array(channelView) }),
  },
  createChannel: {
    method: 'POST',
    path: '/alerts/channels',
    summary: 'Create a notification channel',
    role: 'maintainer',
    body: channelInput,
    response: channelView,
    creates: true,
  },
  updateChannel: {
    method: 'PUT',
    path: '/alerts/channels/:id',
    summary: 'Change a notification channel',
    role: 'maintainer',
    params: byId,
    body: channelInput,
    response: channelView,
    etag: 'version',
  },
  deleteChannel: {
    method: 'DELETE',
    path: '/alerts/channels/:id',
    summary: 'Delete a notification channel',
    role: 'maintainer',
    params: byId,
    response: done,
  },
  testChannel: {
    method: 'POST',
    path: '/alerts/channels/:id/test',
    summary: 'Send a test message through a channel now',
    role: 'maintainer',
    params: byId,
    body: z.object({ to: z.string().max(2000).nullable().default(null) }),
    response: z.object({ delivered: z.boolean(), detail: z.string() }),
  },
  listDeliveries: {
    method: 'GET',
    path: '/alerts/deliveries',
    summary: 'List notifications with their delivery state, newest first',
    role: 'maintainer',
    query: z.object({ project, state: deliveryState.optional(), ...pageQuery }),
    response: pageOf(deliveryView),
  },
  getDelivery: {
    method: 'GET',
    path: '/alerts/deliveries/:id',
    summary: 'Show a notification with its text',
    role: 'maintainer',
    params: byId,
    response: deliveryView.extend({ text: z.string() }),
  },
});
