import type { Diagnostic } from '../kernel/diagnostics.ts';
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
  project: { id: string; slug: string; gitUrl: string };
  pullRequest?: { number: number; fork: boolean } | undefined;
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
 * the step driver in it, and can find both again after the server was killed. All methods are idempotent by
 * `placeId`; several jobs run at once. No method may hang: each has its own deadline and rejects with a Fault.
 */
export interface Executor {
  kind: 'docker' | 'host';
  /** Whether it can work right now, and what is missing if not. Under 2 s. */
  available(): Promise<{ ready: true } | { ready: false; reason: string }>;
  /** Makes the place and starts the driver. Calling it again for a place that exists adopts that place. */
  prepare(place: PlaceRequest): Promise<Place>;
  /** Finds a place made before a restart; undefined when it is gone. */
  adopt(placeId: string): Promise<Place | undefined>;
  /** Ends everything in the place and removes it. Never rejects because it is already gone. */
  destroy(placeId: string): Promise<void>;
}

export interface PlaceRequest {
  placeId: string;
  /** Directory on the server shared with the driver: scripts in, output and exit status out. */
  controlDir: string;
  images: PlannedImage[];
  workingDirectory: string;
  environment: Record<string, string>;
  cpus?: number | undefined;
  memoryBytes?: number | undefined;
  /** Shown to people while images are pulled or made. */
  onProgress(line: string): void;
}

export interface Place {
  placeId: string;
  /** Absolute path of the working directory as the job sees it. */
  workingDirectory: string;
  home: string;
  /** Path of `controlDir` as the job sees it. */
  controlDir: string;
  /** Copies a tar stream into a directory of the place (made when missing); keeps modes and links. */
  copyIn(directory: string, tar: NodeJS.ReadableStream): Promise<void>;
  /** A tar stream of a file or directory of the place, names relative to `path`'s parent. Rejects `missing` when absent. */
  copyOut(path: string): Promise<NodeJS.ReadableStream>;
  /** Ends the process group of the step under way: TERM, then KILL after `graceMs`. */
  interrupt(graceMs: number): Promise<void>;
  /** Resolves when the place itself dies (container gone, driver killed) before it was destroyed. */
  lost: Promise<string>;
}
