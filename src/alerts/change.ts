import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import type { ChannelInput, ConditionSettings } from './api.ts';
import type { AlertsDeps } from './deps.ts';
import { aboutIncident, endIncident } from './evaluate.ts';
import { alertEvents } from './events.ts';
import { secretPlace } from './notify.ts';
import {
  acknowledge,
  type ConditionRow,
  deleteCondition,
  type IncidentRow,
  insertCondition,
  readCondition,
  readIncident,
  unclosedIncidents,
  updateCondition,
} from './store-conditions.ts';
import {
  allChannels,
  type ChannelRow,
  deleteChannel,
  readChannel,
  replaceSealedSecret,
  type StoredSettings,
  saveChannel,
} from './store-deliveries.ts';

const missing = (what: string, id: string): Fault =>
  new Fault('missing', `There is no ${what} ${id}`, { code: `alerts.${what}-not-found` });

const requireVersion = (ifMatch: string | undefined, version: number): void => {
  if (ifMatch === undefined || ifMatch === String(version)) return;
  throw new Fault('stale', 'Somebody else changed this meanwhile', {
    code: 'alerts.stale',
    hint: 'Load it again and repeat your change.',
  });
};

/** Refuses a query that cannot be evaluated now, with the evaluator's own words. */
async function tryQuery(deps: AlertsDeps, projectId: string | null, settings: ConditionSettings): Promise<void> {
  const scope = { projectId, windowSeconds: settings.windowSeconds, until: deps.clock.now() };
  try {
    await deps.evaluator.evaluate(settings.nrql, scope);
  } catch (error) {
    // A store that is away for a moment is no reason to refuse a condition.
    if (error instanceof Fault && error.kind !== 'unavailable') throw error;
    deps.log.warn({ err: error }, 'a new condition could not be tried out');
  }
}

async function conditionOf(tx: Transaction, id: string): Promise<ConditionRow> {
  const condition = await readCondition(tx, id, true);
  if (!condition) throw missing('condition', id);
  return condition;
}

const conditionFact = (condition: ConditionRow, actor: Actor) => ({
  subject: `condition:${condition.id}`,
  projectId: condition.projectId,
  actor,
  data: { conditionId: condition.id, name: condition.settings.name },
});

export async function createCondition(
  deps: AlertsDeps,
  projectId: string | null,
  settings: ConditionSettings,
  actor: Actor,
): Promise<ConditionRow> {
  await tryQuery(deps, projectId, settings);
  return deps.database.transaction(async (tx) => {
    const id = newId();
    await insertCondition(tx, id, projectId, settings);
    const condition = await conditionOf(tx, id);
    await appendEvent(tx, alertEvents, 'condition.created', conditionFact(condition, actor));
    return condition;
  });
}

/** Incidents of the old settings are closed: under the new ones they open again if they must. */
export async function changeCondition(
  deps: AlertsDeps,
  id: string,
  settings: ConditionSettings,
  ifMatch: string | undefined,
  actor: Actor,
): Promise<ConditionRow> {
  const before = await readCondition(deps.database, id);
  if (!before) throw missing('condition', id);
  await tryQuery(deps, before.projectId, settings);
  return deps.database.transaction(async (tx) => {
    const condition = await conditionOf(tx, id);
    requireVersion(ifMatch, condition.version);
    for (const incident of await unclosedIncidents(tx, id)) {
      await endIncident(tx, incident, 'The condition was changed', condition.settings.routes, deps.clock.now());
    }
    await updateCondition(tx, id, settings);
    const changed = await conditionOf(tx, id);
    await appendEvent(tx, alertEvents, 'condition.updated', conditionFact(changed, actor));
    return changed;
  });
}

export async function removeCondition(deps: AlertsDeps, id: string, actor: Actor): Promise<void> {
  await deps.database.transaction(async (tx) => {
    const condition = await conditionOf(tx, id);
    for (const incident of await unclosedIncidents(tx, id)) {
      await endIncident(tx, incident, 'The condition was deleted', condition.settings.routes, deps.clock.now());
    }
    await deleteCondition(tx, id);
    await appendEvent(tx, alertEvents, 'condition.deleted', conditionFact(condition, actor));
  });
}

