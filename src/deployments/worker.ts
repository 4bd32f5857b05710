import { pause } from '../kernel/pause.ts';
import type { Loop } from '../platform/room.ts';
import { buildRelease } from './build-release.ts';
import { type DriveDeps, driveRollout } from './drive-rollout.ts';
import { clearForgotten } from './forget-project.ts';
import { KeepUp } from './keep-up.ts';
import { reportEnded } from './report-ended.ts';
import { removeOldBuilds } from './retention.ts';
import { startNext } from './start-next.ts';
import {
  claimDeployments,
  deploymentsChannel,
  environmentsWithOpen,
  freeDeployments,
  releaseDeployment,
} from './store/deployments.ts';
import { claimRelease, freeReleases } from './store/releases.ts';

/** Held by the one server that looks after what serves, so that not two start what ended. */
export const keepUpLock = 'deployments.keep-up';

/** The loops of the room. Each may run on any number of servers. */
export function deploymentLoops(deps: DriveDeps): Loop[] {
  return [
    { name: 'deployments.builds', run: (signal) => builds(deps, signal) },
    { name: 'deployments.rollouts', run: (signal) => rollouts(deps, signal) },
    { name: 'deployments.keep-up', run: (signal) => keepUp(deps, signal) },
    { name: 'deployments.routes', run: (signal) => routes(deps, signal) },
    { name: 'deployments.reports', run: (signal) => reports(deps, signal) },
    { name: 'deployments.forgotten', run: (signal) => forgotten(deps, signal) },
  ];
}

/** Calls `round` whenever something changed, and every `ms` in case the word was lost, until `signal` aborts. */
async function everyChange(
  deps: DriveDeps,
  ms: number,
  signal: AbortSignal,
  round: () => Promise<void>,
): Promise<void> {
  let wake: () => void = () => {};
  const stop = await deps.database.listen(deploymentsChannel, () => wake());
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      let timer: NodeJS.Timeout | undefined;
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
        timer = setTimeout(resolve, ms);
      });
      await round();
      if (signal.aborted) wake();
      await woken;
      clearTimeout(timer);
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    stop();
  }
}

/** Milliseconds between two looks for builds nobody needs any more. */
const tidyEveryMs = 60_000;

async function builds(deps: DriveDeps, signal: AbortSignal): Promise<void> {
  await freeReleases(deps.database, deps.serverId);
  let tidied = deps.clock.now();
  await everyChange(deps, 2000, signal, async () => {
    if (deps.clock.now() - tidied >= tidyEveryMs) {
      tidied = deps.clock.now();
      await removeOldBuilds(deps);
    }
    // One build at a time: it already uses every core it can get.
    while (!signal.aborted && deps.hasRoom?.() !== false) {
      const release = await claimRelease(deps.database, deps.serverId);
      if (!release) return;
      await buildRelease(deps, release, signal);
    }
  });
}

async function rollouts(deps: DriveDeps, signal: AbortSignal): Promise<void> {
  const running = new Set<Promise<void>>();
  await freeDeployments(deps.database, deps.serverId);
  await everyChange(deps, 1000, signal, async () => {
    for (const environmentId of await environmentsWithOpen(deps.database))
      await startNext(deps.database, environmentId);
    for (const row of await claimDeployments(deps.database, deps.serverId)) {
      const job = driveRollout(deps, row, signal)
        .catch((error: unknown) =>
          deps.log.error({ err: error, deployment: row.id }, 'a rollout broke off; it will go on'),
        )
        .finally(async () => {
          running.delete(job);
          await releaseDeployment(deps.database, row.id, row.leaseEpoch).catch(() => {});
        });
      running.add(job);
    }
  });
  await Promise.allSettled(running);
}

async function keepUp(deps: DriveDeps, signal: AbortSignal): Promise<void> {
  const keeper = new KeepUp(deps);
  const lock = deps.database.lock(keepUpLock);
  try {
    while (!signal.aborted) {
      if (await lock.held()) await keeper.round();
      await pause(1000, signal);
    }
  } finally {
    await lock.release();
  }
}

async function routes(deps: DriveDeps, signal: AbortSignal): Promise<void> {
  await everyChange(deps, 5000, signal, deps.refreshRoutes);
}

async function reports(deps: DriveDeps, signal: AbortSignal): Promise<void> {
  await everyChange(deps, 2000, signal, () =>
    reportEnded(deps).catch((error: unknown) =>
      deps.log.warn({ err: error }, 'a rollout that ended is not in telemetry yet'),
    ),
  );
}

async function forgotten(deps: DriveDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clearForgotten(deps);
    await pause(30_000, signal);
  }
}
