import { system } from '../kernel/events.ts';
import { appendEvent } from '../platform/events/log.ts';
import { factsOf } from './cut-release.ts';
import type { DeploymentsDeps } from './deps.ts';
import { deploymentEvents } from './events.ts';
import { findRelease } from './store/releases.ts';
import {
  insertDiscard,
  listDiscards,
  listSurplus,
  markRemoved,
  referencesInUse,
  takeDiscard,
} from './store/retention.ts';

/** How many releases of an environment keep what was built of them, unless a setting says otherwise. */
export const defaultKeptReleases = 10;
const atOnce = 50;

type RetentionDeps = Pick<DeploymentsDeps, 'database' | 'runtimes' | 'log' | 'keepReleases'>;

/**
 * Lets builds go that are older than the last releases kept, and removes what may go. Not to be called while a build runs here: it may be
 * about to use what an earlier one left.
 */
export async function removeOldBuilds(deps: RetentionDeps): Promise<void> {
  const keep = deps.keepReleases ?? defaultKeptReleases;
  for (const id of await listSurplus(deps.database, keep, atOnce)) {
    await deps.database.transaction(async (tx) => {
      const release = await findRelease(tx, id);
      if (!release || !(await markRemoved(tx, id))) return;
      await insertDiscard(tx, { releaseId: id, version: release.version, outputs: release.outputs });
      await appendEvent(tx, deploymentEvents, 'release.build_removed', {
        subject: `release:${id}`,
        projectId: release.projectId,
        actor: system('deployments'),
        causes: [],
        data: { ...factsOf(release), services: release.outputs.map((output) => output.service), kept: keep },
      });
    });
  }
  for (const id of await listDiscards(deps.database, atOnce)) await discard(deps, id);
}

/** Removes what one release was built into; what others were built into as well stays. Tried again later when that is not possible. */
async function discard(deps: RetentionDeps, id: string): Promise<void> {
  const foreign = new Error('what was built lies with another server');
  try {
    await deps.database.transaction(async (tx) => {
      const taken = await takeDiscard(tx, id);
      if (!taken) return;
      const { outputs, version } = taken;
      const used = await referencesInUse(
        tx,
        outputs.map((output) => output.reference),
      );
      for (const runtime of deps.runtimes) {
        const unused = outputs.map((output) => ({ ...output, shared: used.has(output.reference) }));
        if (!(await runtime.discard({ version, outputs: unused }))) throw foreign;
      }
    });
  } catch (error) {
    if (error !== foreign) deps.log.warn({ err: error }, 'an old build could not be removed; it is tried again');
  }
}
