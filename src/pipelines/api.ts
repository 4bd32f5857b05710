import { z } from 'zod';
import { defineContract, pageOf, pageQuery } from '../platform/http/contract.ts';
import { artifact, cache, cacheLookup, schedule, testResult } from './api-records.ts';

export const runStatus = z.enum(['queued', 'running', 'on_hold', 'success', 'failed', 'canceled']);
export const jobStatus = z.enum([
  'blocked',
  'queued',
  'on_hold',
  'running',
  'success',
  'failed',
  'canceled',
  'not_run',
  'infrastructure_fail',
]);
export const stepStatus = z.enum(['pending', 'running', 'success', 'failed', 'canceled', 'not_run']);

const at = z.iso.datetime();
const moment = at.nullable();
const actor = z.object({ kind: z.enum(['person', 'token', 'system']), id: z.string(), name: z.string() });

const diagnostic = z.object({
  severity: z.enum(['error', 'warning', 'info']),
  file: z.string().optional(),
  line: z.number().int().optional(),
  column: z.number().int().optional(),
  message: z.string(),
  hint: z.string().optional(),
});

export const runSummary = z.object({
  id: z.uuid(),
  projectId: z.uuid(),
  /** Counts from 1 within the project. */
  number: z.number().int(),
  status: runStatus,
  /** `circleci`, `jenkins`, `derived`; null until the file was compiled. */
  dialect: z.string().nullable(),
  file: z.string().nullable(),
  trigger: z.string(),
  actor,
  sha: z.string(),
  branch: z.string().nullable(),
  tag: z.string().nullable(),
  commit: z.object({ message: z.string(), author: z.object({ name: z.string(), email: z.string() }), at: moment }),
  rerunOf: z.uuid().nullable(),
  queuedAt: at,
  startedAt: moment,
  finishedAt: moment,
  /** How many jobs stand how, for a row of dots. */
  jobCounts: z.record(z.string(), z.number().int()),
});

export const stepDetail = z.object({
  /** Position within the job from 0; the step of its log's address. */
  number: z.number().int(),
  name: z.string(),
  kind: z.string(),
  status: stepStatus,
  exitCode: z.number().int().nullable(),
  /** The script of a `run` step. */
  command: z.string().nullable(),
  background: z.boolean(),
  startedAt: moment,
  finishedAt: moment,
  /** Lines of log so far. */
  lines: z.number().int(),
  cache: cacheLookup.nullable(),
});

export const jobSummary = z.object({
  id: z.uuid(),
  runId: z.uuid(),
  number: z.number().int(),
  /** `workflow/name`; the copies of a job with parallelism share it. */
  key: z.string(),
  name: z.string(),
  workflow: z.string(),
  kind: z.enum(['build', 'approval', 'no-op', 'lock', 'unlock']),
  status: jobStatus,
  /** Which copy, from 0, of how many. */
  nodeIndex: z.number().int(),
  nodeTotal: z.number().int(),
  /** Edges of the graph: keys of jobs it waits for, and in which of their outcomes it goes on. */
  requires: z.array(z.object({ key: z.string(), outcomes: z.array(z.string()) })),
  /** What was asked for, and what it ran on (null before it started). */
  wantedExecutor: z.enum(['docker', 'host']),
  executor: z.enum(['docker', 'host']).nullable(),
  image: z.string().nullable(),
  agent: z.string().nullable(),
  /** One sentence when it did not succeed. */
  reason: z.string().nullable(),
  /** One sentence while it has not begun: what it waits for. */
  waitsFor: z.string().nullable(),
  /** One sentence once that is decided: why it ran or was left out. */
  why: z.string().nullable(),
  /** What it waited for after its requirements were met: an approval, a lock, its turn, a free place. `to` is null while it waits. */
  waited: z.object({ what: z.string(), from: at, to: moment }).nullable(),
  /** The cell of a matrix it stands for, and what all cells of that matrix are called together. */
  matrix: z
    .object({ name: z.string(), values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])) })
    .nullable(),
  /** Where the pipeline file asks for it. */
  source: z.object({ file: z.string(), line: z.number().int(), column: z.number().int() }).nullable(),
  approvedBy: actor.nullable(),
  /** The job of an earlier run whose result this one took over (rerun from failed). */
  inheritedFrom: z.uuid().nullable(),
  queuedAt: moment,
  startedAt: moment,
  finishedAt: moment,
});

