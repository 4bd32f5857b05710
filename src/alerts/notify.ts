import { system } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvent } from '../platform/events/log.ts';
import { enqueue } from '../platform/jobs/queue.ts';
import { createWorker } from '../platform/jobs/worker.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import type { Loop } from '../platform/room.ts';
import type { AlertsDeps } from './deps.ts';
import { alertEvents } from './events.ts';
import type { ChannelSettings, DeliveryOutcome, Message } from './port.ts';
import {
  allChannels,
  type ChannelRow,
  type DeliveryRow,
  insertDelivery,
  readChannel,
  readDelivery,
  saveAttempt,
} from './store-deliveries.ts';

/** A message that someone is to get. */
export interface Notification {
  /** The same key is one message, however often it is asked for: an event's id and who is told, for example. */
  key: string;
  kind: 'mail' | 'webhook';
  /** Address or URL; absent: those the channel names. */
  to?: string | null | undefined;
  /** Absent: the default mail channel, or every default webhook channel. */
  channelId?: string | undefined;
  subject: string;
  text: string;
  html?: string | null | undefined;
  /** What a program reads; `event` names what happened. */
  payload?: Record<string, unknown> | undefined;
  /** Ids of the facts it tells about. */
  causes: string[];
  projectId: string | null;
}

export const deliveryJobs = 'alerts.deliver';

/**
 * Puts a message into the outbox in the caller's transaction: it is sent if and only if that commits, tried again while the receiver is
 * away, and never put in twice. A mail while no mail server is set up is kept, for people to read here; where a channel cannot send,
 * that is recorded as a failed delivery.
 * @returns ids of the deliveries that were made now
 */
export async function notify(tx: Transaction, wanted: Notification, now: number): Promise<string[]> {
  const channels = wanted.channelId
    ? [await readChannel(tx, wanted.channelId)].filter((channel) => channel !== undefined)
    : (await allChannels(tx)).filter((channel) => channel.settings.kind === wanted.kind && channel.isDefault);
  const usable = channels.filter((channel) => channel.enabled);
  const made: string[] = [];
  const put = async (
    channel: ChannelRow | undefined,
    to: string,
    state: 'waiting' | 'failed' | 'kept',
    detail: string,
  ): Promise<void> => {
    const delivery: DeliveryRow = {
      id: newId(now),
      key: `${wanted.key}/${channel?.id ?? 'none'}/${to}`,
      channelId: channel?.id ?? null,
      channel: channel?.name ?? '',
      kind: channel?.settings.kind ?? wanted.kind,
      to,
      subject: wanted.subject,
      text: wanted.text,
      html: wanted.html ?? null,
      payload: wanted.payload ?? {},
      causes: wanted.causes,
      projectId: wanted.projectId,
      state,
      attempts: 0,
      detail,
      createdAt: now,
      finishedAt: state === 'waiting' ? null : now,
    };
    if (!(await insertDelivery(tx, delivery))) return;
    made.push(delivery.id);
    if (state === 'waiting') await enqueue(tx, { kind: deliveryJobs, key: delivery.id, payload: { id: delivery.id } });
    else await tell(tx, delivery);
  };
  if (usable.length === 0) {
    const to = wanted.to ?? '';
    if (channels.length > 0) await put(undefined, to, 'failed', 'The channel is switched off');
    else if (wanted.channelId) await put(undefined, to, 'failed', 'The channel was deleted');
    // A webhook nobody set up is nothing missing: there is no one who expects it.
    else if (wanted.kind === 'mail') await put(undefined, to, 'kept', 'No mail server is set up: it can be read here');
    return made;
  }
  for (const channel of usable) {
    const receivers = receiversOf(channel, wanted.to ?? null);
    if (receivers.length === 0)
      await put(channel, '', 'failed', `Neither the message nor the channel "${channel.name}" names an address`);
    for (const to of receivers) await put(channel, to, 'waiting', '');
  }
  return made;
}