export async function getIncident(deps: AlertsDeps, id: string): Promise<IncidentRow> {
  const incident = await readIncident(deps.database, id);
  if (!incident) throw missing('incident', id);
  return incident;
}

export async function acknowledgeIncident(deps: AlertsDeps, id: string, actor: Actor): Promise<IncidentRow> {
  await deps.database.transaction(async (tx) => {
    const incident = await readIncident(tx, id, true);
    if (!incident) throw missing('incident', id);
    if (incident.state === 'acknowledged') return;
    if (incident.state === 'closed') {
      throw new Fault('conflict', 'The incident is over', { code: 'alerts.incident-closed' });
    }
    await acknowledge(tx, id, actor.name, deps.clock.now());
    await appendEvent(tx, alertEvents, 'incident.acknowledged', {
      subject: `incident:${id}`,
      projectId: incident.projectId,
      actor,
      causes: [incident.eventId],
      data: { ...aboutIncident(incident), by: actor.name },
    });
  });
  return getIncident(deps, id);
}

/** Parts a channel's input into what is stored plainly and its secret: undefined keeps the old one, null removes it. */
function partSettings(input: ChannelInput['settings']): {
  settings: StoredSettings;
  secret: string | null | undefined;
} {
  if (input.kind === 'mail') {
    const { password, ...settings } = input;
    return { settings, secret: password };
  }
  const { secret, ...settings } = input;
  return { settings, secret };
}

export async function putChannel(
  deps: AlertsDeps,
  id: string | undefined,
  input: ChannelInput,
  ifMatch: string | undefined,
  actor: Actor,
): Promise<ChannelRow> {
  const { settings, secret } = partSettings(input.settings);
  const channelId = id ?? newId();
  return deps.database.transaction(async (tx) => {
    const before = await readChannel(tx, channelId, true);
    if (id !== undefined && !before) throw missing('channel', id);
    if (before) requireVersion(ifMatch, before.version);
    // A secret is good for one kind of channel and one receiver: it must not follow to another address.
    const sameReceiver = before !== undefined && receiverOf(before.settings) === receiverOf(settings);
    const kept = sameReceiver ? before.sealedSecret : null;
    const sealedSecret =
      secret === undefined ? kept : secret === null ? null : deps.keyring.seal(secret, secretPlace(channelId));
    const { name, enabled, isDefault } = input;
    await saveChannel(tx, { id: channelId, name, enabled, isDefault, settings, sealedSecret });
    await tellChannel(tx, channelId, name, before ? 'updated' : 'created', actor);
    return (await readChannel(tx, channelId))!;
  });
}

const receiverOf = (settings: StoredSettings): string =>
  settings.kind === 'mail' ? `mail ${settings.host}:${settings.port}` : `webhook ${new URL(settings.url).origin}`;

export async function removeChannel(deps: AlertsDeps, id: string, actor: Actor): Promise<void> {
  await deps.database.transaction(async (tx) => {
    const channel = await readChannel(tx, id, true);
    if (!channel) throw missing('channel', id);
    await deleteChannel(tx, id);
    await tellChannel(tx, id, channel.name, 'deleted', actor);
  });
}

export async function tellChannel(
  tx: Transaction,
  channelId: string,
  name: string,
  change: 'created' | 'updated' | 'deleted',
  actor: Actor,
): Promise<void> {
  const subject = `channel:${channelId}`;
  await appendEvent(tx, alertEvents, 'channel.changed', {
    subject,
    projectId: null,
    actor,
    data: { channelId, name, change },
  });
}

/** Seals the secrets of channels under the current key where an older one did; a channel that is changed meanwhile keeps its change. */
export async function resealChannels(deps: AlertsDeps): Promise<number> {
  let count = 0;
  for (const { id, sealedSecret } of await allChannels(deps.database)) {
    if (sealedSecret === null || sealedSecret.split('.')[1] === deps.keyring.currentKeyId()) continue;
    const sealed = await deps.keyring.rewrap(sealedSecret, secretPlace(id));
    if (await replaceSealedSecret(deps.database, id, sealedSecret, sealed)) count += 1;
  }
  return count;
}

export async function channelOf(deps: AlertsDeps, id: string): Promise<ChannelRow> {
  const channel = await readChannel(deps.database, id);
  if (!channel) throw missing('channel', id);
  return channel;
}
