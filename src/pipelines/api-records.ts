import { z } from 'zod';

const at = z.iso.datetime();

/** How a `restore_cache` step went, and why. */
export const cacheLookup = z.object({
  /** `hit`: the first key was there; `older`: one that only begins like it, or a later key; `miss`: nothing. */
  outcome: z.enum(['hit', 'older', 'miss']),
  key: z.string(),
  found: z.string().nullable(),
  /** Which inputs of the key are not what they were when `comparedWith` was saved; `template` when the key is written differently. */
  changes: z.array(z.object({ input: z.string(), was: z.string(), is: z.string() })),
  comparedWith: z.string().nullable(),
  bytes: z.number().int().nullable(),
});

export const artifact = z.object({
  id: z.uuid(),
  jobId: z.uuid(),
  jobName: z.string(),
  nodeIndex: z.number().int(),
  path: z.string(),
  bytes: z.number().int(),
  /** Address of the bytes. */
  url: z.string(),
});

export const testResult = z.object({
  id: z.string(),
  jobId: z.uuid(),
  jobName: z.string(),
  suite: z.string(),
  className: z.string().nullable(),
  name: z.string(),
  file: z.string().nullable(),
  status: z.enum(['success', 'failed', 'error', 'skipped']),
  durationMs: z.number(),
  message: z.string().nullable(),
  /** Stack or output of a failure, at most 32 KiB. */
  details: z.string().nullable(),
});

export const cache = z.object({
  id: z.uuid(),
  key: z.string(),
  bytes: z.number().int(),
  savedAt: at,
  usedAt: at,
  jobId: z.uuid().nullable(),
});

export const schedule = z.object({
  branch: z.string(),
  workflow: z.string(),
  /** POSIX crontab, in UTC. */
  cron: z.string(),
  nextAt: at,
  lastRunId: z.uuid().nullable(),
});
