import { z } from 'zod';
import type { Operation } from '../../platform/http/contract.ts';
import { id } from '../views.ts';

const name = z.string().trim().min(1).max(80);
/** What a view asks of the list of issues, in the words of `listIssues`. */
const asked = {
  search: z.string().max(500).default(''),
  status: z.enum(['unresolved', 'resolved', 'archived', 'all']).default('unresolved'),
  environment: z.string().max(200).nullable().default(null),
  sort: z.enum(['lastSeen', 'firstSeen', 'count', 'users']).default('lastSeen'),
};

const savedView = z.object({
  id,
  /** Null: of all projects. */
  projectId: id.nullable(),
  name,
  ...asked,
  /** Everybody sees it; otherwise only who saved it. */
  shared: z.boolean(),
  /** Saved by whoever asks. */
  mine: z.boolean(),
  /** Who saved it. */
  by: z.string(),
});

const params = z.object({ viewId: id });

/** The operations of the room's contract that are about named searches. */
export const savedViewOperations = {
  listSavedViews: {
    method: 'GET',
    path: '/errors/views',
    summary: 'List saved views of issues: your own and those shared with the team',
    role: 'viewer',
    /** Of a project: with those of all projects. */
    query: z.object({ project: z.string().optional() }),
    response: z.object({ items: z.array(savedView) }),
  },
  saveView: {
    method: 'POST',
    path: '/errors/views',
    summary:
      'Save a search of issues under a name; your own view of that name is replaced. To share it takes a developer',
    role: 'viewer',
    body: z.object({
      project: z.string().nullable().default(null),
      name,
      ...asked,
      shared: z.boolean().default(false),
    }),
    response: savedView,
    status: 200,
  },
  changeView: {
    method: 'PATCH',
    path: '/errors/views/:viewId',
    summary: 'Rename a saved view, or share it with the team; a maintainer may change those of others',
    role: 'viewer',
    params,
    body: z.object({ name: name.optional(), shared: z.boolean().optional() }),
    response: savedView,
    status: 200,
  },
  deleteView: {
    method: 'DELETE',
    path: '/errors/views/:viewId',
    summary: 'Delete a saved view; a maintainer may delete shared ones of others',
    role: 'viewer',
    params,
    response: z.object({ done: z.literal(true) }),
  },
} as const satisfies Record<string, Operation>;

export type SavedView = z.output<typeof savedView>;
export type NewView = z.output<(typeof savedViewOperations)['saveView']['body']>;
