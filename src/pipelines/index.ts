import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../platform/observe/log.ts';
import type { TelemetrySink } from '../platform/observe/telemetry-sink.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { Loop, Room } from '../platform/room.ts';
import { rerunFailed } from './auto-reruns.ts';
import { continueIntake } from './continue-intake.ts';
import { approveJob, cancelJob, cancelRun, rerun, rerunForShell, startFromRef } from './control-run.ts';
import { derivePlan } from './derive.ts';
import { pipelineEvents } from './events.ts';
import { expireRuns, trimCaches } from './expire-files.ts';
import { filesBelow, readKept } from './files.ts';
import { grantLocks } from './locks.ts';
import { pipelinesMigrations } from './migrations/index.ts';
import { performJob } from './perform.ts';
import { planWaiting } from './plan-run.ts';
import type {
  Dispatch,
  Executor,
  Lease,
  Masker,
  PipelineDialect,
  Plan,
  RunPolicy,
  RunSecrets,
  RunTokens,
  Sources,
  SourceTree,
} from './port.ts';
import { failuresNaming, listArtifacts, readJobDetail, readRunDetail } from './read.ts';
import { pipelineRoutes } from './routes.ts';
import { startDue } from './schedules.ts';
import { endOverdue } from './serial-groups.ts';
import { Shells } from './shells.ts';
import { type StartRequest, startRun } from './start.ts';
import { pipelinesChannel } from './store.ts';
import { pipelineStreams } from './streams.ts';
import { clearUp, lookForCancels, reportRuns, shipLogs } from './worker.ts';

export { pipelineEvents } from './events.ts';
export { pipelinesMigrations } from './migrations/index.ts';
export { createSources } from './sources.ts';
export type { StartRequest } from './start.ts';

export interface PipelinesDeps {
  database: Database;
  clock: Clock;
  log: Log;
  /** Logs, caches, artifacts and places stand in `pipelines/` below it. Servers on one database share it. */
  dataDir: string;
  telemetry: TelemetrySink;
  dispatch: Dispatch;
  sources: Sources;
  secrets: RunSecrets;
  /** Without it jobs get no tokens. */
  tokens?: RunTokens | undefined;
  createMasker: (values: string[]) => Masker;
  dialects: PipelineDialect[];
  executors: { docker?: Executor | undefined; host?: Executor | undefined };
  /** Address people reach this server at, for links in jobs. */
  publicUrl: () => string;
  policy?: ((projectId: string) => Promise<Partial<RunPolicy>>) | undefined;
  /** Whether the disk was full to its end at a time from `since` (Unix milliseconds) to now; its jobs then failed of that. */
  diskRanOut?: ((since: number) => Promise<boolean>) | undefined;
  /** Default 20 GB. */
  cacheLimitBytes?: number | undefined;
  /** Days after which artifacts and workspaces of a run, and caches nobody used, are removed. Default 30. */
  keepDays?: number | undefined;
}

const defaultPolicy: RunPolicy = {
  autoCancel: false,
  allowHostFallback: true,
  allowEngineAccess: true,
  jobTimeoutMs: 5 * 3_600_000,
};

/** The door of the pipelines room. */
export type Pipelines = ReturnType<typeof createPipelines>;

