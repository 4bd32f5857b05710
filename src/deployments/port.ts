import type { Diagnostic } from '../kernel/diagnostics.ts';

/** One service of a release, as described by a Compose file (or derived from a Dockerfile), with defaults filled in. */
export interface ServiceSpec {
  name: string;
  /** Made from the repository; absent for a ready image. */
  build?:
    | { context: string; dockerfile: string; args: Record<string, string>; target?: string | undefined }
    | undefined;
  image?: string | undefined;
  command?: string[] | undefined;
  entrypoint?: string[] | undefined;
  environment: Record<string, string>;
  /** Container ports. The first is the one the gateway and health checks use. */
  ports: { container: number; published?: number | undefined }[];
  healthcheck?: Healthcheck | undefined;
  dependsOn: { service: string; condition: 'service_started' | 'service_healthy' | 'service_completed_successfully' }[];
  volumes: { source: string; target: string; readOnly: boolean; kind: 'volume' | 'bind' | 'tmpfs' }[];
  replicas: number;
  workingDirectory?: string | undefined;
  user?: string | undefined;
  stopSignal: string;
  stopGraceMs: number;
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

/** Reads the services of a commit. Pure apart from reading the tree. */
export interface ServiceLoader {
  load(
    tree: {
      list(): Promise<string[]>;
      read(path: string): Promise<string | undefined>;
    },
    file: string | undefined,
  ): Promise<{ services: ServiceSpec[]; problems: Diagnostic[] }>;
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
  available(): Promise<{ ready: true } | { ready: false; reason: string }>;
  /** Builds one service from an unpacked commit. Output lines go to `onLine` as they come. */
  build(request: {
    projectId: string;
    service: ServiceSpec;
    directory: string;
    tag: string;
    onLine(line: string): void;
    signal: AbortSignal;
  }): Promise<BuildOutput>;
  /** Starts (or adopts) one instance and resolves once it is started, healthy or not. */
  start(request: InstanceRequest): Promise<Instance>;
  /** Everything of this environment that runs now, by instance id. */
  list(environmentId: string): Promise<Instance[]>;
  /** Asks it to stop (its signal), kills after the grace time, removes it. */
  stop(instanceId: string, graceMs: number): Promise<void>;
  /** Runs the health check once. */
  probe(instance: Instance, check: Healthcheck): Promise<{ healthy: boolean; detail: string }>;
}

export interface InstanceRequest {
  instanceId: string;
  projectId: string;
  environmentId: string;
  /** Instances of one group see each other by service name; backing services are in every group of their environment. */
  group: string;
  service: ServiceSpec;
  output: BuildOutput | { kind: 'pull'; reference: string };
  environment: Record<string, string>;
  /** Service name to the address others reach it at, for runtimes without name resolution. */
  onLine(line: string, stream: 'stdout' | 'stderr', at: number): void;
}

export interface Instance {
  instanceId: string;
  service: string;
  group: string;
  state: 'starting' | 'running' | 'exited';
  exitCode?: number | undefined;
  /** Loopback address of the first port, for the gateway. */
  address?: { host: string; port: number } | undefined;
}

/** Answers the questions a rollout asks of telemetry. Fulfilled by the telemetry room. */
export interface Verification {
  /** Whether `where` (an NRQL query ending in a comparison) holds for this scope. Missing data is `unknown`. */
  holds(
    where: string,
    scope: { projectId: string; environment: string; release: string; since: number },
  ): Promise<{
    verdict: 'holds' | 'fails' | 'unknown';
    value: number | null;
    explanation: string;
  }>;
}
