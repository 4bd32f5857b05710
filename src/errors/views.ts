import { z } from 'zod';

/** Shapes of what the API shows of issues and events. */

export const at = z.iso.datetime();
export const id = z.uuid();

export const issueStatus = z.enum(['unresolved', 'resolved', 'archived']);
/** Why an open issue deserves a look: `new` in its first week, `regressed` after a resolution, `escalating` out of the archive. */
export const issueSubstatus = z.enum(['new', 'ongoing', 'regressed', 'escalating']);
export const issuePriority = z.enum(['high', 'medium', 'low']);
export const errorLevel = z.enum(['fatal', 'error', 'warning', 'info', 'debug']);

/** The deployment and the commits that an issue is laid at, as attached by a flow. */
const suspect = z.object({
  deployment: z
    .object({
      id: z.string(),
      release: z.string(),
      environment: z.string(),
      /** When it went live. */
      at: at.nullable(),
      /** The fact in the event log, for walking causes and effects. */
      eventId: z.string().nullable(),
    })
    .nullable(),
  /** Most suspicious first. */
  commits: z.array(
    z.object({
      sha: z.string(),
      message: z.string(),
      author: z.object({ name: z.string(), email: z.string() }),
      at: at.nullable(),
      /** Why it is suspected, in words: "changed shop/views.py, where the error was raised". */
      reason: z.string(),
    }),
  ),
});

const assignee = z.object({ id: z.string(), name: z.string() });

export const issueSummary = z.object({
  id,
  /** Short name for people: `SHOP-12`. */
  shortId: z.string(),
  projectId: id,
  title: z.string(),
  /** Exception type, or null for a plain message. */
  type: z.string().nullable(),
  /** First line of the exception's value, or the message. */
  message: z.string(),
  /** Where: the innermost function of the application, or the transaction. */
  culprit: z.string(),
  level: errorLevel,
  platform: z.string(),
  /** Whether the code caught it; null when the client did not say. */
  handled: z.boolean().nullable(),
  status: issueStatus,
  substatus: issueSubstatus.nullable(),
  firstSeenAt: at,
  lastSeenAt: at,
  firstRelease: z.string().nullable(),
  lastRelease: z.string().nullable(),
  /** Of the latest event. */
  environment: z.string().nullable(),
  service: z.string().nullable(),
  /** Events since it was first seen, kept or not. */
  count: z.number().int(),
  /** Distinct users touched. */
  users: z.number().int(),
  priority: issuePriority,
  assignee: assignee.nullable(),
  /** Events in equal spans of time, oldest first; the last span ends now. */
  histogram: z.object({ startAt: at, bucketSeconds: z.number().int(), counts: z.array(z.number().int()) }),
  suspect: suspect.nullable(),
});

const resolution = z.object({
  /** `now`: any later event reopens it; `release`: only events of that release or of one deployed after it;
   * `next-release`: only events of a release deployed after the one named. */
  in: z.enum(['now', 'release', 'next-release']),
  release: z.string().nullable(),
  at,
  by: z.string(),
});

const archive = z.object({
  until: z.enum(['forever', 'time', 'count', 'users', 'escalating']),
  at: at.nullable(),
  /** Events, or users, still allowed before it returns. */
  count: z.number().int().nullable(),
});

const activity = z.object({
  kind: z.enum([
    'opened',
    'regressed',
    'resolved',
    'archived',
    'unarchived',
    'reopened',
    'assigned',
    'cause-found',
    'merged',
    'split',
    'escalated',
    'prioritised',
    'comment',
  ]),
  at,
  by: z.string(),
  /** One sentence. */
  text: z.string(),
  release: z.string().nullable(),
});

const issueRelease = z.object({
  release: z.string(),
  environment: z.string().nullable(),
  firstSeenAt: at,
  lastSeenAt: at,
  count: z.number().int(),
  /** The issue had never been seen before this release. */
  first: z.boolean(),
});

/** Whom ownership rules or CODEOWNERS name for it, and by which line. */
const ownership = z.object({
  rule: z.string(),
  source: z.enum(['rules', 'CODEOWNERS']),
  /** What of the first event the rule matched. */
  matched: z.string(),
  owners: z.array(z.object({ name: z.string(), personId: z.string().nullable() })),
});

/** What happened around its appearance, the most telling first. */
const evidence = z.array(
  z.object({
    /** A change that came before, the state of things at that minute, or a test that failed in the same way. */
    kind: z.enum(['change', 'state', 'test']),
    text: z.string(),
    reason: z.string(),
    at,
    href: z.string().nullable(),
  }),
);

export const issueDetail = issueSummary.extend({
  resolution: resolution.nullable(),
  archive: archive.nullable(),
  ownership: ownership.nullable(),
  evidence,
  releases: z.array(issueRelease),
  /** Newest first. */
  activity: z.array(activity),
  /** Events kept in full; older ones are thinned out. */
  keptEvents: z.number().int(),
  latestEventId: id.nullable(),
  firstEventId: id.nullable(),
});

export const eventSummary = z.object({
  id,
  /** The client's own id, 32 hexadecimal digits. */
  eventId: z.string(),
  issueId: id,
  at,
  receivedAt: at,
  title: z.string(),
  message: z.string(),
  level: errorLevel,
  release: z.string().nullable(),
  environment: z.string().nullable(),
  service: z.string().nullable(),
  transaction: z.string().nullable(),
  user: z.string().nullable(),
  traceId: z.string().nullable(),
});

