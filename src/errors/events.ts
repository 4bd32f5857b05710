import { z } from 'zod';
import { defineEvents } from '../platform/events/catalogue.ts';

const issue = {
  issueId: z.string(),
  shortId: z.string(),
  title: z.string(),
  culprit: z.string(),
};

const seen = {
  ...issue,
  level: z.string(),
  /** Release of the event that brought it about; null when the client named none. */
  release: z.string().nullable(),
  environment: z.string().nullable(),
  service: z.string().nullable(),
  /** The kept event to look at. */
  eventId: z.string(),
  /** Paths of the application's frames, innermost first, for finding the commit. */
  files: z.array(z.string()),
};

/** Facts of the errors room. Subject: `issue:<id>`. */
export const errorsEvents = defineEvents('errors', {
  /** First event of a group never seen before. Its cause, when known, is the deployment of its release. */
  'issue.opened': z.object(seen),
  /** A resolved issue came back in a release that should have been free of it. */
  'issue.regressed': z.object({ ...seen, resolvedIn: z.string().nullable() }),
  /** An archived issue passed what it was archived until. */
  'issue.unarchived': z.object(seen),
  'issue.resolved': z.object({
    ...issue,
    in: z.enum(['now', 'release', 'next-release']),
    release: z.string().nullable(),
  }),
  'issue.archived': z.object({ ...issue, until: z.enum(['forever', 'time', 'count', 'users', 'escalating']) }),
  'issue.reopened': z.object(issue),
  /** It brings more than its past let expect; `figure` is what did it: events in an hour, or users. */
  'issue.escalated': z.object({ ...issue, figure: z.number(), wasArchived: z.boolean() }),
  'issue.prioritised': z.object({ ...issue, priority: z.enum(['high', 'medium', 'low']) }),
  'issue.commented': z.object({ ...issue, text: z.string() }),
  /** Another issue became part of this one. */
  'issue.merged': z.object({ ...issue, mergedId: z.string(), mergedShortId: z.string() }),
  /** A part of this issue became one of its own. */
  'issue.split': z.object({ ...issue, partId: z.string(), partShortId: z.string() }),
  'issue.assigned': z.object({ ...issue, personId: z.string().nullable(), personName: z.string().nullable() }),
  /** A deployment or commits were found to blame; the causes name them. */
  'issue.cause-found': z.object({
    ...issue,
    deploymentId: z.string().nullable(),
    release: z.string().nullable(),
    commits: z.array(z.string()),
  }),
});
