import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import { type CheckSettings, checkSettings } from './api.ts';
import { monitoringEvents } from './events.ts';
import type { Target } from './probe.ts';
import { aboutCheck, type RunSurroundings, runCheck } from './run.ts';
import {
  type CheckRow,
  claimOne,
  deleteCheck,
  derivedChecks,
  insertCheck,
  readCheck,
  setAcknowledgement,
  updateSettings,
} from './store.ts';

const notFound = (id: string): Fault =>
  new Fault('missing', `There is no check ${id}`, { code: 'monitoring.check-not-found' });

async function lockedCheck(tx: Transaction, id: string): Promise<CheckRow> {
  const check = await readCheck(tx, id, true);
  if (!check) throw notFound(id);
  return check;
}

const fact = (check: CheckRow, actor: Actor, causes: string[] = []) => ({
  subject: `check:${check.id}`,
  projectId: check.projectId,
  actor,
  causes,
});

export async function getCheck(around: RunSurroundings, id: string): Promise<CheckRow> {
  const check = await readCheck(around.database, id);
  if (!check) throw notFound(id);
  return check;
}

export async function createCheck(
  around: RunSurroundings,
  projectId: string | null,
  settings: CheckSettings,
  actor: Actor,
): Promise<CheckRow> {
  return around.database.transaction(async (tx) => {
    const id = newId();
    await insertCheck(tx, id, projectId, settings, { source: 'person', key: null });
    const check = await lockedCheck(tx, id);
    await appendEvent(tx, monitoringEvents, 'check.created', { ...fact(check, actor), data: aboutCheck(check) });
    return check;
  });
}

const isDerived = (check: CheckRow): Fault =>
  new Fault('conflict', `The check "${check.name}" follows its service and cannot be changed by hand`, {
    code: 'monitoring.derived-check',
    hint: 'Change the health check in the compose file, or create a check of your own.',
  });

export async function updateCheck(
  around: RunSurroundings,
  id: string,
  settings: CheckSettings,
  ifMatch: string | undefined,
  actor: Actor,
): Promise<CheckRow> {
  return around.database.transaction(async (tx) => {
    const check = await lockedCheck(tx, id);
    if (check.source === 'service') throw isDerived(check);
    if (ifMatch !== undefined && ifMatch !== String(check.version)) {
      throw new Fault('stale', 'Somebody else changed this check meanwhile', {
        code: 'monitoring.stale',
        hint: 'Load it again and repeat your change.',
      });
    }
    await updateSettings(tx, id, settings);
    const changed = await lockedCheck(tx, id);
    await appendEvent(tx, monitoringEvents, 'check.updated', { ...fact(changed, actor), data: aboutCheck(changed) });
    return changed;
  });
}

export async function removeCheck(around: RunSurroundings, id: string, actor: Actor): Promise<void> {
  await around.database.transaction(async (tx) => {
    const check = await lockedCheck(tx, id);
    if (check.source === 'service') throw isDerived(check);
    await deleteCheck(tx, id);
    await appendEvent(tx, monitoringEvents, 'check.deleted', { ...fact(check, actor), data: aboutCheck(check) });
  });
}

export async function acknowledgeCheck(
  around: RunSurroundings,
  id: string,
  comment: string,
  actor: Actor,
): Promise<CheckRow> {
  return around.database.transaction(async (tx) => {
    const check = await lockedCheck(tx, id);
    if (check.state === 'ok' || check.state === 'pending') {
      throw new Fault('conflict', `The check "${check.name}" has no problem to acknowledge`, {
        code: 'monitoring.no-problem',
      });
    }
    const at = new Date(around.clock.now()).toISOString();
    await setAcknowledgement(tx, id, { by: actor.name, comment, at });
    await appendEvent(tx, monitoringEvents, 'check.acknowledged', {
      ...fact(check, actor),
      data: { ...aboutCheck(check), comment },
    });
    return lockedCheck(tx, id);
  });
}

/** Runs a check now, whether or not it is due or enabled, and returns it with its result. */
export async function runNow(around: RunSurroundings, id: string): Promise<CheckRow> {
  const claimed = await claimOne(around.database, id, 15_000);
  if (!claimed) throw notFound(id);
  await runCheck(around, claimed, new AbortController().signal);
  return getCheck(around, id);
}

/** A deployed service that wants watching. */
export interface WatchedService {
  service: string;
  target: Target;
  intervalSeconds?: number | undefined;
}

/**
 * Makes the derived checks of an environment exactly those of `services`: new ones are created, changed ones follow, and those
 * of services that are gone are removed. Idempotent. `causes` are ids of the facts that brought it about.
 */
export async function syncServiceChecks(
  around: RunSurroundings,
  wanted: { projectId: string; environment: string; services: WatchedService[]; causes: string[]; actor: Actor },
): Promise<void> {
  const { projectId, environment, causes, actor } = wanted;
  const prefix = `${projectId}/${environment}/`;
  await around.database.transaction(async (tx) => {
    const known = new Map((await derivedChecks(tx, prefix)).map((check) => [check.sourceKey, check]));
    for (const { service, target, intervalSeconds } of wanted.services) {
      const key = prefix + service;
      const name = `${service} in ${environment}`;
      const settings = checkSettings.parse({
        name,
        target,
        intervalSeconds: intervalSeconds ?? 30,
        service,
        environment,
      });
      const existing = known.get(key);
      known.delete(key);
      if (!existing) {
        const id = newId();
        await insertCheck(tx, id, projectId, settings, { source: 'service', key });
        const check = await lockedCheck(tx, id);
        await appendEvent(tx, monitoringEvents, 'check.created', {
          ...fact(check, actor, causes),
          data: aboutCheck(check),
        });
      } else if (JSON.stringify(checkSettings.parse(existing)) !== JSON.stringify(settings)) {
        await updateSettings(tx, existing.id, settings);
        await appendEvent(tx, monitoringEvents, 'check.updated', {
          ...fact(existing, actor, causes),
          data: aboutCheck(existing),
        });
      }
    }
    for (const gone of known.values()) {
      await deleteCheck(tx, gone.id);
      await appendEvent(tx, monitoringEvents, 'check.deleted', {
        ...fact(gone, actor, causes),
        data: aboutCheck(gone),
      });
    }
  });
}
