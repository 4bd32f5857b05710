import { z } from 'zod';
import type { Operation } from '../../platform/http/contract.ts';
import { at } from '../views.ts';

const globs = z.array(z.string().trim().min(1).max(500)).max(100).default([]);

const filters = z.object({
  browserExtensions: z.boolean().default(false),
  localhost: z.boolean().default(false),
  webCrawlers: z.boolean().default(false),
  legacyBrowsers: z.boolean().default(false),
  /** Globs over "type: value" of an error, or over its message. */
  messages: globs,
  /** Globs over releases. */
  releases: globs,
});

const scrubbing = z.object({
  /** Values under names that contain one of these are taken out, besides those that always are. */
  fields: z.array(z.string().trim().min(1).max(100)).max(100).default([]),
  /** What matches one of these (RE2 syntax) is taken out of every text. */
  patterns: z.array(z.string().min(1).max(500)).max(20).default([]),
  /** Addresses of users are not kept. */
  addresses: z.boolean().default(false),
});

const settings = z.object({
  filters,
  scrubbing,
  /** One a line: `path:src/billing/* ada@shop.example`; kinds path, module, url, tags.<name>. */
  ownership: z.string().max(64 * 1024),
  changedAt: at.nullable(),
  changedBy: z.string().nullable(),
});

const params = z.object({ project: z.string() });

/** The operations of the room's contract that are about what a project takes, leaves out, and who owns it. */
export const settingsOperations = {
  getSettings: {
    method: 'GET',
    path: '/errors/projects/:project/settings',
    summary: 'Show what a project filters and takes out of events, and who owns which part',
    role: 'viewer',
    params,
    response: settings,
  },
  setSettings: {
    method: 'PUT',
    path: '/errors/projects/:project/settings',
    summary:
      'Replace what a project filters and takes out of events, and who owns which part; holds for events to come',
    role: 'maintainer',
    params,
    body: z.object({
      filters: filters.prefault({}),
      scrubbing: scrubbing.prefault({}),
      ownership: z
        .string()
        .max(64 * 1024)
        .default(''),
    }),
    response: settings,
    status: 200,
  },
} as const satisfies Record<string, Operation>;
