import { z } from 'zod';

const instant = z.string().describe('ISO 8601 instant');

/** What a build found wrong with the files of its commit. */
export const problemSchema = z.object({
  severity: z.enum(['error', 'warning', 'info']),
  file: z.string().optional(),
  line: z.number().optional(),
  column: z.number().optional(),
  message: z.string(),
  hint: z.string().optional(),
});

/** One thing a rollout does. */
export const stepSchema = z.object({
  name: z.string(),
  status: z.enum(['running', 'success', 'failed', 'skipped']),
  detail: z.string(),
  startedAt: instant,
  finishedAt: instant.nullable(),
});

/** A question asked of a new release, with its answers. */
export const gateSchema = z.object({
  index: z.number(),
  kind: z.enum(['nrql', 'gateway', 'health']),
  where: z.string().describe('The NRQL, or the rule in words'),
  verdict: z.enum(['holds', 'fails', 'unknown']),
  results: z
    .array(
      z.object({
        at: instant,
        verdict: z.enum(['holds', 'fails', 'unknown']),
        value: z.number().nullable(),
        explanation: z.string(),
      }),
    )
    .describe('Oldest first; the last 500'),
});
