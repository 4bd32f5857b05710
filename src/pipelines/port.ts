import type { Diagnostic } from '../kernel/diagnostics.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import type { Extent } from './checkout-plan.ts';
import type { Plan, PlannedImage } from './plan.ts';

export type * from './plan.ts';

/** What triggered a run, as the pipeline file can ask about it. */
export interface Trigger {
  kind: 'push' | 'pull-request' | 'api' | 'schedule' | 'local';
  branch?: string | undefined;
  tag?: string | undefined;
  sha: string;
  /** Values given for pipeline parameters. */
  parameters: Record<string, string | number | boolean>;
  /** Everything `pipeline.*` and CIRCLE_* need besides. */
  pipeline: { id: string; number: number };
  project: { id: string; slug: string; gitUrl: string; defaultBranch?: string | undefined };
  /** Of `sha`; absent in runs stored before it was kept. */
  commit?: { message: string; author: { name: string; email: string } } | undefined;
  pullRequest?: { number: number; fork: boolean } | undefined;
  /** Of `kind: 'schedule'`: the workflow whose time has come. Absent when the whole file shall run. */
  schedule?: { workflow: string } | undefined;
  /** The file was given by a setup configuration. `inherited` are parameters the run began with, which it need not declare. */
  continued?: { inherited: string[] } | undefined;
  /** A person repeats a run to enter this job’s place: the job runs again, and stays. */
  shell?: { key: string } | undefined;
  /** Of an automatic rerun: which one it is, from 1, and of which workflows; the others stay as they ended. */
  autoRerun?: { number: number; workflows: string[] } | undefined;
}

/** Files of the commit, read on demand. Pure compilers get it as a value-like reader with no side effects. */
export interface SourceTree {
  /** Paths from the root, `/`-separated; bounded to 50,000. */
  list(): Promise<string[]>;
  /** Content, or undefined when there is no such file. Files over 5 MB are refused with a Fault. */
  read(path: string): Promise<string | undefined>;
}

/** A pipeline language. Compilation is pure: same tree and trigger, same plan; no clock, no network. */
export interface PipelineDialect {
  /** `circleci`, `jenkins`. */
  name: string;
  /** Where its file is looked for, first match wins. */
  files: string[];
  /** Never throws for what a person wrote: problems come back all at once. */
  compile(source: {
    file: string;
    text: string;
    tree: SourceTree;
    trigger: Trigger;
  }): Promise<{ plan: Plan; problems: Diagnostic[] } | { plan: undefined; problems: Diagnostic[] }>;
  /** Checks a file without a trigger: no server, no network. */
  lint(file: string, text: string): Diagnostic[];
}

/**
 * Where a job runs. An executor prepares one place (a container and its services, or a directory on the host), starts
 * the step driver (`driver.sh` of the control directory) in it once, and can find both again after the server was killed.
 * All methods are idempotent by `placeId`; several jobs run at once. No method may hang: each has its own deadline and
 * rejects with a Fault.
 */
export interface Executor {
  kind: 'docker' | 'host';
  /** Whether it can work right now, and what is missing if not. Under 2 s. */
  available(): Promise<{ ready: true } | { ready: false; reason: string }>;
  /**
   * As `available`, but one that worked before in the life of this server (`hadBeen`) is waited for as long as its patience
   * lasts: it may only be restarting, and what asked for it is not moved elsewhere because of that.
   */
  whenReady(signal: AbortSignal): Promise<{ ready: true } | { ready: false; reason: string; hadBeen: boolean }>;
  /** Makes the place and starts the driver, which waits for `go`. A place that exists is adopted instead. */
  prepare(request: PlaceRequest): Promise<Place>;
  /** Finds a place made before a restart; undefined when it was never made or is removed. One whose driver died is found, and `lost`. */
  adopt(request: PlaceRequest): Promise<Place | undefined>;
  /** Ends everything in the place and removes it, the control directory aside. Never rejects because it is already gone. */
  destroy(placeId: string): Promise<void>;
}

export interface PlaceRequest {
  placeId: string;
  /** Directory on the server shared with the driver: its program in, output and exit status out. */
  controlDir: string;
  /** Directory of its own that the host executor may fill; removed with the place. */
  placeDir: string;
  /** The first is where the driver runs, the others are services. Empty on the host. */
  images: PlannedImage[];
  /** Gives the job the container engine's socket (`setup_remote_docker`). */
  engineAccess: boolean;
  cpus?: number | undefined;
  memoryBytes?: number | undefined;
  /** Shown to people while images are pulled or made. */
  onProgress(line: string): void;
}

/** Code of the `unavailable` Fault of a place that cannot be reached at the moment: the same may be asked again. */
export const placeAwayCode = 'pipelines.place-away';

/** Methods reject with a `placeAwayCode` Fault while the place cannot be reached; `lost` says when that is for good. */
export interface Place {
  /** Path of `controlDir` as the job sees it. */
  controlDir: string;
  /**
   * Unpacks a tar stream, or a tar file of the server, into a directory of the place (made when missing); keeps modes, links and, in
   * a container, the owners the archive names; on the host everything belongs to the server's user.
   */
  copyIn(directory: string, tar: NodeJS.ReadableStream | { file: string }): Promise<void>;
  /**
   * Moves the content of a directory of the server into a directory of the place that is absent or empty, where that spares copying it.
   * False when it does not, with nothing moved.
   */
  moveIn?(directory: string, from: string): Promise<boolean>;
  /** A tar stream of a file or directory of the place, names relative to `path`'s parent. Rejects with a `missing` Fault when absent. */
  copyOut(path: string): Promise<NodeJS.ReadableStream>;
  /** Signals a process group of the place. No error when it is gone. */
  signal(group: number, name: 'TERM' | 'KILL'): Promise<void>;
  /** Runs a script of `/bin/sh` with a terminal, for a person; it ends with the place. */
  shell(script: string, size: ShellSize): Promise<ShellProcess>;
  /** Resolves with a sentence when the driver ended (by itself or not) or the place is gone. */
  lost: Promise<string>;
  /** Stops watching the place; it lives on. */
  release(): void;
}

