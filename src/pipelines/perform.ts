import { rm } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { formatDuration } from '../kernel/durations.ts';
import { system } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import { type Attendance, attend } from './attend.ts';
import { continueRun } from './continue-run.ts';
import { tellGo, wasBegun, writeControl } from './driver/control.ts';
import type { DriverStep } from './driver/program.ts';
import { builtInEnvironment, jobEnvironment } from './environment.ts';
import type { Files } from './files.ts';
import { stepRows } from './job-rows.ts';
import { NoteLog } from './log/pump.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import {
  type Dispatch,
  type Executor,
  type Lease,
  type Masker,
  type PipelineDialect,
  type Place,
  type PlaceRequest,
  type PlannedJob,
  placeAwayCode,
  type RunPolicy,
  type RunSecrets,
  type RunTokens,
  type Sources,
} from './port.ts';
import { resourcesOf, unrunnable } from './resources.ts';
import type { Job, Run, Step } from './run.ts';
import type { Shells } from './shells.ts';
import { partKeys } from './ssh-keys.ts';
import { holdsJob, insertSteps, listSteps, notify, readJob, readRun, saveSteps, takeJob } from './store.ts';
import { readTimings, splitsTests } from './timings.ts';
import { tokenIssuer, tokensOf } from './tokens.ts';
import { applyFact } from './transition.ts';

export interface PerformDeps {
  database: Database;
  clock: Clock;
  log: Log;
  files: Files;
  dispatch: Dispatch;
  sources: Sources;
  dialects: PipelineDialect[];
  secrets: RunSecrets;
  tokens?: RunTokens | undefined;
  createMasker: (values: string[]) => Masker;
  executors: { docker?: Executor | undefined; host?: Executor | undefined };
  policy: (projectId: string) => Promise<RunPolicy>;
  publicUrl: () => string;
  shells: Shells;
  /** Whether somebody wants this running job ended. */
  isCanceled: (jobId: string) => boolean;
  /** Whether the disk was full to its end at a time from `since` (Unix milliseconds) to now. */
  diskRanOut?: ((since: number) => Promise<boolean>) | undefined;
  /** Told of jobs as they begin and end to be attended, so that their cancels are looked for. */
  attended: Set<string>;
}

/** The lease was lost: another server has the job, and nothing may be written. */
class Fenced extends Error {}

const agent = system('pipelines agent');

/**
 * Runs a claimed job to its end, or takes it up where a killed server left it. Resolves when the job has ended, or was
 * left because `signal` aborted or the lease went to another.
 */
export async function performJob(deps: PerformDeps, lease: Lease, signal: AbortSignal): Promise<void> {
  const taken = await takeJob(deps.database, lease.workId, lease.epoch);
  const run = taken && (await readRun(deps.database, taken.runId));
  if (!taken || !run) {
    await deps.database.transaction((tx) => deps.dispatch.complete(tx, lease.workId, lease.epoch));
    return;
  }
  try {
    const job = taken.status === 'running' ? taken : await begin(deps, lease, run, taken, signal);
    if (job) await carryOut(deps, lease, run, job, signal);
  } catch (error) {
    if (!(error instanceof Fenced)) throw error;
    deps.log.warn({ jobId: lease.workId, epoch: lease.epoch }, 'a job went to another server; it is left alone here');
  }
}

/** Chooses where the job runs and marks it running. Undefined when it ended instead. */
async function begin(
  deps: PerformDeps,
  lease: Lease,
  run: Run,
  job: Job,
  signal: AbortSignal,
): Promise<Job | undefined> {
  const chosen = await chooseExecutor(deps, job, signal);
  if (signal.aborted) return undefined;
  if ('reason' in chosen) {
    await finish(deps, lease, job, { status: 'infrastructure_fail', reason: chosen.reason }, []);
    return undefined;
  }
  return deps.database.transaction(async (tx) => {
    if (!(await holdsJob(tx, job.id, lease.epoch))) throw new Fenced();
    await insertSteps(tx, stepRows(job));
    const update = { executor: chosen.executor.kind, agent: lease.agent };
    await applyFact(deps, tx, run.id, { kind: 'started', jobId: job.id }, { actor: agent, update });
    const now = await readJob(tx, job.id);
    if (now?.status === 'running') return now;
    await deps.dispatch.complete(tx, job.id, lease.epoch);
    return undefined;
  });
}

async function chooseExecutor(
  deps: PerformDeps,
  job: Job,
  signal: AbortSignal,
): Promise<{ executor: Executor } | { reason: string }> {
  const refused = unrunnable(job.spec);
  if (refused) return { reason: refused };
  const { docker, host } = deps.executors;
  const policy = await deps.policy(job.projectId);
  if (job.wantedExecutor === 'host') return host ? { executor: host } : { reason: 'This server has no host executor' };
  let reason = 'No container engine is set up';
  if (docker) {
    const state = await docker.whenReady(signal);
    if (state.ready) return { executor: docker };
    // Jobs of one run do not change places because an engine broke down between them.
    if (state.hadBeen) return { reason: `The container engine went away (${state.reason})` };
    reason = state.reason;
  }
  if (host && policy.allowHostFallback) return { executor: host };
  return { reason: `${reason}, and running on the host instead is not allowed` };
}

