import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createAgents } from '../agents/index.ts';
import { openDocker } from '../integrations/docker/client.ts';
import { createDockerExecutor } from '../integrations/docker/executor.ts';
import { createHostExecutor } from '../integrations/host/executor.ts';
import { systemClock } from '../kernel/clock.ts';
import { type Actor, system } from '../kernel/events.ts';
import { isId, newId } from '../kernel/ids.ts';
import type { JobDetail, RunDetail } from '../pipelines/api.ts';
import { createPipelines } from '../pipelines/index.ts';
import { openWorkingTree } from '../pipelines/local-sources.ts';
import type { PipelineDialect, Plan, Trigger } from '../pipelines/port.ts';
import { openStepLog } from '../pipelines/read.ts';
import { eventMigrations } from '../platform/events/log.ts';
import { openDataDirectory } from '../platform/files/data-directory.ts';
import { openLog } from '../platform/observe/log.ts';
import { openDatabase } from '../platform/postgres/database.ts';
import { startPostgres } from '../platform/postgres/embedded.ts';
import { migrate } from '../platform/postgres/migrations.ts';
import { createMasker } from '../secrets/index.ts';
import { readServerId } from './server-id.ts';
import { createSupervisor } from './supervisor.ts';

export interface LocalRunOptions {
  /** The working tree: what stands there now runs, committed or not. */
  directory: string;
  /** Keeps caches and the store of local runs from one to the next. */
  dataDir: string;
  dialects: PipelineDialect[];
  branch?: string | undefined;
  tag?: string | undefined;
  parameters: Trigger['parameters'];
  /** Given to jobs as variables and masked in their output. */
  secrets: { name: string; value: string }[];
  /** Only this job, without what it requires. */
  job?: string | undefined;
  /** Everything on this machine, also jobs that ask for an image. */
  withoutContainers: boolean;
}

/** A run of a working tree on this machine, under way. */
export interface LocalRun {
  runId: string;
  readRun(): Promise<RunDetail>;
  readJob(jobId: string): Promise<JobDetail>;
  /** Lines of a step from `fromLine` on, and whether the step will write no more. */
  readLines(jobId: string, step: number, fromLine: number): Promise<{ lines: string[]; complete: boolean }>;
  approve(jobId: string): Promise<void>;
  cancel(): Promise<void>;
  /** Ends everything that was started here; a job under way is interrupted. */
  stop(): Promise<void>;
}

const person: Actor = system('command line');
const loopGraceMs = 8_000;
const window = 5_000;

/**
 * Runs the pipeline of a working tree here, with the engine, the executors and the store of the server, and nothing else of
 * it: no telemetry is kept, nobody is notified, no release is cut. One local run at a time for each `dataDir`.
 */
export async function runLocally(options: LocalRunOptions): Promise<LocalRun> {
  const undos: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const undo of undos.splice(0).reverse()) await undo();
  };
  try {
    const held = await openDataDirectory(options.dataDir);
    undos.push(() => held.release());
    await mkdir(join(held.path, 'log'), { recursive: true });
    const log = openLog({ level: 'warn', path: join(held.path, 'log', 'local.log') });
    const postgres = await startPostgres({ dataDir: join(held.path, 'postgres'), log });
    undos.push(() => postgres.stop());
    const database = openDatabase(postgres.url);
    undos.push(() => database.close());

    const tree = await openWorkingTree(options.directory, projectIdOf(options.directory));
    const agents = createAgents({
      database,
      log,
      serverId: await readServerId(held.path),
      name: 'here',
      workload: () => pipelines.workload,
    });
    const pipelines = createPipelines({
      database,
      clock: systemClock,
      log,
      dataDir: held.path,
      telemetry: { write: async () => {} },
      dispatch: agents,
      sources: tree.sources,
      secrets: { forRun: async () => options.secrets },
      createMasker,
      dialects: options.dialects.map((dialect) => (options.job ? onlyJob(dialect, options.job) : dialect)),
      executors: {
        host: createHostExecutor(),
        ...(options.withoutContainers ? {} : { docker: createDockerExecutor({ docker: openDocker() }) }),
      },
      publicUrl: () => 'http://localhost',
    });
    await migrate(database, [...eventMigrations, ...pipelines.room.migrations, ...agents.room.migrations]);
    const supervisor = createSupervisor(systemClock, log);
    for (const loop of [...pipelines.room.loops, ...agents.room.loops]) supervisor.start(loop);
    undos.push(() => supervisor.stop(loopGraceMs));

    // What an earlier process left unfinished here shall not go on beside this run.
    const last = join(held.path, 'last-run');
    const left = (await readFile(last, 'utf8').catch(() => '')).trim();
    if (isId(left))
      await pipelines.cancelRun(left, person).catch((error: unknown) => log.warn({ err: error }, 'left as it is'));
    const runId = newId();
    await writeFile(last, runId);
    await pipelines.startRun({
      runId,
      project: tree.project,
      sha: tree.sha,
      branch: options.tag === undefined ? (options.branch ?? tree.branch ?? 'main') : undefined,
      tag: options.tag,
      kind: 'local',
      parameters: options.parameters,
      commit: tree.commit,
      actor: person,
      causes: [],
    });
    return {
      runId,
      readRun: () => pipelines.readRun(runId),
      readJob: (jobId) => pipelines.readJob(jobId),
      async readLines(jobId, number, fromLine) {
        const { step, log: reader } = await openStepLog({ database, files: pipelines.files }, jobId, number);
        const ended = !['pending', 'running'].includes(step.status);
        if (!reader) return { lines: [], complete: ended };
        try {
          const found = await reader.window(fromLine, window);
          return { lines: found.lines.map((line) => line.text), complete: ended && found.nextLine >= found.totalLines };
        } finally {
          await reader.close();
        }
      },
      approve: async (jobId) => void (await pipelines.approveJob(jobId, person)),
      cancel: async () => void (await pipelines.cancelRun(runId, person)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The same directory is the same project in every run, so that it finds its caches. */
function projectIdOf(directory: string): string {
  const hex = createHash('sha256').update(resolve(directory)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function onlyJob(dialect: PipelineDialect, name: string): PipelineDialect {
  return {
    ...dialect,
    async compile(source) {
      const compiled = await dialect.compile(source);
      if (!compiled.plan) return compiled;
      const plan = reduced(compiled.plan, name);
      if (plan.workflows.length > 0) return { plan, problems: compiled.problems };
      const known = compiled.plan.workflows.flatMap((workflow) => workflow.jobs.map((job) => job.name));
      const message = `No job called "${name}" runs here`;
      const hint = `These do: ${known.join(', ')}.`;
      return { plan: undefined, problems: [...compiled.problems, { severity: 'error', message, hint }] };
    },
  };
}

function reduced(plan: Plan, name: string): Plan {
  const workflows = plan.workflows
    .map((workflow) => ({
      ...workflow,
      jobs: workflow.jobs.filter((job) => job.name === name).map((job) => ({ ...job, requires: [] })),
    }))
    .filter((workflow) => workflow.jobs.length > 0);
  return { ...plan, workflows };
}