export interface ShellSize {
  rows: number;
  columns: number;
  /** Kind of the terminal, for TERM. */
  term?: string | undefined;
}

export interface ShellProcess {
  output: NodeJS.ReadableStream;
  write(bytes: Buffer): void;
  /** Does nothing where a terminal cannot be told. */
  resize(size: ShellSize): Promise<void>;
  /** Its exit status; null when it is not known. */
  ended: Promise<number | null>;
  close(): void;
}

/** The repositories that runs are made of. Fulfilled by the projects room; for `millrace run` by the working tree. */
export interface Sources {
  /** A project by id or slug; undefined when there is none. */
  project(idOrSlug: string): Promise<RunProject | undefined>;
  /** Files of a commit. */
  tree(projectId: string, sha: string): SourceTree;
  /** The commit a branch, tag or commit id stands for; undefined when there is none. */
  resolve(projectId: string, ref: string): Promise<{ sha: string; branch?: string; tag?: string } | undefined>;
  commit(projectId: string, sha: string): Promise<RunCommit>;
  /**
   * Fills `directory` (absent or empty) with a clone, `.git` included, whose HEAD is the commit, on its branch where it has one.
   * The clone shares nothing with the repository it was made of.
   */
  checkout(request: {
    projectId: string;
    sha: string;
    branch?: string | undefined;
    tag?: string | undefined;
    extent: Extent;
    directory: string;
  }): Promise<void>;
}

export interface RunProject {
  id: string;
  slug: string;
  defaultBranch: string;
  gitUrl: string;
}

export interface RunCommit {
  message: string;
  author: { name: string; email: string };
  /** Unix milliseconds; null when unknown. */
  at: number | null;
}

/** Values of secrets a job may see. Fulfilled by the secrets room, which logs the access. */
export interface RunSecrets {
  /** `trusted: false` (a fork's pull request) gets none. Throws a Fault for a context the project may not use. */
  forRun(request: {
    projectId: string;
    contexts: string[];
    trusted: boolean;
    /** `run:<id>`, for the list of who read what. */
    reader: string;
  }): Promise<{ name: string; value: string }[]>;
}

/** Signs tokens by which jobs prove to others who they are (`CIRCLE_OIDC_TOKEN`). Fulfilled by the secrets room. */
export interface RunTokens {
  /** The same subject, version and second give the same token. */
  issue(
    subject: TokenSubject,
    token: { version: 1 | 2; audience?: string | undefined; nowSeconds: number },
  ): Promise<string>;
}

export interface TokenSubject {
  projectId: string;
  projectSlug: string;
  actorId: string;
  runId: string;
  jobId: string;
  workflow: string;
  contexts: string[];
  /** Address of the repository without its scheme. */
  origin: string;
  /** `refs/heads/main`. */
  ref: string;
  sha: string;
  shellRerun: boolean;
}

/**
 * Hands jobs to agents. Fulfilled by the agents room. All three belong to the caller's transaction, so a job and its
 * place in the queue never disagree.
 */
export interface Dispatch {
  /**
   * Puts a job into the queue. Jobs of one `group` run one at a time, in the order they came; those of one `span` have their
   * turn together, until `endSpan`.
   */
  offer(
    tx: Transaction,
    work: { id: string; projectId: string; group?: string | undefined; span?: string | undefined },
  ): Promise<void>;
  endSpan(tx: Transaction, span: string): Promise<void>;
  /** Takes a job out that nobody claimed yet; one that is claimed stays with its agent. */
  withdraw(tx: Transaction, id: string): Promise<void>;
  /** The holder of this epoch is done. False when the job was given to another meanwhile: then nothing may be written. */
  complete(tx: Transaction, id: string, epoch: number): Promise<boolean>;
}

/** A claimed job, as the agents room hands it over. */
export interface Lease {
  workId: string;
  /** Grows with every claim; a write under an older epoch is refused. */
  epoch: number;
  agent: string;
}

/** What a team set for its runs. */
export interface RunPolicy {
  /**
   * Cancel unfinished runs of a branch when a newer one begins. The default branch, scheduled runs and reruns are left alone. Default
   * false.
   */
  autoCancel: boolean;
  /** Run jobs that ask for docker on the host when no engine answers. Default true. */
  allowHostFallback: boolean;
  /** Give jobs with `setup_remote_docker` the engine's socket. Default true (trusted runs only). */
  allowEngineAccess: boolean;
  /** Longest a job may run, in milliseconds. Default 5 h. */
  jobTimeoutMs: number;
}

/** Hides a fixed set of secrets in all their encoded forms. */
export interface Masker {
  text(text: string): string;
  /** A masker for one stream of bytes in pieces. It never holds anything back behind a line feed. */
  open(): MaskStream;
}

export interface MaskStream {
  /** Takes the next bytes, gives those that are certain by now. */
  push(chunk: Buffer): Buffer;
  /** The rest. */
  end(): Buffer;
}
