import type { JobDetail, JobSummary, RunDetail, RunSummary } from './api.ts';
import type { CacheLookup } from './cache-inputs.ts';
import { type Copies, copiesOf, waitOf, whyOf } from './job-story.ts';
import type { ShownLine } from './log/read.ts';
import type { Job, Run, Step } from './run.ts';

const moment = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

export function runSummaryOf(run: Run, jobCounts: Record<string, number>): RunSummary {
  return {
    id: run.id,
    projectId: run.projectId,
    number: run.number,
    status: run.status,
    dialect: run.dialect,
    file: run.file,
    trigger: run.trigger.kind,
    actor: run.actor,
    sha: run.sha,
    branch: run.branch,
    tag: run.tag,
    commit: { message: run.commit.message, author: run.commit.author, at: moment(run.commit.at) },
    rerunOf: run.rerunOf,
    queuedAt: new Date(run.queuedAt).toISOString(),
    startedAt: moment(run.startedAt),
    finishedAt: moment(run.finishedAt),
    jobCounts,
  };
}

export function runDetailOf(run: Run, jobs: readonly Job[], waits: ReadonlyMap<string, string>): RunDetail {
  const counts: Record<string, number> = {};
  for (const job of jobs) counts[job.status] = (counts[job.status] ?? 0) + 1;
  const diagnostics = run.diagnostics as RunDetail['diagnostics'];
  const copies = copiesOf(jobs);
  return {
    ...runSummaryOf(run, counts),
    diagnostics,
    jobs: jobs.map((job) => jobSummaryOf(job, copies, waits.get(job.id))),
  };
}

/** `copies` are those of every job of its run. */
export function jobSummaryOf(job: Job, copies: Copies, waitsFor: string | undefined): JobSummary {
  const { matrix, matrixName, source } = job.spec;
  const waited = waitOf(job);
  return {
    id: job.id,
    runId: job.runId,
    number: job.number,
    key: job.key,
    name: job.name,
    workflow: job.workflow,
    kind: job.kind,
    status: job.status,
    nodeIndex: job.nodeIndex,
    nodeTotal: job.nodeTotal,
    requires: job.requires,
    wantedExecutor: job.wantedExecutor,
    executor: job.executor,
    image: job.image,
    agent: job.agent,
    reason: job.reason,
    waitsFor: waitsFor ?? null,
    why: whyOf(job, copies),
    waited: waited && { what: waited.what, from: new Date(waited.from).toISOString(), to: moment(waited.to) },
    matrix: matrix && matrixName !== undefined ? { name: matrixName, values: matrix } : null,
    source: source ?? null,
    approvedBy: job.approvedBy,
    inheritedFrom: job.inheritedFrom,
    queuedAt: moment(job.queuedAt),
    startedAt: moment(job.startedAt),
    finishedAt: moment(job.finishedAt),
  };
}

export function stepDetailOf(step: Step, cache: CacheLookup | undefined): JobDetail['steps'][number] {
  return {
    number: step.number,
    name: step.name,
    kind: step.kind,
    status: step.status,
    exitCode: step.exitCode,
    command: step.command,
    background: step.background,
    startedAt: moment(step.startedAt),
    finishedAt: moment(step.finishedAt),
    lines: step.lines,
    cache: cache ?? null,
  };
}

export const logLineOf = (line: ShownLine) => ({
  line: line.line,
  at: new Date(line.at).toISOString(),
  text: line.text,
  ...(line.cut ? { cut: true } : {}),
});