/** Runs, jobs and steps: planning, state, execution, logs and what jobs leave behind. */
export function createPipelines(deps: PipelinesDeps) {
  const files = filesBelow(deps.dataDir);
  const policy = async (projectId: string): Promise<RunPolicy> => ({
    ...defaultPolicy,
    ...(await deps.policy?.(projectId)),
  });
  const signals = new Signals(deps.database);
  const attended = new Set<string>();
  const canceled = new Set<string>();
  const derive = async (tree: SourceTree): Promise<Plan | undefined> =>
    derivePlan(tree, { containers: (await deps.executors.docker?.available())?.ready ?? false });
  const limits = { cacheLimitBytes: deps.cacheLimitBytes ?? 20e9, keepDays: deps.keepDays ?? 30 };
  const shared = { ...deps, derive, files, policy, ...limits };
  const shells = new Shells(() => deps.clock.now());
  const performing = { ...shared, shells, attended, isCanceled: (jobId: string) => canceled.has(jobId) };

  const loops: Loop[] = [
    { name: 'pipelines.signals', run: (signal) => signals.run(signal) },
    repeat('pipelines.plan', 1000, signals, 'plan', async () => void (await planWaiting(shared))),
    repeat('pipelines.locks', 5000, signals, 'locks', () => grantLocks(shared)),
    repeat('pipelines.schedules', 15_000, signals, undefined, () => startDue(shared)),
    repeat('pipelines.reruns', 2000, signals, undefined, () => rerunFailed(shared)),
    repeat('pipelines.cancel', 2000, signals, 'cancel', () => lookForCancels(deps.database, attended, canceled)),
    repeat('pipelines.report', 1000, signals, undefined, () => reportRuns(shared)),
    repeat('pipelines.ship', 500, signals, undefined, async (signal) => {
      while (!signal.aborted && (await shipLogs(shared)));
    }),
    repeat('pipelines.clear-up', 60_000, signals, undefined, async () => {
      await endOverdue(shared);
      await clearUp(shared);
    }),
    repeat('pipelines.expire', 600_000, signals, undefined, async () => {
      await trimCaches(shared);
      await expireRuns(shared);
    }),
  ];
  const room: Room = {
    name: 'pipelines',
    migrations: pipelinesMigrations,
    events: [pipelineEvents],
    contracts: [pipelineRoutes({ ...shared, shells })],
    intakes: [
      continueIntake(shared),
      pipelineStreams({ ...shared, onRunChange: (id, listener) => signals.on(`run:${id}`, listener) }),
    ],
    loops,
    subscriptions: [],
  };
  return {
    room,
    /** Makes a run with the id given and queues its planning; the same id twice makes one run. */
    startRun: (request: StartRequest) => startRun(deps, request),
    startFromRef: (...given: Parameters<typeof startFromRef> extends [unknown, ...infer Rest] ? Rest : never) =>
      startFromRef(deps, ...given),
    cancelRun: (id: string, actor: Parameters<typeof cancelRun>[2]) => cancelRun(deps, id, actor),
    cancelJob: (id: string, actor: Parameters<typeof cancelJob>[2]) => cancelJob(deps, id, actor),
    approveJob: (id: string, actor: Parameters<typeof approveJob>[2]) => approveJob(deps, id, actor),
    rerun: (id: string, from: 'start' | 'failed', actor: Parameters<typeof rerun>[3]) => rerun(deps, id, from, actor),
    rerunForShell: (jobId: string, actor: Parameters<typeof rerunForShell>[2]) => rerunForShell(deps, jobId, actor),
    shells,
    readRun: (id: string) => readRunDetail(deps.database, id),
    readJob: (id: string) => readJobDetail(deps.database, id),
    /** Files that the jobs of a run left, and the bytes of one; undefined once they are not kept any more. */
    listArtifacts: (runId: string) => listArtifacts(deps.database, runId, undefined),
    readArtifact: (id: string) => readKept(files.artifact(id)),
    /** Tests that failed in a time (Unix ms) and name a word in what they say, oldest first. */
    failuresNaming: (projectId: string, word: string, since: number, until: number) =>
      failuresNaming(deps.database, projectId, word, since, until),
    /** Where the log of a step stands, and its window of lines. */
    files,
    /** What agents do with a job they claimed (the `Workload` of the agents room). */
    workload: {
      perform: (lease: Lease, signal: AbortSignal) => performJob(performing, lease, signal),
      executors: () => executorStates(deps.executors),
    },
  };
}

async function executorStates(
  executors: PipelinesDeps['executors'],
): Promise<{ kind: string; ready: boolean; detail: string }[]> {
  const present = Object.values(executors).filter((executor) => executor !== undefined);
  return Promise.all(
    present.map(async (executor) => {
      const state = await executor.available();
      return { kind: executor.kind, ready: state.ready, detail: state.ready ? 'ready' : state.reason };
    }),
  );
}

/** Wake-ups from this and other servers. They can be lost, so everybody who waits for one also looks from time to time. */
class Signals {
  readonly #database: Database;
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(database: Database) {
    this.#database = database;
  }

  async run(signal: AbortSignal): Promise<void> {
    const stop = await this.#database.listen(pipelinesChannel, (payload) => this.#take(payload));
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    stop();
  }

  on(name: string, listener: () => void): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    set.add(listener);
    this.#listeners.set(name, set);
    return () => {
      set.delete(listener);
      if (set.size === 0) this.#listeners.delete(name);
    };
  }

  #take(payload: string): void {
    // Empty after a reconnect: anything may have been said meanwhile.
    const names = payload === '' ? [...this.#listeners.keys()] : [payload, payload.split(':')[0]!];
    for (const name of names) for (const listener of this.#listeners.get(name) ?? []) listener();
  }
}

/** A loop that does its work when woken by `wakeUp`, and at least every `everyMs`. */
function repeat(
  name: string,
  everyMs: number,
  signals: Signals,
  wakeUp: string | undefined,
  work: (signal: AbortSignal) => Promise<void>,
): Loop {
  return {
    name,
    async run(signal) {
      let wake: () => void = () => {};
      const stop = wakeUp === undefined ? () => {} : signals.on(wakeUp, () => wake());
      const onAbort = (): void => wake();
      signal.addEventListener('abort', onAbort);
      try {
        while (!signal.aborted) {
          const woken = new Promise<void>((resolve) => {
            wake = resolve;
          });
          await work(signal);
          const timer = setTimeout(() => wake(), everyMs);
          if (!signal.aborted) await woken;
          clearTimeout(timer);
        }
      } finally {
        signal.removeEventListener('abort', onAbort);
        stop();
      }
    },
  };
}
