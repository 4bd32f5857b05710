import { z } from 'zod';
import { defineContract, pageOf, pageQuery } from '../platform/http/contract.ts';
import { monitor, monitorDetail, monitorRun } from './monitors/views.ts';
import { releaseOperations } from './releases/operations.ts';
import type { releaseDetail } from './releases/views.ts';
import { savedViewOperations } from './saved-views/operations.ts';
import { settingsOperations } from './settings/operations.ts';
import {
  at,
  errorLevel,
  type errorRelease,
  eventDetail,
  eventSummary,
  feedback,
  type frame,
  groupingRules,
  id,
  issueDetail,
  issueHash,
  issuePriority,
  issueSubstatus,
  issueSummary,
} from './views.ts';

/** Longest text of either kind of rules. */
const longestRules = 64 * 1024;

const issueParams = z.object({ issueId: id });
const changed = issueSummary;

/** Contract of the errors room. Lists across projects unless `project` (id or slug) is given. */
export const errorsContract = defineContract('errors', {
  listIssues: {
    method: 'GET',
    path: '/errors/issues',
    summary: 'List issues',
    role: 'viewer',
    query: z.object({
      project: z.string().optional(),
      /** Words found in title, message, culprit or short id, and conditions: `is:regressed level:error !has:user release:latest`. */
      search: z.string().max(500).optional(),
      status: z.enum(['unresolved', 'resolved', 'archived', 'all']).default('unresolved'),
      substatus: issueSubstatus.optional(),
      environment: z.string().optional(),
      release: z.string().optional(),
      service: z.string().optional(),
      level: errorLevel.optional(),
      priority: issuePriority.optional(),
      /** `none`: nobody's. Otherwise a person's id. */
      assignee: z.string().optional(),
      sort: z.enum(['lastSeen', 'firstSeen', 'count', 'users']).default('lastSeen'),
      /** Span of the histogram: a day in hours, a week in six hours, a month in days. */
      period: z.enum(['24h', '7d', '30d']).default('24h'),
      ...pageQuery,
    }),
    response: pageOf(issueSummary),
  },
  countIssues: {
    method: 'GET',
    path: '/errors/issues/counts',
    summary: 'Count issues by status',
    role: 'viewer',
    query: z.object({ project: z.string().optional(), environment: z.string().optional() }),
    response: z.object({
      unresolved: z.number().int(),
      resolved: z.number().int(),
      archived: z.number().int(),
      new: z.number().int(),
      regressed: z.number().int(),
    }),
  },
  changeIssues: {
    method: 'POST',
    path: '/errors/issues/changes',
    summary: 'Resolve, archive or reopen several issues',
    role: 'developer',
    body: z.object({ ids: z.array(id).min(1).max(200), action: z.enum(['resolve', 'archive', 'reopen']) }),
    response: z.object({ items: z.array(issueSummary) }),
    status: 200,
  },
  getIssue: {
    method: 'GET',
    path: '/errors/issues/:issueId',
    summary: 'Show an issue',
    role: 'viewer',
    params: issueParams,
    query: z.object({ period: z.enum(['24h', '7d', '30d']).default('7d') }),
    response: issueDetail,
  },
  getIssueTags: {
    method: 'GET',
    path: '/errors/issues/:issueId/tags',
    summary: 'Show how the tags of an issue are distributed',
    role: 'viewer',
    params: issueParams,
    response: z.object({
      /** Kept events the figures are taken from. */
      sampled: z.number().int(),
      tags: z.array(
        z.object({
          key: z.string(),
          values: z.array(z.object({ value: z.string(), count: z.number().int() })),
          /** Events with a value not listed. */
          others: z.number().int(),
        }),
      ),
    }),
  },
  listIssueEvents: {
    method: 'GET',
    path: '/errors/issues/:issueId/events',
    summary: 'List the kept events of an issue, newest first',
    role: 'viewer',
    params: issueParams,
    query: z.object({ environment: z.string().optional(), release: z.string().optional(), ...pageQuery }),
    response: pageOf(eventSummary),
  },
  getEvent: {
    method: 'GET',
    path: '/errors/events/:eventId',
    summary: 'Show an event',
    role: 'viewer',
    /** Millrace's id, or the client's 32 hexadecimal digits. */
    params: z.object({ eventId: z.string().regex(/^[0-9a-fA-F-]{32,36}$/) }),
    response: eventDetail,
  },
  resolveIssue: {
    method: 'POST',
    path: '/errors/issues/:issueId/resolve',
    summary: 'Resolve an issue',
    role: 'developer',
    params: issueParams,
    body: z.object({ in: z.enum(['now', 'release', 'next-release']).default('now'), release: z.string().optional() }),
    response: changed,
    status: 200,
  },
  archiveIssue: {
    method: 'POST',
    path: '/errors/issues/:issueId/archive',
    summary: 'Archive an issue, for ever or until it gets worse',
    role: 'developer',
    params: issueParams,
    body: z.object({
      /** Returns at this time. */
      untilAt: at.optional(),
      /** Returns after this many further events. */
      untilCount: z.number().int().min(1).optional(),
      /** Returns after this many further users were touched. */
      untilUsers: z.number().int().min(1).optional(),
      /** Returns when an hour brings more events than its past lets expect. */
      untilEscalating: z.boolean().optional(),
    }),
    response: changed,
    status: 200,
  },
  reopenIssue: {
    method: 'POST',
    path: '/errors/issues/:issueId/reopen',
    summary: 'Reopen a resolved or archived issue',
    role: 'developer',
    params: issueParams,
    response: changed,
    status: 200,
  },
  assignIssue: {
    method: 'POST',
    path: '/errors/issues/:issueId/assign',
    summary: 'Assign an issue to a person, or to nobody',
    role: 'developer',
    params: issueParams,
    body: z.object({ personId: z.uuid().nullable() }),
    response: changed,
    status: 200,
  },
  prioritiseIssue: {
    method: 'POST',
    path: '/errors/issues/:issueId/priority',
    summary: 'Set how soon somebody should look at an issue',
    role: 'developer',
    params: issueParams,
    body: z.object({ priority: issuePriority }),
    response: changed,
    status: 200,
  },
  commentOnIssue: {
    method: 'POST',
    path: '/errors/issues/:issueId/comments',
    summary: 'Add a comment to the history of an issue',
    role: 'developer',
    params: issueParams,
    body: z.object({ text: z.string().trim().min(1).max(10_000) }),
    response: changed,
    status: 201,
  },
  listIssueHashes: {
    method: 'GET',
    path: '/errors/issues/:issueId/hashes',
    summary: 'Show the hashes an issue is made of',
    role: 'viewer',
    params: issueParams,
    response: z.object({ items: z.array(issueHash) }),
  },
  mergeIssues: {
    method: 'POST',
    path: '/errors/issues/:issueId/merge',
    summary: 'Merge other issues of the project into this one; later events follow',
    role: 'developer',
    params: issueParams,
    body: z.object({ ids: z.array(id).min(1).max(100) }),
    response: changed,
    status: 200,
  },
  splitIssue: {
    method: 'POST',
    path: '/errors/issues/:issueId/split',
    summary: 'Take hashes out of an issue into a new one, with the events and counts that are theirs',
    role: 'developer',
    params: issueParams,
    body: z.object({
      hashes: z
        .array(z.string().regex(/^[0-9a-f]{32}$/))
        .min(1)
        .max(500),
    }),
    response: changed,
    status: 201,
  },
  getGroupingRules: {
    method: 'GET',
    path: '/errors/projects/:project/grouping-rules',
    summary: "Show a project's stack trace rules and fingerprint rules",
    role: 'viewer',
    params: z.object({ project: z.string() }),
    response: groupingRules,
  },
  setGroupingRules: {
    method: 'PUT',
    path: '/errors/projects/:project/grouping-rules',
    summary: "Replace a project's stack trace rules and fingerprint rules; they hold for events to come",
    role: 'maintainer',
    params: z.object({ project: z.string() }),
    body: z.object({
      stackRules: z.string().max(longestRules).default(''),
      fingerprintRules: z.string().max(longestRules).default(''),
    }),
    response: groupingRules,
    status: 200,
  },
  ...releaseOperations,
  ...savedViewOperations,
  ...settingsOperations,
  listFeedback: {
    method: 'GET',
    path: '/errors/feedback',
    summary: 'List what users wrote about errors, newest first',
    role: 'viewer',
    query: z.object({ project: z.string().optional(), issue: id.optional(), ...pageQuery }),
    response: pageOf(feedback),
  },
  listMonitors: {
    method: 'GET',
    path: '/errors/monitors',
    summary: 'List jobs that check in, and how they stand',
    role: 'viewer',
    query: z.object({ project: z.string().optional() }),
    response: z.object({ items: z.array(monitor) }),
  },
  getMonitor: {
    method: 'GET',
    path: '/errors/monitors/:monitorId',
    summary: 'Show a job that checks in: what is expected of it, and how it stands in each environment',
    role: 'viewer',
    params: z.object({ monitorId: id }),
    response: monitorDetail,
  },
  listMonitorRuns: {
    method: 'GET',
    path: '/errors/monitors/:monitorId/runs',
    summary: 'List the latest runs of a job, those missed included',
    role: 'viewer',
    params: z.object({ monitorId: id }),
    query: z.object({ limit: z.coerce.number().int().min(1).max(500).default(100) }),
    response: z.object({ items: z.array(monitorRun) }),
  },
  listOutcomes: {
    method: 'GET',
    path: '/errors/outcomes',
    summary: 'Account for what arrived: kept, refused, dropped by clients, not supported',
    role: 'viewer',
    query: z.object({ project: z.string(), hours: z.coerce.number().int().min(1).max(720).default(24) }),
    response: z.object({
      items: z.array(
        z.object({
          /** `error`, `transaction`, `span`, `log_item`, `session`, `attachment`... */
          category: z.string(),
          outcome: z.enum(['accepted', 'duplicate', 'filtered', 'limited', 'invalid', 'unsupported', 'client_discard']),
          /** Why; empty for accepted. */
          reason: z.string(),
          quantity: z.number().int(),
        }),
      ),
    }),
  },
});

export type { GroupingNode } from './views.ts';
export type IssueSummary = z.output<typeof issueSummary>;
export type IssueDetail = z.output<typeof issueDetail>;
export type EventSummary = z.output<typeof eventSummary>;
export type EventDetail = z.output<typeof eventDetail>;
export type ErrorFrame = z.output<typeof frame>;
export type ErrorRelease = z.output<typeof errorRelease>;
export type ReleaseDetail = z.output<typeof releaseDetail>;
export type Monitor = z.output<typeof monitor>;
