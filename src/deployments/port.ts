import type { Readable } from 'node:stream';
import type { Diagnostic } from '../kernel/diagnostics.ts';

/** One service of a release, as described by a Compose file (or derived from a Dockerfile), with defaults filled in. */
export interface ServiceSpec {
  name: string;
  /** Made from the repository; absent for a ready image. Paths are relative to the root of the commit. */
  build?:
    | { context: string; dockerfile: string; args: Record<string, string>; target?: string | undefined }
    | undefined;
  image?: string | undefined;
  command?: string[] | undefined;
  entrypoint?: string[] | undefined;
  environment: Record<string, string>;
  /**
   * Values of `environment` that refer to variables: an environment's own variables and secrets fill them when it is
   * deployed, `otherwise` stands where it has none. `environment` holds the same values filled with `otherwise`.
   */
  templates?: Record<string, ({ text: string } | { variable: string; otherwise: string })[]> | undefined;
  /** Container ports (TCP). The first is the one the gateway and health checks use. */
  ports: { container: number; published?: number | undefined }[];
  healthcheck?: Healthcheck | undefined;
  dependsOn: {
    service: string;
    condition: 'service_started' | 'service_healthy' | 'service_completed_successfully';
    required: boolean;
  }[];
  volumes: { source: string; target: string; readOnly: boolean; kind: 'volume' | 'bind' | 'tmpfs' }[];
  replicas: number;
  workingDirectory?: string | undefined;
  user?: string | undefined;
  stopSignal: string;
  stopGraceMs: number;
  /** What happens when it ends by itself. A service others wait for to complete is never restarted. */
  restart: 'no' | 'on-failure' | 'always';
  labels: Record<string, string>;
  cpus?: number | undefined;
  memoryBytes?: number | undefined;
  /**
   * A service without `build` keeps state or is shared (a database): it is one per environment, kept across releases
   * and remade only when its own description changes.
   */
  kind: 'application' | 'backing';
  /** How it runs without a container engine; from `x-millrace.process` in the Compose file, else from the Dockerfile. */
  process?: { build?: string | undefined; command?: string | undefined } | undefined;
}

export interface Healthcheck {
  /** `http`: GET path must answer below 400. `command`: run inside the service. `tcp`: the first port accepts. */
  test: { kind: 'http'; path: string } | { kind: 'command'; argv: string[] } | { kind: 'tcp' };
  intervalMs: number;
  timeoutMs: number;
  retries: number;
  startPeriodMs: number;
}

/** Files of one commit, read on demand. */
export interface CommitFiles {
  /** Paths from the root, `/`-separated. */
  list(): Promise<string[]>;
  /** Content, or undefined when there is no such file. */
  read(path: string): Promise<string | undefined>;
}

/** Reads the services of a commit. Pure apart from reading the tree; never throws for what a person wrote. */
export interface ServiceLoader {
  /** `files`: Compose files, later ones override earlier ones; undefined: look in the usual places. */
  load(
    tree: CommitFiles,
    files: string[] | undefined,
  ): Promise<{
    services: ServiceSpec[];
    problems: Diagnostic[];
    /** In one sentence, where the services were found, or why there are none. */
    found: string;
  }>;
}

/** An immutable result of a build: an image id, or for processes a directory that is never written again. */
export interface BuildOutput {
  service: string;
  kind: 'image' | 'directory';
  /** Image id `sha256:...`, or absolute directory. */
  reference: string;
  digest: string;
}

/** Where services run. Idempotent by instance id; adopts what it finds after a restart; no method may hang. */
export interface Runtime {
  kind: 'docker' | 'process';
  /** Whether it can work right now. Under 2 s. */
  available(): Promise<{ ready: true } | { ready: false; reason: string }>;
  /**
   * As `available`, but one that worked before in the life of this server (`hadBeen`) is waited for as long as its patience
   * lasts: it may only be restarting, and what was asked of it is not moved elsewhere because of that.
   */
  whenReady(signal: AbortSignal): Promise<{ ready: true } | { ready: false; reason: string; hadBeen: boolean }>;
  /** Builds one service from an unpacked commit. Output lines go to `onLine` as they come. Rejects with a Fault. */
  build(request: BuildRequest): Promise<BuildOutput>;
  /**
   * Fixes what a service without `build` is: the digest of its image, fetched when it is not here yet.
   * Rejects with an `unprocessable` Fault when this runtime cannot run it at all.
   */
  resolve(service: ServiceSpec, onLine: (line: string) => void, signal: AbortSignal): Promise<BuildOutput>;
  /** Whether an output can still be started here. */
  holds(output: BuildOutput): Promise<boolean>;
  /**
   * Removes what a release was built into, but for what is shared with a release that is kept. Images that were only fetched stay. False
   * when these outputs lie with another server, which is to be asked instead. Idempotent.
   */
  discard(request: { version: string; outputs: (BuildOutput & { shared: boolean })[] }): Promise<boolean>;
  /** Starts (or adopts) one instance and resolves once it is started, healthy or not. At most 60 s. */
  start(request: InstanceRequest): Promise<Instance>;
  /** Whether instances go on when the server dies. If not, what was last seen of them is void at the next start. */
  readonly outlivesServer: boolean;
  /**
   * Everything of this environment that exists now, whatever its state. Rejects with an `unavailable` Fault while the runtime
   * cannot be asked; what it then finds ended may have been taken along, for no fault of its own.
   */
  list(environmentId: string): Promise<Instance[]>;
  /** Asks it to stop (its signal), kills after the grace time, removes it. Resolves when it is gone; also when it never was. */
  stop(instanceId: string, graceMs: number): Promise<void>;
  /** Ends and removes every instance of an environment and what only they used. Volumes stay. Also when there is nothing. */
  clear(environmentId: string): Promise<void>;
  /** Runs the health check once, within its timeout. Never rejects. */
  probe(instance: Instance, check: Healthcheck): Promise<{ healthy: boolean; detail: string }>;
  /** Lets go of log streams and connections. `process` also ends what it runs, since nothing may outlive the server. */
  close(): Promise<void>;
}