async function carryOut(deps: PerformDeps, lease: Lease, run: Run, job: Job, signal: AbortSignal): Promise<void> {
  const executor = deps.executors[job.executor!];
  const steps = await listSteps(deps.database, job.id);
  const controlDir = deps.files.control(job.id);
  if (!executor) {
    await finish(
      deps,
      lease,
      job,
      { status: 'infrastructure_fail', reason: `No ${job.executor} executor here` },
      steps,
    );
    return;
  }
  const policy = await deps.policy(job.projectId);
  const secrets = await secretsOf(deps, run, job);
  if ('reason' in secrets) {
    await finish(deps, lease, job, { status: 'failed', reason: secrets.reason }, steps);
    return;
  }
  const project = await deps.sources.project(job.projectId);
  const tokens = project ? await tokensOf(deps.tokens, run, job, project) : {};
  const masker = deps.createMasker([
    ...secrets.map((secret) => secret.value),
    ...Object.values(tokens),
    ...(run.continuationKey ? [run.continuationKey] : []),
  ]);
  const builtIn = project ? { ...builtInEnvironment(run, job, project, deps.publicUrl()), ...tokens } : {};
  const { keys, variables } = partKeys(secrets);
  const environment = jobEnvironment(variables, builtIn, job.spec.environment);

  deps.attended.add(job.id);
  try {
    const place = await settleIn(deps, lease, run, job, { executor, controlDir, environment, masker, policy, steps });
    if ('reason' in place) {
      await finish(deps, lease, job, { status: 'infrastructure_fail', reason: place.reason }, steps);
    } else {
      deps.shells.attach(job, place);
      await tellGo(controlDir);
      const ending = await attend({
        context: {
          database: deps.database,
          sources: deps.sources,
          files: deps.files,
          run,
          job,
          place,
          environment,
          sshKeys: keys,
          shells: deps.shells,
          mask: masker.text,
          now: () => deps.clock.now(),
        },
        place,
        log: deps.log,
        controlDir,
        masker,
        jobStartedAt: job.startedAt ?? deps.clock.now(),
        jobTimeoutMs: policy.jobTimeoutMs,
        cancelRequested: () => job.cancelRequested || deps.isCanceled(job.id),
        steps,
        save: (changed) => save(deps, lease, job, changed),
        onContinue: continuer(deps, run),
        onToken: Object.keys(tokens).length > 0 && project ? tokenIssuer(deps, run, job, project) : undefined,
        signal,
      });
      if (ending.kind === 'left') return;
      await finish(deps, lease, job, await outcomeOf(deps, job, steps, ending, policy), steps);
    }
  } finally {
    deps.attended.delete(job.id);
    deps.shells.detach(job.id);
  }
  try {
    await executor.destroy(job.id);
    await rm(dirname(controlDir), { recursive: true, force: true });
  } catch (error) {
    // The job has ended whatever becomes of its place, which is looked for again from time to time.
    deps.log.warn({ err: error, jobId: job.id }, 'the place of an ended job could not be removed yet');
  }
}

/** What continues the run for jobs of a setup configuration. What fails here is answered, so that the job does not wait for ever. */
function continuer(deps: PerformDeps, run: Run): Attendance['onContinue'] {
  const key = run.continuationKey;
  if (key === null) return undefined;
  return async (body) => {
    try {
      const given = typeof body === 'object' && body !== null ? body : {};
      return await continueRun(deps, { 'continuation-key': key, ...given });
    } catch (error) {
      deps.log.error({ err: error, runId: run.id }, 'a run could not be continued');
      return { status: 500, message: 'The server could not continue the run; its log says why.' };
    }
  };
}

/** What the job may see; a context it may not use is its failure, not the server's. */
async function secretsOf(
  deps: PerformDeps,
  run: Run,
  job: Job,
): Promise<{ name: string; value: string }[] | { reason: string }> {
  const { projectId } = job;
  const { trusted } = run;
  try {
    return await deps.secrets.forRun({ projectId, contexts: job.spec.contexts, trusted, reader: `run:${run.id}` });
  } catch (error) {
    if (!(error instanceof Fault) || error.kind === 'unavailable') throw error;
    return { reason: error.message };
  }
}

