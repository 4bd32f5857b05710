import { z } from 'zod';
import { defineContract, pageOf, pageQuery } from '../platform/http/contract.ts';

const at = z.iso.datetime();

/** `pending`: never run. `unknown`: the check itself could not be done (a name that cannot be resolved, for example). */
export const checkState = z.enum(['pending', 'ok', 'warning', 'critical', 'unknown']);

export const httpTarget = z.object({
  kind: z.literal('http'),
  url: z.url({ protocol: /^https?$/ }).max(2000),
  method: z.enum(['GET', 'HEAD', 'POST']).default('GET'),
  headers: z.record(z.string().max(200), z.string().max(2000)).default({}),
  /** Status codes that count as well: single ones and ranges. */
  expectStatus: z
    .array(z.string().regex(/^[1-5]\d\d(-[1-5]\d\d)?$/, 'Write 200 or 200-299'))
    .min(1)
    .max(20)
    .default(['200-399']),
  /** Text that the answer must hold. */
  expectBody: z.string().max(500).nullable().default(null),
  /** Slower than this is a warning. */
  warnAfterMs: z.number().int().min(1).max(60_000).nullable().default(null),
});

export const tcpTarget = z.object({
  kind: z.literal('tcp'),
  host: z.string().min(1).max(253),
  port: z.number().int().min(1).max(65_535),
  warnAfterMs: z.number().int().min(1).max(60_000).nullable().default(null),
});

const settings = {
  name: z.string().trim().min(1).max(200),
  target: z.discriminatedUnion('kind', [httpTarget, tcpTarget]),
  enabled: z.boolean().default(true),
  /** Pause between runs while all is well, and once a problem is certain. */
  intervalSeconds: z.number().int().min(5).max(86_400).default(60),
  /** Pause between runs while a problem is suspected (soft). */
  retryIntervalSeconds: z.number().int().min(1).max(86_400).default(15),
  /** So many bad results in a row make it certain (hard). */
  maxAttempts: z.number().int().min(1).max(20).default(3),
  timeoutMs: z.number().int().min(100).max(60_000).default(10_000),
  service: z.string().max(200).nullable().default(null),
  environment: z.string().max(200).nullable().default(null),
};

export const checkSettings = z.object(settings);
export type CheckSettings = z.output<typeof checkSettings>;

export const checkView = z.object({
  id: z.uuid(),
  projectId: z.uuid().nullable(),
  ...settings,
  /** Made by a person, or derived from a deployed service (then it follows the service and cannot be edited). */
  source: z.enum(['person', 'service']),
  state: checkState,
  /** `soft` while it is only suspected, `hard` once `maxAttempts` results agreed. */
  stateType: z.enum(['soft', 'hard']),
  attempt: z.number().int(),
  /** What the last run said, one line. */
  output: z.string(),
  durationMs: z.number().nullable(),
  checkedAt: at.nullable(),
  /** Since when the hard state holds. */
  changedAt: at.nullable(),
  nextAt: at.nullable(),
  acknowledged: z.object({ by: z.string(), comment: z.string(), at }).nullable(),
  version: z.number().int(),
});
export type CheckView = z.output<typeof checkView>;

/** A change of state, soft or hard; results that change nothing are in telemetry (`FROM CheckResult`). */
export const transitionView = z.object({
  id: z.string(),
  checkId: z.uuid(),
  from: checkState,
  to: checkState,
  stateType: z.enum(['soft', 'hard']),
  attempt: z.number().int(),
  output: z.string(),
  at,
});

const byId = z.object({ id: z.uuid() });
const done = z.object({ done: z.literal(true) });

/** Checks of addresses, with Nagios's soft and hard states. */
export const monitoringApi = defineContract('monitoring', {
  listChecks: {
    method: 'GET',
    path: '/monitoring/checks',
    summary: 'List checks, problems first',
    role: 'viewer',
    query: z.object({
      project: z.string().optional().describe('Id or slug'),
      state: checkState.optional(),
      environment: z.string().optional(),
      ...pageQuery,
    }),
    response: pageOf(checkView),
  },
  getCheck: {
    method: 'GET',
    path: '/monitoring/checks/:id',
    summary: 'Show a check',
    role: 'viewer',
    params: byId,
    response: checkView,
    etag: 'version',
  },
  createCheck: {
    method: 'POST',
    path: '/monitoring/checks',
    summary: 'Create a check',
    role: 'developer',
    body: checkSettings.extend({ project: z.string().nullable().default(null).describe('Id or slug') }),
    response: checkView,
    creates: true,
  },
  updateCheck: {
    method: 'PUT',
    path: '/monitoring/checks/:id',
    summary: 'Change a check',
    role: 'developer',
    params: byId,
    body: checkSettings,
    response: checkView,
    etag: 'version',
  },
  deleteCheck: {
    method: 'DELETE',
    path: '/monitoring/checks/:id',
    summary: 'Delete a check with its history',
    role: 'developer',
    params: byId,
    response: done,
  },
  runCheck: {
    method: 'POST',
    path: '/monitoring/checks/:id/run',
    summary: 'Run a check now',
    role: 'developer',
    params: byId,
    response: checkView,
  },
  acknowledgeCheck: {
    method: 'PUT',
    path: '/monitoring/checks/:id/acknowledgement',
    summary: 'Acknowledge a problem until it is over',
    role: 'developer',
    params: byId,
    body: z.object({ comment: z.string().trim().max(1000).default('') }),
    response: checkView,
  },
  listTransitions: {
    method: 'GET',
    path: '/monitoring/checks/:id/transitions',
    summary: 'List the changes of state of a check, newest first',
    role: 'viewer',
    params: byId,
    query: z.object(pageQuery),
    response: pageOf(transitionView),
  },
});
