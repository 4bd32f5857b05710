import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAgents } from '../../src/agents/index.ts';
import { openDocker } from '../../src/integrations/docker/client.ts';
import { createDockerExecutor } from '../../src/integrations/docker/executor.ts';
import { createHostExecutor } from '../../src/integrations/host/executor.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { system } from '../../src/kernel/events.ts';
import { newId } from '../../src/kernel/ids.ts';
import { createPipelines } from '../../src/pipelines/index.ts';
import { openWorkingTree } from '../../src/pipelines/local-sources.ts';
import type {
  PipelineDialect,
  Plan,
  PlannedJob,
  PlannedStep,
  RunPolicy,
  RunTokens,
  Trigger,
} from '../../src/pipelines/port.ts';
import { openLog } from '../../src/platform/observe/log.ts';
import type { TelemetryRecord } from '../../src/platform/observe/telemetry-sink.ts';
import { openDatabase } from '../../src/platform/postgres/database.ts';
import { createMasker } from '../../src/secrets/masker.ts';

/** Project of all test runs. */
export const testProject = '01900000-0000-7000-8000-000000000001';

export interface EngineOptions {
  url: string;
  /** Shared by servers that are to share their files. */
  dataDir: string;
  serverId?: string | undefined;
  /** Holds `pipeline.json`: the plan itself. */
  repository: string;
  slots?: number | undefined;
  name?: string | undefined;
  docker?: boolean | undefined;
  policy?: Partial<RunPolicy> | undefined;
  secrets?: { name: string; value: string }[] | undefined;
  tokens?: RunTokens | undefined;
  /** Asked before `pipeline.json`. */
  dialects?: PipelineDialect[] | undefined;
}

/** The pipelines and agents rooms as the program builds them, on a real PostgreSQL, planning from `pipeline.json`. */
export async function startEngine(options: EngineOptions) {
  const database = openDatabase(options.url);
  const log = openLog({ level: 'warn' });
  const tree = await openWorkingTree(options.repository, testProject);
  const records: TelemetryRecord[] = [];
  const agents = createAgents({
    database,
    log,
    serverId: options.serverId ?? 'one',
    name: options.name ?? 'test',
    slots: options.slots ?? 4,
    workload: () => pipelines.workload,
  });
  const pipelines = createPipelines({
    database,
    clock: systemClock,
    log,
    dataDir: options.dataDir,
    telemetry: { write: async (batch) => void records.push(...batch) },
    dispatch: agents,
    sources: tree.sources,
    secrets: { forRun: async ({ trusted }) => (trusted ? (options.secrets ?? []) : []) },
    tokens: options.tokens,
    createMasker,
    dialects: [
      ...(options.dialects ?? []),
      {
        name: 'json',
        files: ['pipeline.json'],
        lint: () => [],
        compile: async ({ text }) =>
          text.startsWith('{')
            ? { plan: JSON.parse(text) as Plan, problems: [] }
            : { plan: undefined, problems: [{ severity: 'error', message: 'not a plan', line: 1, column: 1 }] },
      },
    ],
    executors: {
      host: createHostExecutor(),
      ...(options.docker ? { docker: createDockerExecutor({ docker: openDocker() }) } : {}),
    },
    publicUrl: () => 'http://localhost:7400',
    policy: async () => options.policy ?? {},
  });
  const stopping = new AbortController();
  setMaxListeners(100, stopping.signal);
  const loops = [...pipelines.room.loops, ...agents.room.loops].map((loop) =>
    loop.run(stopping.signal).catch((error: unknown) => log.error({ err: error, loop: loop.name }, 'a loop died')),
  );
  return {
    database,
    pipelines,
    agents,
    records,
    /** Starts a run of the repository as it stands. */
    start: (runId = newId(), branch = 'main', message = 'A change', parameters: Trigger['parameters'] = {}) =>
      pipelines.startRun({
        runId,
        project: tree.project,
        sha: tree.sha,
        branch,
        kind: 'push',
        parameters,
        commit: { ...tree.commit, message },
        actor: system('test'),
        causes: [],
      }),
    async until<Value>(look: () => Promise<Value | undefined | false>, ms = 60_000): Promise<Value> {
      for (const deadline = Date.now() + ms; Date.now() < deadline; ) {
        const value = await look();
        if (value) return value;
        await sleep(20);
      }
      throw new Error('It never came to that');
    },
    /** Waits for the run's end. */
    async ended(runId: string) {
      return this.until(async () => {
        const run = await pipelines.readRun(runId);
        return run.finishedAt !== null && run;
      });
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops);
      await database.close();
    },
  };
}

export type Engine = Awaited<ReturnType<typeof startEngine>>;

export async function temporaryDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-engine-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A planned job with defaults. */
export function job(name: string, steps: PlannedStep[], more: Partial<PlannedJob> = {}): PlannedJob {
  return {
    key: `main/${name}`,
    name,
    workflow: 'main',
    kind: 'build',
    requires: [],
    executor: { kind: 'machine' },
    environment: {},
    contexts: [],
    shell: '/bin/bash -eo pipefail',
    workingDirectory: '~/project',
    parallelism: 1,
    steps,
    ...more,
  };
}

export const requires = (...names: string[]): Pick<PlannedJob, 'requires'> => ({
  requires: names.map((name) => ({ key: `main/${name}`, outcomes: ['success'] })),
});

export function run(command: string, more: Partial<PlannedStep & { kind: 'run' }> = {}): PlannedStep {
  return {
    kind: 'run',
    name: command.split('\n')[0]!.slice(0, 60),
    when: 'on_success',
    command,
    environment: {},
    background: false,
    noOutputTimeoutMs: 600_000,
    ...more,
  };
}

export const planOf = (...jobs: PlannedJob[]): string =>
  JSON.stringify({ dialect: 'json', notes: [], workflows: [{ name: 'main', jobs }] } satisfies Plan);