function receiversOf(channel: ChannelRow, to: string | null): string[] {
  if (channel.settings.kind === 'webhook') return [channel.settings.url];
  return to === null ? channel.settings.to : [to];
}

/** Sends one message through a channel, secrets opened, without the outbox. */
export async function sendNow(
  deps: AlertsDeps,
  channel: ChannelRow,
  message: Message,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const { settings } = channel;
  const notifier = deps.notifiers.find((one) => one.kind === settings.kind);
  if (!notifier) return { delivered: false, permanent: true, detail: `This server cannot send by ${settings.kind}` };
  const secret =
    channel.sealedSecret === null ? null : await deps.keyring.open(channel.sealedSecret, secretPlace(channel.id));
  const opened: ChannelSettings =
    settings.kind === 'mail'
      ? { ...settings, password: secret }
      : { kind: 'webhook', secret, allowPrivateTargets: settings.allowPrivateTargets };
  return notifier.send(opened, message, signal);
}

export const secretPlace = (channelId: string): string => `alerts/channel/${channelId}`;

/** Tells what became of a delivery; when it failed, its detail says why. */
async function tell(tx: Transaction, delivery: DeliveryRow): Promise<void> {
  const data = { deliveryId: delivery.id, kind: delivery.kind, to: delivery.to, subject: delivery.subject };
  const about = {
    subject: `notification:${delivery.id}`,
    projectId: delivery.projectId,
    actor: system('alerts'),
    causes: delivery.causes,
  };
  if (delivery.state === 'sent') await appendEvent(tx, alertEvents, 'notification.sent', { ...about, data });
  else if (delivery.state === 'kept') await appendEvent(tx, alertEvents, 'notification.kept', { ...about, data });
  else
    await appendEvent(tx, alertEvents, 'notification.failed', { ...about, data: { ...data, error: delivery.detail } });
}

/** Sends what is in the outbox: at least once, with back-off from 2 s to 30 min, for about 12 hours. */
export function deliveryLoop(deps: AlertsDeps): Loop {
  const settle = async (
    delivery: DeliveryRow,
    detail: string,
    state: 'sent' | 'failed',
    tx: Transaction,
  ): Promise<void> => {
    await saveAttempt(tx, delivery.id, { state, detail, now: deps.clock.now() });
    await tell(tx, { ...delivery, state, detail });
  };
  return createWorker<{ id: string }>({
    database: deps.database,
    log: deps.log,
    kind: deliveryJobs,
    owner: deps.owner,
    concurrency: 4,
    leaseMs: 60_000,
    maxAttempts: 35,
    backoffMs: (attempts) => Math.min(30 * 60_000, 2000 * 2 ** (attempts - 1)),
    async handle(job, context) {
      const delivery = await readDelivery(deps.database, job.payload.id);
      if (delivery?.state !== 'waiting') return;
      const channel = delivery.channelId ? await readChannel(deps.database, delivery.channelId) : undefined;
      const message: Message = { ...delivery, at: delivery.createdAt };
      const outcome: DeliveryOutcome = channel?.enabled
        ? await sendNow(deps, channel, message, context.signal)
        : {
            delivered: false,
            permanent: true,
            detail: channel ? 'The channel is switched off' : 'The channel was deleted',
          };
      if (!outcome.delivered && !outcome.permanent) {
        await saveAttempt(deps.database, delivery.id, {
          state: 'waiting',
          detail: outcome.detail,
          now: deps.clock.now(),
        });
        throw new Error(outcome.detail);
      }
      await deps.database.transaction(async (tx) => {
        await settle(delivery, outcome.detail, outcome.delivered ? 'sent' : 'failed', tx);
        await context.finish(tx);
      });
    },
    async onDead(job, error) {
      await deps.database.transaction(async (tx) => {
        const delivery = await readDelivery(tx, job.payload.id);
        if (delivery?.state === 'waiting') await settle(delivery, error, 'failed', tx);
      });
    },
  });
}
