import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Diagnostic, formatDiagnostic, hasErrors } from '../kernel/diagnostics.ts';
import { system } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { pause } from '../kernel/pause.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import { BuildLog } from './build-log.ts';
import { factsOf } from './cut-release.ts';
import type { DeploymentsDeps } from './deps.ts';
import { deploymentEvents } from './events.ts';
import type { MillraceFile } from './millrace-file.ts';
import { type History, overtakenBy, readHistory, UnreadCommit } from './overtaken.ts';
import type { BuildOutput, CommitFiles, Runtime, ServiceSpec } from './port.ts';
import { readMillraceFile } from './read-millrace-file.ts';
import { requestDeployment } from './request-deployment.ts';
import { wakeLoops } from './store/deployments.ts';
import { listFedBy, syncEnvironments } from './store/environments.ts';
import { finishRebuild, finishRelease, type ReleaseRow, renewReleaseLease, returnRelease } from './store/releases.ts';
import { unpack } from './unpack.ts';

/** Builds that may break off for reasons of ours (engine away, server killed) before the release counts as failed. */
const mostAttempts = 5;

/** What a commit says about its services and environments. */
export interface Described {
  file: MillraceFile;
  services: ServiceSpec[];
  problems: Diagnostic[];
  found: string;
}

/** Reads `millrace.yaml` and the services of a commit; problems come back all at once. */
export async function describeCommit(
  deps: Pick<DeploymentsDeps, 'loader'>,
  tree: CommitFiles,
  defaultBranch: string,
): Promise<Described> {
  const name = (await tree.read('millrace.yaml')) === undefined ? 'millrace.yml' : 'millrace.yaml';
  const read = readMillraceFile(await tree.read(name), { defaultBranch, file: name });
  const loaded = await deps.loader.load(tree, read.file.services);
  const known = new Set(loaded.services.map((service) => service.name));
  const problems = [...read.problems, ...loaded.problems];
  for (const environment of read.file.environments) {
    const named = [...Object.keys(environment.replicas), ...environment.routes.map((route) => route.service)];
    for (const service of new Set(named.filter((each) => !known.has(each)))) {
      problems.push({
        severity: 'warning',
        file: name,
        message: `Environment "${environment.name}" names "${service}", which is not a service`,
        hint: known.size > 0 ? `The services are ${[...known].join(', ')}.` : undefined,
      });
    }
  }
  return { file: read.file, services: loaded.services, problems, found: loaded.found };
}

/** Builds one claimed release to its end: ready, failed or empty. Returns early when the lease is lost or `stop` aborts. */
export async function buildRelease(deps: DeploymentsDeps, release: ReleaseRow, stop: AbortSignal): Promise<void> {
  const abort = new AbortController();
  const cancel = (): void => abort.abort();
  stop.addEventListener('abort', cancel, { once: true });
  const heartbeat = setInterval(() => {
    renewReleaseLease(deps.database, release.id, release.leaseEpoch).then(
      (held) => {
        if (!held) abort.abort();
      },
      () => {},
    );
  }, 8000);
  const lines = new BuildLog(deps, release);
  try {
    const built = await build(deps, release, lines, abort.signal);
    await lines.close(abort.signal);
    await store(deps, release, built);
  } catch (error) {
    await lines.close(abort.signal);
    if (abort.signal.aborted) {
      if (stop.aborted) await returnRelease(deps.database, release.id, release.leaseEpoch);
      return;
    }
    // What failed because the disk is full is no fault of the commit, in whatever words it was told.
    const isOurs = !(error instanceof Fault) || deps.hasRoom?.() === false;
    if (isOurs && release.attempts < mostAttempts) {
      deps.log.warn({ err: error, release: release.id, attempt: release.attempts }, 'a build broke off; trying again');
      await pause(1000 * release.attempts, abort.signal);
      await returnRelease(deps.database, release.id, release.leaseEpoch);
      return;
    }
    if (!(error instanceof Fault)) deps.log.error({ err: error, release: release.id }, 'a build failed');
    const reason = error instanceof Error ? error.message : String(error);
    const hint = error instanceof Fault && error.hint ? ` ${error.hint}` : '';
    const failed = { ...nothing, status: 'failed' as const, reason: `${reason}.${hint}`.replace('..', '.') };
    await store(deps, release, failed);
  } finally {
    clearInterval(heartbeat);
    stop.removeEventListener('abort', cancel);
  }
}