export const jobDetail = jobSummary.extend({
  steps: z.array(stepDetail),
  tests: z.object({
    total: z.number().int(),
    failed: z.number().int(),
    skipped: z.number().int(),
    durationMs: z.number(),
  }),
  artifacts: z.number().int(),
});

export const runDetail = runSummary.extend({
  /** Problems and notes of the pipeline file; for a derived plan, what was found and why it looks so. */
  diagnostics: z.array(diagnostic),
  jobs: z.array(jobSummary),
});

const byRun = z.object({ id: z.uuid() });
const byJob = z.object({ id: z.uuid() });
const byShell = z.object({ id: z.uuid(), shell: z.uuid() });
const shellSize = {
  rows: z.number().int().min(1).max(1000).default(24),
  columns: z.number().int().min(1).max(1000).default(80),
};
const byStep = z.object({ id: z.uuid(), step: z.coerce.number().int().min(0) });
const byProject = z.object({ project: z.string() });
const done = z.object({ ok: z.literal(true) });

/** A line of a step's log as windows and streams carry it. `text` is cut at 16 KiB (`cut`); the raw download is whole. */
export const logLine = z.object({ line: z.number().int(), at, text: z.string(), cut: z.boolean().optional() });

/**
 * The pipelines API. Beside it stand, with the same authentication:
 * - `GET /api/v1/runs/:id/stream`: server-sent events `run` whose data is a `runDetail`, one at once and one on every change;
 * - `GET /api/v1/jobs/:id/steps/:n/log/stream?offset=<bytes>`: events `lines` {offset, fromLine, lines: logLine[]} and `head`
 *   {lines, bytes, complete, skippedTo?}; the event id is the byte offset, so `Last-Event-ID` resumes. A viewer that falls
 *   behind is moved near the head (`skippedTo` is the first line sent again); the skipped lines are in the windows;
 * - `GET /api/v1/jobs/:id/steps/:n/log/raw`: the whole log as text, `Range` honoured;
 * - `GET /api/v1/artifacts/:id/content`: the bytes of an artifact.
 */
