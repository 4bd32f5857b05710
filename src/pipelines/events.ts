import { z } from 'zod';
import { defineEvents } from '../platform/events/catalogue.ts';

const run = {
  runId: z.uuid(),
  number: z.number().int(),
  sha: z.string(),
  branch: z.string().nullable(),
  tag: z.string().nullable(),
};
const job = {
  runId: z.uuid(),
  jobId: z.uuid(),
  /** Number of the job within its project, as `CIRCLE_BUILD_NUM`. */
  number: z.number().int(),
  name: z.string(),
  workflow: z.string(),
};
const finalStatus = z.enum(['success', 'failed', 'canceled']);

/** Facts of this room. Subjects: `run:<id>` and `job:<id>`. */
export const pipelineEvents = defineEvents('pipelines', {
  'run.queued': z.object({
    ...run,
    trigger: z.string(),
    message: z.string(),
    author: z.object({ name: z.string(), email: z.string() }),
    rerunOf: z.uuid().nullable(),
  }),
  'run.started': z.object({ ...run, jobs: z.number().int() }),
  'run.finished': z.object({
    ...run,
    status: finalStatus,
    trigger: z.string(),
    /** How the previous finished run of the same branch ended; null for the first. `failed` -> `success` is "fixed". */
    previousStatus: finalStatus.nullable(),
    durationMs: z.number(),
    message: z.string(),
    author: z.object({ name: z.string(), email: z.string() }),
    failedJobs: z.array(z.object({ jobId: z.uuid(), name: z.string(), reason: z.string().nullable() })),
  }),
  /** Artifacts and workspaces of a run that ended more than `keptDays` ago. */
  'run.files_removed': z.object({
    ...run,
    artifacts: z.number().int(),
    workspaces: z.number().int(),
    bytes: z.number(),
    keptDays: z.number().int(),
  }),
  /** Caches that nobody used for long, or that had no room any more. Subject `project:<id>`; the first 20 keys. */
  'caches.removed': z.object({ keys: z.array(z.string()), caches: z.number().int(), bytes: z.number() }),
  'job.queued': z.object(job),
  'job.started': z.object({ ...job, executor: z.enum(['docker', 'host']), agent: z.string() }),
  'job.on_hold': z.object(job),
  'job.approved': z.object(job),
  /** Somebody entered the place of a running job, and so could read its variables. */
  'job.shell_opened': z.object(job),
  'job.finished': z.object({
    ...job,
    status: z.enum(['success', 'failed', 'canceled', 'not_run', 'infrastructure_fail']),
    durationMs: z.number(),
    reason: z.string().nullable(),
    failedTests: z.number().int(),
  }),
});
