import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { type Handlers, type MountedContract, mountOn } from '../platform/http/contract.ts';
import { alertsApi, type ChannelView, type ConditionView, type DeliveryView, type IncidentView } from './api.ts';
import {
  acknowledgeIncident,
  changeCondition,
  channelOf,
  createCondition,
  getIncident,
  putChannel,
  removeChannel,
  removeCondition,
} from './change.ts';
import type { AlertsDeps } from './deps.ts';
import { sendNow } from './notify.ts';
import {
  type ConditionRow,
  countUnclosed,
  type IncidentRow,
  listConditions,
  listIncidents,
  readCondition,
} from './store-conditions.ts';
import { allChannels, type ChannelRow, type DeliveryRow, listDeliveries, readDelivery } from './store-deliveries.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

function presentIncident(incident: IncidentRow): IncidentView {
  return {
    ...incident,
    openedAt: iso(incident.openedAt),
    acknowledgedAt: isoOrNull(incident.acknowledgedAt),
    closedAt: isoOrNull(incident.closedAt),
  };
}

function presentChannel(channel: ChannelRow): ChannelView {
  const { sealedSecret, settings, ...shown } = channel;
  const has = sealedSecret !== null;
  return {
    ...shown,
    settings: settings.kind === 'mail' ? { ...settings, hasPassword: has } : { ...settings, hasSecret: has },
  };
}

function presentDelivery(delivery: DeliveryRow): DeliveryView {
  const { key: _key, text: _text, html: _html, payload: _payload, projectId: _project, ...shown } = delivery;
  return { ...shown, createdAt: iso(delivery.createdAt), finishedAt: isoOrNull(delivery.finishedAt) };
}

/** The handlers of the room's contract. */
export const alertsRoutes = (deps: AlertsDeps): MountedContract =>
  mountOn(alertsApi, deps.database, (database) => handlersOf({ ...deps, database }));

function handlersOf(deps: AlertsDeps): Handlers<typeof alertsApi.operations> {
  const { database } = deps;
  const projectIdOf = async (project: string): Promise<string> => {
    const found = await deps.projects.find(project);
    if (!found) throw new Fault('missing', `There is no project ${project}`, { code: 'alerts.project-not-found' });
    return found.id;
  };
  const presentConditions = async (rows: ConditionRow[]): Promise<ConditionView[]> => {
    const counts = await countUnclosed(
      database,
      rows.map((row) => row.id),
    );
    return rows.map((row) => ({
      id: row.id,
      projectId: row.projectId,
      ...row.settings,
      values: row.facets.map(({ facet, value, crossed }) => ({ facet, value, crossed })),
      evaluatedAt: isoOrNull(row.evaluatedAt),
      error: row.error,
      openIncidents: counts.find((count) => count.conditionId === row.id)?.count ?? 0,
      version: row.version,
    }));
  };
  const presentCondition = async (row: ConditionRow): Promise<ConditionView> => (await presentConditions([row]))[0]!;

  return {
    async listConditions({ query }) {
      const projectId = query.project === undefined ? undefined : await projectIdOf(query.project);
      const { rows, next } = await listConditions(database, projectId, query);
      return { items: await presentConditions(rows), next };
    },
    async getCondition({ params }) {
      const row = await readCondition(database, params.id);
      if (!row)
        throw new Fault('missing', `There is no condition ${params.id}`, { code: 'alerts.condition-not-found' });
      return presentCondition(row);
    },
    async createCondition({ body, actor }) {
      const { project, ...settings } = body;
      const projectId = project === null ? null : await projectIdOf(project);
      return presentCondition(await createCondition(deps, projectId, settings, actor));
    },
    updateCondition: async ({ params, body, ifMatch, actor }) =>
      presentCondition(await changeCondition(deps, params.id, body, ifMatch, actor)),
    async deleteCondition({ params, actor }) {
      await removeCondition(deps, params.id, actor);
      return { done: true as const };
    },
    async listIncidents({ query }) {
      const projectId = query.project === undefined ? undefined : await projectIdOf(query.project);
      const { rows, next } = await listIncidents(database, { projectId, state: query.state }, query);
      return { items: rows.map(presentIncident), next };
    },
    getIncident: async ({ params }) => presentIncident(await getIncident(deps, params.id)),
    acknowledgeIncident: async ({ params, actor }) =>
      presentIncident(await acknowledgeIncident(deps, params.id, actor)),
    listChannels: async () => ({ items: (await allChannels(database)).map(presentChannel) }),
    createChannel: async ({ body, actor }) => presentChannel(await putChannel(deps, undefined, body, undefined, actor)),
    updateChannel: async ({ params, body, ifMatch, actor }) =>
      presentChannel(await putChannel(deps, params.id, body, ifMatch, actor)),
    async deleteChannel({ params, actor }) {
      await removeChannel(deps, params.id, actor);
      return { done: true as const };
    },
    async testChannel({ params, body, actor }) {
      const channel = await channelOf(deps, params.id);
      const to = channel.settings.kind === 'webhook' ? channel.settings.url : (body.to ?? channel.settings.to[0]);
      if (!to) {
        throw new Fault('invalid', 'This channel names no address', {
          code: 'alerts.no-address',
          hint: 'Say where the test message should go.',
        });
      }
      const at = deps.clock.now();
      const message = {
        id: newId(),
        to,
        subject: 'A test message from Millrace',
        text: `${actor.name} tried out the channel "${channel.name}". It works.`,
        html: null,
        payload: { event: 'alerts.channel.tested', channel: channel.name },
        at,
      };
      const outcome = await sendNow(deps, channel, message, AbortSignal.timeout(30_000));
      return { delivered: outcome.delivered, detail: outcome.detail };
    },
    async listDeliveries({ query }) {
      const projectId = query.project === undefined ? undefined : await projectIdOf(query.project);
      const { rows, next } = await listDeliveries(database, { state: query.state, projectId }, query);
      return { items: rows.map(presentDelivery), next };
    },
    async getDelivery({ params }) {
      const row = await readDelivery(database, params.id);
      if (!row) {
        throw new Fault('missing', `There is no notification ${params.id}`, { code: 'alerts.delivery-not-found' });
      }
      return { ...presentDelivery(row), text: row.text };
    },
  };
}
