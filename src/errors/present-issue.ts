import type { z } from 'zod';
import { shortIdOf } from './announce.ts';
import type { IssueDetail, IssueSummary } from './api.ts';
import type { KeptRules } from './grouping-rules.ts';
import { substatusAt } from './issue.ts';
import type { IssueHash } from './merge.ts';
import type { ActivityRow, IssueReleaseRow } from './read-events.ts';
import type { Histogram } from './read-issues.ts';
import type { FeedbackRow } from './read-items.ts';
import type { KeptSettings } from './settings/project-settings.ts';
import type { IssueRow } from './store-issues.ts';
import type { feedback, groupingRules, issueHash } from './views.ts';

export const isoOf = (ms: number): string => new Date(ms).toISOString();
export const orNull = (text: string): string | null => (text === '' ? null : text);

/** An issue as lists show it. */
export function presentIssue(issue: IssueRow, slug: string, histogram: Histogram, now: number): IssueSummary {
  return {
    id: issue.id,
    shortId: shortIdOf(slug, issue.number),
    projectId: issue.projectId,
    title: issue.title,
    type: issue.type,
    message: issue.message,
    culprit: issue.culprit,
    level: issue.level,
    platform: issue.platform,
    handled: issue.handled,
    status: issue.status,
    substatus: substatusAt(issue, now),
    firstSeenAt: isoOf(issue.firstSeen),
    lastSeenAt: isoOf(issue.lastSeen),
    firstRelease: orNull(issue.firstRelease),
    lastRelease: orNull(issue.lastRelease),
    environment: orNull(issue.environment),
    service: orNull(issue.service),
    count: issue.count,
    users: issue.users,
    priority: issue.priority,
    assignee: issue.assigneeId === null ? null : { id: issue.assigneeId, name: issue.assigneeName ?? issue.assigneeId },
    histogram: {
      startAt: isoOf(histogram.start),
      bucketSeconds: histogram.bucketSeconds,
      counts: histogram.counts,
    },
    suspect: issue.suspect,
  };
}

/** What may still come before an archived issue returns. */
function allowedOf({ archive, count, users }: IssueRow): number | null {
  if (archive?.until === 'users') return Math.max(0, (archive.users ?? 0) - users);
  return archive?.count === null || archive?.count === undefined ? null : Math.max(0, archive.count - count);
}

/** An issue as its page shows it. */
export function presentIssueDetail(
  issue: IssueRow,
  summary: IssueSummary,
  more: {
    releases: IssueReleaseRow[];
    activity: ActivityRow[];
    ends: { first: string | null; latest: string | null };
  },
): IssueDetail {
  const { resolution, archive } = issue;
  return {
    ...summary,
    resolution: resolution && {
      in: resolution.in,
      release: resolution.release,
      at: isoOf(resolution.at),
      by: resolution.by,
    },
    archive: archive && {
      until: archive.until,
      at: archive.at === null ? null : isoOf(archive.at),
      count: allowedOf(issue),
    },
    ownership: issue.ownership,
    evidence: issue.evidence ?? [],
    releases: more.releases
      .filter((row) => row.release !== '')
      .map((row) => ({
        release: row.release,
        environment: orNull(row.environment),
        firstSeenAt: isoOf(row.firstSeen),
        lastSeenAt: isoOf(row.lastSeen),
        count: row.count,
        first: row.release === issue.firstRelease,
      })),
    activity: more.activity.map((row) => ({
      kind: row.kind as IssueDetail['activity'][number]['kind'],
      at: isoOf(row.at),
      by: row.by,
      text: row.text,
      release: row.release,
    })),
    keptEvents: issue.kept,
    firstEventId: more.ends.first,
    latestEventId: more.ends.latest,
  };
}

export const presentFeedback = (row: FeedbackRow): z.output<typeof feedback> => ({
  id: row.id,
  projectId: row.projectId,
  issueId: row.issueId,
  eventId: row.eventId,
  name: row.name,
  email: row.email,
  message: row.message,
  url: row.url,
  release: orNull(row.release),
  environment: orNull(row.environment),
  at: isoOf(row.at),
});

export const presentHash = (row: IssueHash): z.output<typeof issueHash> => ({
  hash: row.hash,
  algorithm: row.algorithm,
  count: row.count,
  firstSeenAt: row.firstSeen === null ? null : isoOf(row.firstSeen),
  lastSeenAt: row.lastSeen === null ? null : isoOf(row.lastSeen),
  eventId: row.eventId,
  title: row.title,
});

export const presentRules = ({ changedAt, ...rules }: KeptRules): z.output<typeof groupingRules> => ({
  ...rules,
  changedAt: changedAt === null ? null : isoOf(changedAt),
});

export const presentSettings = ({ changedAt, ...settings }: KeptSettings) => ({
  ...settings,
  changedAt: changedAt === null ? null : isoOf(changedAt),
});