export const pipelinesApi = defineContract('pipelines', {
  listRuns: {
    method: 'GET',
    path: '/runs',
    summary: 'List runs, newest first',
    role: 'viewer',
    query: z.object({
      ...pageQuery,
      project: z.string().optional(),
      branch: z.string().optional(),
      status: runStatus.optional(),
      sha: z.string().optional(),
    }),
    response: pageOf(runSummary),
  },
  getRun: {
    method: 'GET',
    path: '/runs/:id',
    summary: 'Read a run with its jobs',
    role: 'viewer',
    params: byRun,
    response: runDetail,
  },
  startRun: {
    method: 'POST',
    path: '/projects/:project/runs',
    summary: 'Start a run of a branch, tag or commit',
    role: 'developer',
    creates: true,
    params: byProject,
    body: z.object({
      /** Branch, tag or commit; the default branch when absent. */
      ref: z.string().max(256).optional(),
      parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
    }),
    response: runSummary,
  },
  cancelRun: {
    method: 'POST',
    path: '/runs/:id/cancel',
    summary: 'Cancel a run',
    role: 'developer',
    params: byRun,
    response: done,
  },
  rerun: {
    method: 'POST',
    path: '/runs/:id/rerun',
    summary: 'Run it again, whole or from the failed jobs',
    role: 'developer',
    creates: true,
    params: byRun,
    body: z.object({ from: z.enum(['start', 'failed']).default('start') }),
    response: runSummary,
  },
  approveJob: {
    method: 'POST',
    path: '/jobs/:id/approve',
    summary: 'Approve a job that is on hold',
    role: 'developer',
    params: byJob,
    response: done,
  },
  cancelJob: {
    method: 'POST',
    path: '/jobs/:id/cancel',
    summary: 'Cancel a job',
    role: 'developer',
    params: byJob,
    response: done,
  },
  rerunForShell: {
    method: 'POST',
    path: '/jobs/:id/rerun-for-shell',
    summary: 'Run a job again in a new run, and keep its place for a shell',
    role: 'developer',
    creates: true,
    params: byJob,
    response: runSummary,
  },
  openShell: {
    method: 'POST',
    path: '/jobs/:id/shells',
    summary: 'Open a shell in the place of a running job',
    role: 'developer',
    params: byJob,
    body: z.object({
      ...shellSize,
      term: z
        .string()
        .regex(/^[\w.+-]{1,40}$/)
        .optional(),
    }),
    response: z.object({ id: z.uuid() }),
  },
  writeShell: {
    method: 'POST',
    path: '/jobs/:id/shells/:shell/input',
    summary: 'Send what was typed into a shell, or the size of its terminal',
    role: 'developer',
    params: byShell,
    body: z.object({
      /** Base64. */
      input: z.base64().max(90_000).optional(),
      size: z.object(shellSize).optional(),
    }),
    response: done,
  },
  readShell: {
    method: 'GET',
    path: '/jobs/:id/shells/:shell/output',
    summary: 'Read what a shell printed, waiting for more when there is none',
    role: 'developer',
    params: byShell,
    query: z.object({
      /** Where the last reading ended. */
      offset: z.coerce.number().int().min(0).default(0),
      waitMs: z.coerce.number().int().min(0).max(20_000).default(15_000),
    }),
    response: z.object({
      /** Base64. */
      output: z.string(),
      offset: z.number().int(),
      ended: z.object({ code: z.number().int().nullable() }).nullable(),
    }),
  },
  closeShell: {
    method: 'DELETE',
    path: '/jobs/:id/shells/:shell',
    summary: 'End a shell',
    role: 'developer',
    params: byShell,
    response: done,
  },
  getJob: {
    method: 'GET',
    path: '/jobs/:id',
    summary: 'Read a job with its steps',
    role: 'viewer',
    params: byJob,
    response: jobDetail,
  },
  readLog: {
    method: 'GET',
    path: '/jobs/:id/steps/:step/log',
    summary: 'Read a window of a step’s log',
    role: 'viewer',
    params: byStep,
    query: z.object({
      /** First line wanted, from 0; negative counts from the end. */
      fromLine: z.coerce.number().int().default(0),
      limit: z.coerce.number().int().min(1).max(5000).default(1000),
    }),
    response: z.object({
      lines: z.array(logLine),
      /** Lines and bytes so far. */
      totalLines: z.number().int(),
      totalBytes: z.number().int(),
      /** The step ended and everything it wrote is here. */
      complete: z.boolean(),
      /** Byte offset after the last line of this window: where a live stream goes on. */
      nextOffset: z.number().int(),
    }),
  },
  searchLog: {
    method: 'GET',
    path: '/jobs/:id/steps/:step/log/search',
    summary: 'Find lines of a step’s log that contain a text',
    role: 'viewer',
    params: byStep,
    query: z.object({ text: z.string().min(1).max(500), limit: z.coerce.number().int().min(1).max(1000).default(200) }),
    response: z.object({ lines: z.array(logLine), more: z.boolean() }),
  },
  listArtifacts: {
    method: 'GET',
    path: '/runs/:id/artifacts',
    summary: 'List the artifacts of a run',
    role: 'viewer',
    params: byRun,
    query: z.object({ job: z.uuid().optional() }),
    response: z.object({ items: z.array(artifact) }),
  },
  listTests: {
    method: 'GET',
    path: '/runs/:id/tests',
    summary: 'List the test results of a run, failures first',
    role: 'viewer',
    params: byRun,
    query: z.object({
      ...pageQuery,
      job: z.uuid().optional(),
      status: z.enum(['success', 'failed', 'error', 'skipped']).optional(),
      name: z.string().optional(),
    }),
    response: pageOf(testResult),
  },
  listCaches: {
    method: 'GET',
    path: '/projects/:project/caches',
    summary: 'List the caches of a project',
    role: 'viewer',
    params: byProject,
    response: z.object({ items: z.array(cache), bytes: z.number().int() }),
  },
  listSchedules: {
    method: 'GET',
    path: '/projects/:project/schedules',
    summary: 'List what runs by itself in a project, the next first',
    role: 'viewer',
    params: byProject,
    response: z.object({ items: z.array(schedule) }),
  },
  deleteCache: {
    method: 'DELETE',
    path: '/projects/:project/caches/:id',
    summary: 'Delete a cache',
    role: 'maintainer',
    params: z.object({ project: z.string(), id: z.uuid() }),
    response: done,
  },
});

export type RunSummary = z.output<typeof runSummary>;
export type RunDetail = z.output<typeof runDetail>;
export type JobSummary = z.output<typeof jobSummary>;
export type JobDetail = z.output<typeof jobDetail>;
export type LogLine = z.output<typeof logLine>;