export interface BuildRequest {
  projectId: string;
  service: ServiceSpec;
  /** The unpacked commit. */
  directory: string;
  /** `<project>/<service>:<release>`; lower case. */
  tag: string;
  onLine(line: string): void;
  signal: AbortSignal;
}

export interface InstanceRequest {
  instanceId: string;
  projectId: string;
  environmentId: string;
  /** Instances of one group see each other by service name; backing services are in every group of their environment. */
  group: string;
  service: ServiceSpec;
  output: BuildOutput;
  environment: Record<string, string>;
  /** What it may reach by service name: its own group and the backing services, itself included. */
  peers: { service: string; instanceId: string; ports: number[] }[];
  /** Unix milliseconds after which lines are wanted, when output was followed before a restart of the server. */
  linesAfter?: number | undefined;
  /** Output, line by line, in order per stream; `at` in Unix milliseconds (fractions allowed). */
  onLine(line: string, stream: 'stdout' | 'stderr', at: number): void;
}

/** Group name of backing services. */
export const backingGroup = 'backing';

export interface Instance {
  instanceId: string;
  service: string;
  group: string;
  state: 'starting' | 'running' | 'exited';
  exitCode?: number | undefined;
  /** Why it is not running, when known. */
  detail?: string | undefined;
  /** Where the gateway reaches the first port from this machine. */
  address?: { host: string; port: number } | undefined;
}

/** Answers the questions a rollout asks of telemetry. Fulfilled by the telemetry room. */
export interface Verification {
  /** Whether `where` (an NRQL query ending in a comparison) holds for this scope. Missing data is `unknown`. Under 10 s. */
  holds(
    where: string,
    scope: { projectId: string; environment: string; release: string; since: number },
  ): Promise<{
    verdict: 'holds' | 'fails' | 'unknown';
    value: number | null;
    explanation: string;
  }>;
  /**
   * Ids of facts that speak against a release since it began to serve (errors first seen in it, alerts that opened), nearest
   * first, at most 10: the causes a rollback names besides the deployment itself. Under 1 s.
   */
  against(scope: { projectId: string; environment: string; release: string; since: number }): Promise<string[]>;
}

/** Where deployed services send errors and telemetry, as they see it from inside. Fulfilled by the composition root. */
export interface IntakeAddresses {
  forServices(request: {
    projectId: string;
    runtime: 'docker' | 'process';
  }): Promise<{ sentryDsn: string; otlpEndpoint: string; otlpHeaders: string }>;
}

/** What this room asks of projects; the projects door fits. */
export interface Commits {
  /** By id or slug; rejects with a `missing` Fault. */
  get(idOrSlug: string): Promise<{ id: string; slug: string; name: string; defaultBranch: string }>;
  tree(projectId: string, sha: string): CommitFiles;
  /** The commit as a tar stream, names relative to the root of the repository. */
  archive(projectId: string, sha: string): Readable;
  /** Full sha of a branch, tag or sha. */
  resolve(projectId: string, ref: string): Promise<string | undefined>;
  commit(projectId: string, ref: string): Promise<CommitFacts | undefined>;
  /** Commits reachable from `to` and not from `from`, newest first. */
  commitsBetween(projectId: string, from: string | null, to: string, limit: number): Promise<CommitFacts[]>;
}

export interface CommitFacts {
  sha: string;
  message: string;
  author: { name: string; email: string };
  /** Unix milliseconds. */
  committedAt: number;
}

/** What this room asks of secrets; the secrets door fits. */
export interface EnvironmentSecrets {
  /** @param request.reader who reads, for the access list: `deployment:<id>` */
  forEnvironment(request: {
    projectId: string;
    environment: string;
    reader: string;
  }): Promise<{ name: string; value: string }[]>;
  /** Hides these values, and their encoded forms, in text. */
  createMasker(values: Iterable<string>): { text(text: string): string };
}
