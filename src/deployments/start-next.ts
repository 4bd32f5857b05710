import { system } from '../kernel/events.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import { deploymentEvents } from './events.ts';
import { decideQueue, type Queued } from './queue.ts';
import { deploymentFacts } from './request-deployment.ts';
import { openDeployments, patchDeployment, startDeployment } from './store/deployments.ts';
import { lockEnvironment } from './store/environments.ts';
import { findReleases } from './store/releases.ts';

/** Moves the queue of one environment on: starts what may start, ends what a newer release has made pointless. */
export function startNext(database: Database, environmentId: string): Promise<void> {
  return database.transaction(async (tx) => {
    const environment = await lockEnvironment(tx, environmentId);
    if (!environment) return;
    const open = await openDeployments(tx, environmentId);
    const releases = new Map(
      (
        await findReleases(
          tx,
          open.map((row) => row.releaseId),
        )
      ).map((release) => [release.id, release]),
    );
    const queued = open.map(
      (row): Queued => ({
        id: row.id,
        kind: row.kind,
        status: row.startedAt !== null ? 'running' : row.status === 'on_hold' ? 'on_hold' : 'queued',
        order: row.sequence,
      }),
    );
    const decision = decideQueue(queued);
    for (const { id, by } of decision.superseded) {
      const row = open.find((each) => each.id === id)!;
      const newer = open.find((each) => each.id === by)!;
      const byVersion = releases.get(newer.releaseId)!.version;
      const lastEvent = await appendEvent(tx, deploymentEvents, 'deployment.superseded', {
        subject: `deployment:${id}`,
        projectId: environment.projectId,
        actor: system('deployments'),
        causes: [row.lastEvent, newer.lastEvent].filter((cause) => cause !== null),
        data: { ...deploymentFacts(row, environment, releases.get(row.releaseId)!, undefined), byVersion },
      });
      const reason = `${byVersion} came before it was its turn`;
      await patchDeployment(tx, id, { status: 'superseded', reason, lastEvent, finished: true });
    }
    if (decision.start) await startDeployment(tx, decision.start, environment.activeDeployment);
  });
}