export const frame = z.object({
  function: z.string().nullable(),
  module: z.string().nullable(),
  /** Path as people know it, relative where the client knew how. */
  file: z.string().nullable(),
  absolutePath: z.string().nullable(),
  line: z.number().int().nullable(),
  column: z.number().int().nullable(),
  inApp: z.boolean(),
  /** Source around the line; `line` is the number of each. */
  source: z.array(z.object({ line: z.number().int(), text: z.string(), current: z.boolean() })),
  /** Local variables, as text. */
  variables: z.array(z.object({ name: z.string(), value: z.string() })),
});

const exception = z.object({
  type: z.string().nullable(),
  value: z.string().nullable(),
  module: z.string().nullable(),
  mechanism: z.string().nullable(),
  handled: z.boolean().nullable(),
  /** Innermost call first: the crash on top. */
  frames: z.array(frame),
});

const breadcrumb = z.object({
  at: at.nullable(),
  type: z.string(),
  category: z.string().nullable(),
  level: errorLevel,
  message: z.string().nullable(),
  data: z.record(z.string(), z.string()),
});

const pairs = z.array(z.object({ key: z.string(), value: z.string() }));

/** A node of the reasoning behind a group: what took part in the fingerprint and why the rest did not. */
export interface GroupingNode {
  id: string;
  contributes: boolean;
  hint: string | null;
  values: (string | GroupingNode)[];
}
const groupingNode: z.ZodType<GroupingNode> = z.lazy(() =>
  z.object({
    id: z.string(),
    contributes: z.boolean(),
    hint: z.string().nullable(),
    values: z.array(z.union([z.string(), groupingNode])),
  }),
);

const grouping = z.object({
  algorithm: z.string(),
  /** One sentence: "Grouped by the application's frames of the stack trace." */
  summary: z.string(),
  variants: z.array(
    z.object({
      name: z.string(),
      hash: z.string().nullable(),
      contributes: z.boolean(),
      hint: z.string().nullable(),
      tree: groupingNode.nullable(),
      /** For fingerprints set by the client. */
      fingerprint: z.array(z.string()).nullable(),
    }),
  ),
});

export const eventDetail = eventSummary.extend({
  platform: z.string(),
  culprit: z.string(),
  logger: z.string().nullable(),
  server: z.string().nullable(),
  /** The error itself first, then what caused it, and so on. */
  exceptions: z.array(exception),
  /** Stack of a message without exception, or of the current thread. */
  frames: z.array(frame),
  /** Oldest first; the last is what came right before the error. */
  breadcrumbs: z.array(breadcrumb),
  tags: pairs,
  request: z
    .object({
      method: z.string().nullable(),
      url: z.string().nullable(),
      query: z.string().nullable(),
      headers: pairs,
      body: z.string().nullable(),
    })
    .nullable(),
  userDetails: pairs,
  contexts: z.array(z.object({ name: z.string(), values: pairs })),
  extra: pairs,
  modules: pairs,
  sdk: z.object({ name: z.string(), version: z.string() }).nullable(),
  /** Files that came with it: attachments, a minidump, parts of a replay. Bytes: `GET /api/v1/errors/files/<id>/content`. */
  files: z.array(z.object({ id, kind: z.string(), name: z.string(), contentType: z.string(), size: z.number().int() })),
  /** What was mended or cut on arrival: "extra.big: cut to 16 kB". */
  notes: z.array(z.string()),
  grouping,
  /** Neighbours among the kept events of the issue. */
  previousId: id.nullable(),
  nextId: id.nullable(),
});

/** One of the hashes that make up an issue. */
export const issueHash = z.object({
  /** 32 hexadecimal digits. */
  hash: z.string(),
  /** The version of the grouping that made it. */
  algorithm: z.string(),
  /** Events first looked up by it. */
  count: z.number().int(),
  firstSeenAt: at.nullable(),
  lastSeenAt: at.nullable(),
  /** The latest kept event, and its title. */
  eventId: id.nullable(),
  title: z.string().nullable(),
});

/** A project's own rules, as written. */
export const groupingRules = z.object({
  /** Stack trace rules: what is the application's, what takes part in grouping; applied after the default ones. */
  stackRules: z.string(),
  /** Fingerprint rules: the first that holds gives an event its fingerprint. */
  fingerprintRules: z.string(),
  changedAt: at.nullable(),
  changedBy: z.string().nullable(),
});

/** What somebody who used the application wrote. */
export const feedback = z.object({
  id,
  projectId: id,
  /** Of the kept event it is about. */
  issueId: id.nullable(),
  /** The client's id of that event. */
  eventId: z.string().nullable(),
  name: z.string(),
  email: z.string(),
  message: z.string(),
  url: z.string(),
  release: z.string().nullable(),
  environment: z.string().nullable(),
  at,
});

/** How the sessions of a release fare, over the last 30 days; shares are from 0 to 1. */
const health = z.object({
  sessions: z.number().int(),
  errored: z.number().int(),
  crashed: z.number().int(),
  abnormal: z.number().int(),
  users: z.number().int(),
  crashedUsers: z.number().int(),
  crashFreeSessions: z.number(),
  /** Null where clients do not tell users apart. */
  crashFreeUsers: z.number().nullable(),
  /** Share of the sessions of the last day that ran this release. */
  adoption: z.number(),
});

export const errorRelease = z.object({
  projectId: id,
  release: z.string(),
  environments: z.array(z.string()),
  firstSeenAt: at,
  lastSeenAt: at,
  /** When it was said to be out; null when nobody did. */
  releasedAt: at.nullable(),
  events: z.number().int(),
  issues: z.number().int(),
  /** Issues first seen in it. */
  newIssues: z.number().int(),
  regressedIssues: z.number().int(),
  /** Null when no session of it was told of. */
  health: health.nullable(),
});
