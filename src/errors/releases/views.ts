import { z } from 'zod';
import { at, errorLevel, errorRelease, id, issueStatus } from '../views.ts';

/** Shapes of what the API shows of one release. */

const commit = z.object({
  sha: z.string(),
  message: z.string(),
  author: z.object({ name: z.string(), email: z.string() }),
  at: at.nullable(),
  files: z.array(z.string()),
});

const releaseIssue = z.object({
  id,
  shortId: z.string(),
  title: z.string(),
  culprit: z.string(),
  level: errorLevel,
  status: issueStatus,
  /** `new`: never seen before this release; `regressed`: it had been resolved. */
  kind: z.enum(['new', 'regressed', 'known']),
  /** Events in the release. */
  count: z.number().int(),
});

export const releaseDetail = errorRelease.extend({
  createdAt: at,
  /** Newest first; empty when neither a deployment nor an upload tool told of any. */
  commits: z.array(commit),
  /** Most commits first. */
  authors: z.array(z.object({ name: z.string(), email: z.string(), commits: z.number().int() })),
  deployments: z.array(
    z.object({
      environment: z.string(),
      name: z.string(),
      startedAt: at.nullable(),
      finishedAt: at,
      /** Null when it was not Millrace that deployed it. */
      deploymentId: z.string().nullable(),
    }),
  ),
  /** Sessions of the last week in equal spans, oldest first. */
  course: z.object({
    startAt: at,
    bucketSeconds: z.number().int(),
    sessions: z.array(z.number().int()),
    crashed: z.array(z.number().int()),
    /** Of all releases. */
    ofAll: z.array(z.number().int()),
  }),
  /** New ones first, then regressed ones, then the most frequent. */
  releaseIssues: z.array(releaseIssue),
  /** The release before it. */
  previous: z.string().nullable(),
});

export const releaseComparison = z.object({
  release: errorRelease,
  other: errorRelease,
  /** Commits that are in `release` and were not in `other`, as far as they were told of. */
  commits: z.array(commit),
  issues: z.array(
    releaseIssue.extend({
      /** Events in the other release. */
      otherCount: z.number().int(),
      /** Where it was seen: only in `release`, only in `other`, or in both. */
      in: z.enum(['release', 'other', 'both']),
    }),
  ),
});
