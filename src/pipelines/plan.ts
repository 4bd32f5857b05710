import type { Diagnostic } from '../kernel/diagnostics.ts';

export type JobKind = 'build' | 'approval' | 'no-op' | 'lock' | 'unlock';

/** How a job may end. `not_run`: a requirement was not met. `unauthorized`: an approval or context was refused. */
export type JobOutcome = 'success' | 'failed' | 'canceled' | 'unauthorized' | 'not_run';

/** A place in the pipeline file. Lines and columns count from 1. */
export interface SourcePosition {
  file: string;
  line: number;
  column: number;
}

/** What a pipeline file compiles to for one push: every workflow that applies, flat, nothing left to expand. */
export interface Plan {
  /** `circleci`, `jenkins` or `derived` (no file; made from what the repository holds). */
  dialect: string;
  /** The file it was compiled from; absent when derived. */
  file?: string | undefined;
  workflows: PlannedWorkflow[];
  /** Workflows that start by themselves on this branch as long as its file says so. */
  schedules?: PlannedSchedule[] | undefined;
  /** A setup configuration: one of its jobs continues the run with the configuration that is meant. Its parameters’ defaults. */
  setup?: { defaults: Record<string, string | number | boolean> } | undefined;
  /** Warnings and notes (for `derived`: what was found and why the plan looks so). */
  notes: Diagnostic[];
}

export interface PlannedWorkflow {
  name: string;
  jobs: PlannedJob[];
  /** How often what failed is run again by itself, 1 to 5. */
  maxAutoReruns?: number | undefined;
}

export interface PlannedSchedule {
  workflow: string;
  /** POSIX `crontab`, in UTC. */
  cron: string;
}

export interface PlannedJob {
  /** Unique within the plan: `workflow/job name`. */
  key: string;
  name: string;
  workflow: string;
  /** `approval` waits for a person, `lock` until `lockKey` is free; `unlock` gives it back; `no-op` succeeds at once. */
  kind: JobKind;
  /** What `lock` and `unlock` hold and give back, one run at a time. */
  lockKey?: string | undefined;
  /** All must have ended in one of their outcomes. Keys of jobs of the same workflow. */
  requires: { key: string; outcomes: JobOutcome[] }[];
  executor: PlannedExecutor;
  environment: Record<string, string>;
  /** Names of the secret contexts whose variables the job sees. */
  contexts: string[];
  /** Argv of the shell that runs each script, for example `/bin/bash -eo pipefail`. */
  shell: string;
  /** May begin with `~`. */
  workingDirectory: string;
  resourceClass?: string | undefined;
  /** How many copies run side by side; each sees CIRCLE_NODE_INDEX and CIRCLE_NODE_TOTAL. */
  parallelism: number;
  /** Jobs of one group run one at a time. */
  serialGroup?: string | undefined;
  /** Jobs of one span have their turn in the serial group together: a job group. */
  serialSpan?: string | undefined;
  /** The matrix cell this job stands for, and the name under which all cells of its matrix are known. */
  matrix?: Record<string, string | number | boolean> | undefined;
  matrixName?: string | undefined;
  steps: PlannedStep[];
  source?: SourcePosition | undefined;
}

export type PlannedExecutor =
  | { kind: 'docker'; images: PlannedImage[] }
  /** A whole machine, or no isolation asked for: the host executor. */
  | { kind: 'machine'; image?: string | undefined }
  | { kind: 'macos'; xcode: string };

export interface PlannedImage {
  image: string;
  /** Host name of a service container; services also answer on `localhost`. */
  name?: string | undefined;
  entrypoint?: string[] | undefined;
  command?: string[] | undefined;
  user?: string | undefined;
  environment: Record<string, string>;
  auth?: { username: string; password: string } | undefined;
}

interface StepBase {
  name: string;
  /** When it runs, given how the job stands so far. */
  when: 'on_success' | 'always' | 'on_fail';
  source?: SourcePosition | undefined;
}

export type PlannedStep = StepBase &
  (
    | {
        kind: 'run';
        command: string;
        shell?: string | undefined;
        environment: Record<string, string>;
        background: boolean;
        workingDirectory?: string | undefined;
        /** Milliseconds of silence after which it is ended. */
        noOutputTimeoutMs: number;
        maxAutoReruns?: number | undefined;
        autoRerunDelayMs?: number | undefined;
      }
    | {
        kind: 'checkout';
        path?: string | undefined;
        method?: 'blobless' | 'full' | 'shallow' | undefined;
        /** Of `shallow`: how many commits; one when it is not said. */
        depth?: number | undefined;
      }
    | { kind: 'save_cache'; key: string; paths: string[] }
    | { kind: 'restore_cache'; keys: string[] }
    | { kind: 'persist_to_workspace'; root: string; paths: string[] }
    | { kind: 'attach_workspace'; at: string }
    | { kind: 'store_artifacts'; path: string; destination?: string | undefined }
    | { kind: 'store_test_results'; path: string }
    | { kind: 'setup_remote_docker' }
    | { kind: 'add_ssh_keys'; fingerprints: string[] }
    /** Keeps the place for somebody who wants to look around in it. */
    | { kind: 'wait_for_shell' }
  );