/** Finds the job's place again, or makes it. What people should know of it is in the log of step 0. */
async function settleIn(
  deps: PerformDeps,
  lease: Lease,
  run: Run,
  job: Job,
  making: {
    executor: Executor;
    controlDir: string;
    environment: Record<string, string>;
    masker: Masker;
    policy: RunPolicy;
    steps: Step[];
  },
): Promise<Place | { reason: string }> {
  const { executor, controlDir, masker, policy } = making;
  const now = (): number => deps.clock.now();
  const request: PlaceRequest = {
    placeId: job.id,
    controlDir,
    placeDir: deps.files.place(job.id),
    images: job.spec.executor.kind === 'docker' ? job.spec.executor.images : [],
    engineAccess:
      run.trusted && policy.allowEngineAccess && job.spec.steps.some((step) => step.kind === 'setup_remote_docker'),
    ...resourcesOf(job.spec, { cpus: availableParallelism(), memoryBytes: totalmem() }),
    onProgress: () => {},
  };
  const prepare = making.steps[0]!;
  let known: Place | undefined;
  try {
    known = await executor.adopt(request);
  } catch (error) {
    if (!(error instanceof Fault && error.code === placeAwayCode)) throw error;
    return { reason: error.message };
  }
  if (known && prepare.status === 'success') return known;
  if (!known && (await wasBegun(controlDir))) {
    // The driver ran and its place is gone; what it told before counts still.
    return { ...gone(controlDir), lost: Promise.resolve('The place where the job ran is gone') };
  }
  const startedAt = now();
  const log = await NoteLog.open(deps.files.log(job.id, 0), now, masker.text);
  request.onProgress = (line) => log.say(line);
  Object.assign(prepare, { status: 'running', startedAt });
  await save(deps, lease, job, [prepare]);
  for (const line of introduction(job, lease)) log.say(line);
  let place: Place | { reason: string };
  try {
    if (!known) {
      const timings = splitsTests(job) ? await readTimings(deps.database, job) : undefined;
      const continues = run.continuationKey !== null;
      await writeControl(controlDir, {
        ...controlFiles(job.spec, making.environment),
        ...{ continues, timings, tokens: making.environment.CIRCLE_OIDC_TOKEN !== undefined },
      });
    }
    place = known ?? (await executor.prepare(request));
    log.say(`Ready after ${formatDuration(now() - startedAt)}`);
  } catch (error) {
    const reason = masker.text(error instanceof Error ? error.message : String(error));
    log.say(`Error: ${reason}`);
    place = { reason: `The environment could not be prepared: ${reason}` };
  }
  await log.close();
  const status = 'reason' in place ? 'failed' : 'success';
  Object.assign(prepare, { status, finishedAt: now(), lines: log.lines });
  await save(deps, lease, job, [prepare]);
  return place;
}

/** A place of which only the control directory is left. */
function gone(controlDir: string): Omit<Place, 'lost'> {
  const refuse = (): Promise<never> => Promise.reject(new Error('The place where the job ran is gone'));
  return { controlDir, copyIn: refuse, copyOut: refuse, signal: async () => {}, shell: refuse, release: () => {} };
}

function introduction(job: Job, lease: Lease): string[] {
  const lines = [
    `Job ${job.name}${job.nodeTotal > 1 ? ` (copy ${job.nodeIndex + 1} of ${job.nodeTotal})` : ''} on ${lease.agent}`,
  ];
  if (job.executor === 'docker') return [...lines, `In a container of ${job.image}`];
  if (job.wantedExecutor === 'docker') {
    lines.push(
      `Notice: the job asks for the image ${job.image}, but no container engine answers, so it runs on the host instead`,
    );
  }
  lines.push('Notice: the host executor does not isolate: steps run as the server’s user, in a fresh home directory');
  return lines;
}

function controlFiles(
  spec: PlannedJob,
  environment: Record<string, string>,
): Omit<Parameters<typeof writeControl>[1], 'continues' | 'tokens'> {
  const scripts = new Map<number, string>();
  const steps = spec.steps.map((step, index): DriverStep => {
    const number = index + 1;
    if (step.kind !== 'run') return { number, kind: 'ask', when: step.when };
    scripts.set(number, step.command);
    return {
      number,
      kind: 'run',
      when: step.when,
      shell: step.shell ?? spec.shell,
      environment: step.environment,
      workingDirectory: step.workingDirectory,
      background: step.background,
      reruns: step.maxAutoReruns ?? 0,
      rerunDelayMs: step.autoRerunDelayMs ?? 0,
    };
  });
  return { program: { workingDirectory: spec.workingDirectory, steps }, environment, scripts };
}

async function save(deps: PerformDeps, lease: Lease, job: Job, changed: Step[]): Promise<void> {
  await deps.database.transaction(async (tx) => {
    if (!(await holdsJob(tx, job.id, lease.epoch))) throw new Fenced();
    await saveSteps(tx, changed);
    await notify(tx, `run:${job.runId}`);
  });
}

/** Stores the end of a job with all that follows from it, and gives its lease back, in one transaction. */
async function finish(deps: PerformDeps, lease: Lease, job: Job, outcome: Outcome, steps: Step[]): Promise<void> {
  await deps.database.transaction(async (tx) => {
    if (!(await holdsJob(tx, job.id, lease.epoch))) throw new Fenced();
    if (!(await deps.dispatch.complete(tx, job.id, lease.epoch))) throw new Fenced();
    await saveSteps(
      tx,
      steps.map((step) => (step.status === 'pending' ? { ...step, status: 'not_run' } : step)),
    );
    const { status, ...update } = outcome;
    await applyFact(deps, tx, job.runId, { kind: 'finished', jobId: job.id, status }, { actor: agent, update });
  });
}