type Built = Pick<ReleaseRow, 'status' | 'reason' | 'runtime' | 'file' | 'services' | 'outputs' | 'problems' | 'found'>;
const nothing: Built = {
  status: 'failed',
  reason: null,
  runtime: null,
  file: null,
  services: [],
  outputs: [],
  problems: [],
  found: 'the commit was not read',
};

async function build(deps: DeploymentsDeps, release: ReleaseRow, lines: BuildLog, signal: AbortSignal): Promise<Built> {
  const project = await deps.commits.get(release.projectId);
  const tree = await deps.commits.tree(release.projectId, release.sha);
  const described = await describeCommit(deps, tree, project.defaultBranch);
  const common: Built = { ...nothing, ...described };
  for (const problem of described.problems) lines.add('', formatDiagnostic(problem));
  if (hasErrors(described.problems)) {
    const first = described.problems.find((problem) => problem.severity === 'error')!;
    return { ...common, status: 'failed', reason: formatDiagnostic(first) };
  }
  lines.add('', described.found);
  if (described.services.length === 0) return { ...common, status: 'empty', reason: described.found };
  const runtime = await pickRuntime(deps.runtimes, lines, signal);
  const directory = join(deps.dataDir, 'deployments', 'builds', release.id);
  await rm(directory, { recursive: true, force: true });
  try {
    await unpack(await deps.commits.archive(release.projectId, release.sha), directory, signal);
    const outputs: BuildOutput[] = [];
    for (const service of described.services) {
      signal.throwIfAborted();
      const onLine = (line: string): void => lines.add(service.name, line);
      if (!service.build) {
        outputs.push(await runtime.resolve(service, onLine, signal));
        continue;
      }
      const tag = `millrace/${project.slug}/${service.name}:${release.version}`.toLowerCase();
      const begun = deps.clock.now();
      const request = { projectId: release.projectId, service, directory, tag, onLine, signal };
      const output = await runtime.build(request);
      onLine(`built ${output.digest.slice(0, 19)} in ${((deps.clock.now() - begun) / 1000).toFixed(1)} s`);
      outputs.push(output);
    }
    return { ...common, status: 'ready', runtime: runtime.kind, outputs };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function pickRuntime(runtimes: readonly Runtime[], lines: BuildLog, signal: AbortSignal): Promise<Runtime> {
  const reasons: string[] = [];
  for (const runtime of runtimes) {
    const answer = await runtime.whenReady(signal);
    signal.throwIfAborted();
    if (answer.ready) {
      for (const reason of reasons) lines.add('', reason);
      return runtime;
    }
    if (answer.hadBeen) {
      // What was built for one runtime so far does not change to another because it broke down.
      throw new Fault('unavailable', `The container engine went away (${answer.reason})`, {
        code: 'deployments.runtime-away',
        hint: 'Start it again, and cut the release again.',
      });
    }
    reasons.push(`${runtime.kind}: ${answer.reason}`);
  }
  throw new Fault('unavailable', `Nothing can run services here (${reasons.join('; ')})`, {
    code: 'deployments.no-runtime',
    hint: 'Start a container engine, or set MILLRACE_RUNTIME=process.',
  });
}

async function store(deps: DeploymentsDeps, release: ReleaseRow, built: Built): Promise<void> {
  const { defaultBranch } = await deps.commits.get(release.projectId);
  const history = built.status === 'ready' ? await readHistory(deps, release) : undefined;
  for (;;) {
    try {
      await deps.database.transaction((tx) => finish(deps, tx, release, built, { defaultBranch, history }));
      return;
    } catch (error) {
      if (!(error instanceof UnreadCommit)) throw error;
      await history?.read(error.sha);
    }
  }
}

/** Stores the end of a rebuild: nothing goes anywhere because of it, and what is said of the release stays as it was. */
async function finishAgain(tx: Transaction, release: ReleaseRow, built: Built): Promise<void> {
  const ready = built.status === 'ready';
  if (!(await finishRebuild(tx, release, ready ? built : undefined))) return;
  const base = {
    subject: `release:${release.id}`,
    projectId: release.projectId,
    actor: release.rebuild!,
    causes: release.requestedEvent ? [release.requestedEvent] : [],
  };
  const facts = factsOf(release);
  if (ready) {
    const services = built.services.map((service) => service.name);
    await appendEvent(tx, deploymentEvents, 'release.rebuilt', { ...base, data: { ...facts, services } });
  } else {
    const reason = built.reason ?? '';
    await appendEvent(tx, deploymentEvents, 'release.rebuild_failed', { ...base, data: { ...facts, reason } });
  }
  await wakeLoops(tx);
}

/** Stores the result and, when it is ready, hands it to the environments its branch feeds, in one transaction. */
async function finish(
  deps: Pick<DeploymentsDeps, 'clock'>,
  tx: Transaction,
  release: ReleaseRow,
  built: Built,
  known: { defaultBranch: string; history: History | undefined },
): Promise<void> {
  if (release.rebuild) return finishAgain(tx, release, built);
  if (!(await finishRelease(tx, { ...release, ...built }))) return;
  const base = {
    subject: `release:${release.id}`,
    projectId: release.projectId,
    actor: release.actor,
    causes: release.requestedEvent ? [release.requestedEvent] : release.causes,
  };
  const facts = factsOf(release);
  const reason = built.reason ?? '';
  if (built.status === 'failed') {
    const problems = built.problems.map(formatDiagnostic);
    await appendEvent(tx, deploymentEvents, 'release.failed', { ...base, data: { ...facts, reason, problems } });
    return;
  }
  if (built.status === 'empty') {
    await appendEvent(tx, deploymentEvents, 'release.skipped', { ...base, data: { ...facts, reason } });
    return;
  }
  const durationMs = Math.max(0, deps.clock.now() - release.createdAt);
  const services = built.services.map((service) => service.name);
  const data = { ...facts, branch: release.branch, services, durationMs };
  const cut = await appendEvent(tx, deploymentEvents, 'release.cut', { ...base, data });
  if (release.branch === known.defaultBranch && built.file && !known.history?.behind) {
    for (const change of await syncEnvironments(tx, release.projectId, built.file.environments)) {
      await appendEvent(tx, deploymentEvents, 'environment.changed', {
        ...base,
        subject: `environment:${change.id}`,
        causes: [cut],
        data: { environmentId: change.id, environment: change.name, changes: change.changes },
      });
    }
  }
  if (release.branch !== null) {
    const fed = await listFedBy(tx, release.projectId, { kind: 'branch', name: release.branch });
    for (const environment of fed) {
      const actor = system('deployments');
      const newer = known.history && (await overtakenBy(tx, environment.id, known.history));
      if (newer) {
        const told = { environmentId: environment.id, environment: environment.name, byVersion: newer.version };
        await appendEvent(tx, deploymentEvents, 'release.overtaken', {
          ...base,
          actor,
          causes: [cut],
          data: { ...facts, ...told },
        });
        continue;
      }
      await requestDeployment(tx, {
        environment,
        release,
        kind: 'deploy',
        actor,
        causes: [cut],
        reason: null,
        automatic: true,
      });
    }
  }
  await wakeLoops(tx);
}
