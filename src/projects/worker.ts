import { setTimeout as sleep } from 'node:timers/promises';
import { isId } from '../kernel/ids.ts';
import * as git from '../platform/git/repository.ts';
import { removeLeftovers } from '../platform/git/stale.ts';
import type { Loop } from '../platform/room.ts';
import type { ProjectsDeps } from './deps.ts';
import type { PushesUnderWay } from './git-http.ts';
import { hookLimits } from './limits.ts';
import { repositoryPath, settleProject } from './record-pushes.ts';
import { syncRemote } from './remote.ts';
import * as store from './store.ts';
import { workOffDeliveries } from './webhooks.ts';

const everyMs = 5000;
/** Comparing refs costs a git process a project: done at the start, then every minute, and while one is suspect. */
const compareEvery = 12;
/** A ref that git moved and nobody told for this long will not be told by its push any more. */
const lostAfterMs = 9000;
const remoteEveryMs = 15 * 60_000;
const housekeepingEveryMs = 3_600_000;
/** No git holds a lock this long. */
const staleLockMs = 5 * 60_000;

const pause = (ms: number, signal: AbortSignal): Promise<unknown> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

/** A signal that ends a pause early. */
export interface Waker {
  wake(): void;
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export function createWaker(): Waker {
  let woken = false;
  let stop: (() => void) | undefined;
  return {
    wake() {
      woken = true;
      stop?.();
    },
    async pause(ms, signal) {
      const early = new AbortController();
      stop = () => early.abort();
      if (!woken) await pause(ms, AbortSignal.any([signal, early.signal]));
      woken = false;
      stop = undefined;
    },
  };
}

/** The loops of the room. Any number of servers may run them on one database and one data directory. */
export function projectsLoops(deps: ProjectsDeps, underWay: PushesUnderWay, deliveries: Waker): Loop[] {
  return [
    { name: 'projects.pushes', run: (signal) => reconcile(deps, underWay, signal) },
    {
      name: 'projects.deliveries',
      async run(signal) {
        while (!signal.aborted) {
          await workOffDeliveries(deps, signal);
          await deliveries.pause(everyMs, signal);
        }
      },
    },
    { name: 'projects.remotes', run: (signal) => keepRemotesFresh(deps, signal) },
    { name: 'projects.housekeeping', run: (signal) => keepHouse(deps, signal) },
  ];
}

/**
 * Tells pushes that their server did not live to tell: receipts at once, moved refs without a receipt once they stood
 * unchanged and untold for ten seconds with no push under way here.
 */
async function reconcile(deps: ProjectsDeps, underWay: PushesUnderWay, signal: AbortSignal): Promise<void> {
  const suspects = new Map<string, { state: string; since: number }>();
  for (let round = 0; !signal.aborted; round += 1) {
    const compares = round % compareEvery === 0;
    for (const { id } of await store.allProjects(deps.database)) {
      if (signal.aborted) return;
      try {
        await settleProject(deps, id, { force: false, by: 'git', source: 'push' });
        if (compares || suspects.has(id)) await compareRefs(deps, underWay, id, suspects);
      } catch (error) {
        deps.log.warn({ err: error, projectId: id }, 'refs of a project could not be compared');
      }
    }
    await pause(everyMs, signal);
  }
}

async function compareRefs(
  deps: ProjectsDeps,
  underWay: PushesUnderWay,
  projectId: string,
  suspects: Map<string, { state: string; since: number }>,
): Promise<void> {
  // Of a mirror, refs move by fetches only, and those are told by whoever fetched.
  const isMirror = (await store.remoteOf(deps.database, projectId)) !== undefined;
  const difference = await untold(deps, projectId);
  const known = suspects.get(projectId);
  if (isMirror || difference === '' || underWay.count(projectId) > 0) {
    suspects.delete(projectId);
  } else if (known?.state !== difference) {
    suspects.set(projectId, { state: difference, since: deps.clock.now() });
  } else if (deps.clock.now() - known.since >= lostAfterMs) {
    await settleProject(deps, projectId, { force: true, by: 'git', source: 'push' });
    suspects.delete(projectId);
  }
}

/** Refs that stand elsewhere than the log says, as a text that changes when they do; empty when there are none. */
async function untold(deps: ProjectsDeps, projectId: string): Promise<string> {
  const tips = await store.tipsOf(deps.database, projectId);
  const refs = await git.refs(repositoryPath(deps.dataDir, projectId));
  const moved = refs.filter((ref) => tips.get(ref.name) !== ref.object).map((ref) => `${ref.name} ${ref.object}`);
  const here = new Set(refs.map((ref) => ref.name));
  const gone = [...tips.keys()].filter((ref) => !here.has(ref));
  return [...moved, ...gone].join('\n');
}

/** A webhook can get lost: every remote is looked at now and then anyway. */
async function keepRemotesFresh(deps: ProjectsDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const projectId of await store.takeStaleRemotes(deps.database, remoteEveryMs)) {
      if (signal.aborted) return;
      await syncRemote(deps, projectId, 'the remote').catch((error: Error) =>
        deps.log.warn({ err: error, projectId }, 'a remote could not be fetched'),
      );
    }
    await pause(60_000, signal);
  }
}

async function keepHouse(deps: ProjectsDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const { id } of await store.allProjects(deps.database)) {
      const removed = await removeLeftovers(repositoryPath(deps.dataDir, id), deps.clock.now(), staleLockMs);
      if (removed.length > 0) deps.log.warn({ projectId: id, removed }, 'a git that was killed left these behind');
    }
    await pause(housekeepingEveryMs, signal);
    if (signal.aborted) return;
    await store.forgetDeliveries(deps.database, hookLimits.keptDays);
    const pushed = await store.pushedSince(deps.database, deps.clock.now() - 2 * housekeepingEveryMs);
    for (const projectId of pushed.filter(isId)) {
      await git
        .housekeeping(repositoryPath(deps.dataDir, projectId))
        .catch((error: Error) => deps.log.warn({ err: error, projectId }, 'a repository could not be packed'));
    }
  }
}
