import { z } from 'zod';
import { defineEvents } from '../platform/events/catalogue.ts';

const signature = z.object({ name: z.string(), email: z.string() });

/** Facts about repositories. Subjects: `project:<id>` and `push:<id>`. */
export const projectsEvents = defineEvents('projects', {
  'project.created': z.object({ projectId: z.uuid(), slug: z.string(), name: z.string() }),
  'project.changed': z.object({ projectId: z.uuid(), slug: z.string(), changed: z.array(z.string()) }),
  'project.deleted': z.object({ projectId: z.uuid(), slug: z.string(), name: z.string() }),
  'remote.connected': z.object({ projectId: z.uuid(), forge: z.string(), url: z.string() }),
  'remote.disconnected': z.object({ projectId: z.uuid(), forge: z.string(), url: z.string() }),
  'remote.sync-failed': z.object({ projectId: z.uuid(), url: z.string(), reason: z.string() }),
  /** One ref moved, by a push to Millrace's git or by a fetch from the project's remote. Exactly one fact for each move. */
  'push.received': z.object({
    pushId: z.uuid(),
    projectId: z.uuid(),
    /** The id the run of this push must have: its address was printed to the pusher already. */
    runId: z.uuid(),
    ref: z.string(),
    /** Exactly one of `branch` and `tag` is set. */
    branch: z.string().optional(),
    tag: z.string().optional(),
    /** Commit before; null when the ref is new. */
    before: z.string().nullable(),
    /** Commit after (tags are peeled); null when the ref was deleted. */
    after: z.string().nullable(),
    /** What came in, newest first, at most 100. */
    commits: z.array(z.object({ sha: z.string(), author: signature, message: z.string(), at: z.string() })),
    /** History was rewritten: `before` is not an ancestor of `after`. */
    forced: z.boolean(),
    pusher: z.object({ personId: z.uuid().nullable(), name: z.string() }),
    source: z.enum(['push', 'remote']),
  }),
  /** A pull or merge request of the project's forge was opened or its head moved; its commit is in the repository. */
  'pull-request.updated': z.object({
    projectId: z.uuid(),
    runId: z.uuid(),
    forge: z.string(),
    number: z.number().int(),
    title: z.string(),
    url: z.string(),
    /** Source branch and commit. */
    head: z.object({ branch: z.string(), sha: z.string() }),
    base: z.object({ branch: z.string() }),
    /** Comes from another repository: untrusted, gets no secrets. */
    fork: z.boolean(),
    author: z.string(),
  }),
  'pull-request.closed': z.object({
    projectId: z.uuid(),
    forge: z.string(),
    number: z.number().int(),
    merged: z.boolean(),
    head: z.object({ branch: z.string(), sha: z.string() }),
  }),
});
