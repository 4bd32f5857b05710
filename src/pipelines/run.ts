import type { Diagnostic } from '../kernel/diagnostics.ts';
import type { Actor } from '../kernel/events.ts';
import type { PlannedJob, RunCommit, Trigger } from './port.ts';
import type { JobStatus, RunStatus } from './run-state.ts';

/** A run as stored. Times are Unix milliseconds. */
export interface Run {
  id: string;
  projectId: string;
  number: number;
  status: RunStatus;
  canceling: boolean;
  dialect: string | null;
  file: string | null;
  trigger: Trigger;
  sha: string;
  branch: string | null;
  tag: string | null;
  /** False for a fork's pull request: no secrets, caches of its own, no engine. */
  trusted: boolean;
  commit: RunCommit;
  actor: Actor;
  diagnostics: Diagnostic[];
  rerunOf: string | null;
  rerunFrom: 'start' | 'failed' | null;
  /** Id of the run's last fact, the cause of the next. */
  event: string | null;
  planned: boolean;
  /** Of a setup configuration: what its jobs prove themselves with when they continue the run, and defaults of its parameters. */
  continuationKey: string | null;
  setup: { defaults: Trigger['parameters'] } | null;
  /** By workflow: how often what failed is run again by itself. */
  autoReruns: Record<string, number> | null;
  queuedAt: number;
  startedAt: number | null;
  finishedAt: number | null;
}

/** A job as stored: one copy of a planned job. */
export interface Job {
  id: string;
  runId: string;
  projectId: string;
  number: number;
  position: number;
  key: string;
  name: string;
  workflow: string;
  kind: PlannedJob['kind'];
  nodeIndex: number;
  nodeTotal: number;
  requires: PlannedJob['requires'];
  spec: PlannedJob;
  status: JobStatus;
  wantedExecutor: 'docker' | 'host';
  image: string | null;
  executor: 'docker' | 'host' | null;
  agent: string | null;
  epoch: number;
  cancelRequested: boolean;
  reason: string | null;
  approvedBy: Actor | null;
  inheritedFrom: string | null;
  failedTests: number;
  queuedAt: number | null;
  startedAt: number | null;
  finishedAt: number | null;
}

export type StepStatus = 'pending' | 'running' | 'success' | 'failed' | 'canceled' | 'not_run';

/** A step as stored. Step 0 is the making of the place; the planned steps follow from 1. */
export interface Step {
  jobId: string;
  number: number;
  name: string;
  kind: string;
  command: string | null;
  background: boolean;
  status: StepStatus;
  exitCode: number | null;
  lines: number;
  startedAt: number | null;
  finishedAt: number | null;
}

/** The id under which a job's steps, log, tests and artifacts are kept: its own, or that of the job it took over. */
export const recordOf = (job: Pick<Job, 'id' | 'inheritedFrom'>): string => job.inheritedFrom ?? job.id;

/** Whether a commit asks for no run: `[skip ci]` or `[ci skip]` in the first 250 characters of its message. */
export function skipsRun(message: string): boolean {
  return /\[(skip ci|ci skip)\]/i.test(message.slice(0, 250));
}

/** The executor a planned job asks for. */
export const wantedExecutorOf = (job: PlannedJob): 'docker' | 'host' =>
  job.executor.kind === 'docker' ? 'docker' : 'host';
