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
 * away, and never put in twice. Where no channel can send it, that is recorded as a failed delivery, for people to see.
 * @returns ids of the deliveries that were made now
 */
export async function notify(tx: Transaction, wanted: Notification, now: number): Promise<string[]> {
  const channels = wanted.channelId
    ? [await readChannel(tx, wanted.channelId)].filter((channel) => channel !== undefined)
    : (await allChannels(tx)).filter((channel) => channel.settings.kind === wanted.kind && channel.isDefault);
  const usable = channels.filter((channel) => channel.enabled);
  const made: string[] = [];
  const put = async (channel: ChannelRow | undefined, to: string, problem: string | undefined): Promise<void> => {
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
      state: problem === undefined ? 'waiting' : 'failed',
      attempts: 0,
      detail: problem ?? '',
      createdAt: now,
      finishedAt: problem === undefined ? null : now,
    };
    if (!(await insertDelivery(tx, delivery))) return;
    made.push(delivery.id);
    if (problem === undefined)
      await enqueue(tx, { kind: deliveryJobs, key: delivery.id, payload: { id: delivery.id } });
    else await tell(tx, delivery, problem);
  };
  if (usable.length === 0) {
    // A webhook nobody set up is no failure: there is no one who expects it.
    if (wanted.kind === 'mail' || wanted.channelId)
      await put(undefined, wanted.to ?? '', problemWithout(wanted, channels));
    return made;
  }
  for (const channel of usable) {
    const receivers = receiversOf(channel, wanted.to ?? null);
    if (receivers.length === 0)
      await put(channel, '', `Neither the message nor the channel "${channel.name}" names an address`);
    for (const to of receivers) await put(channel, to, undefined);
  }
  return made;
}

function problemWithout(wanted: Notification, channels: ChannelRow[]): string {
  if (channels.length > 0) return 'The channel is switched off';
  return wanted.channelId ? 'The channel was deleted' : 'No default mail channel is set up';
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

async function tell(tx: Transaction, delivery: DeliveryRow, error: string | undefined): Promise<void> {
  const data = { deliveryId: delivery.id, kind: delivery.kind, to: delivery.to, subject: delivery.subject };
  const about = {
    subject: `notification:${delivery.id}`,
    projectId: delivery.projectId,
    actor: system('alerts'),
    causes: delivery.causes,
  };
  if (error === undefined) await appendEvent(tx, alertEvents, 'notification.sent', { ...about, data });
  else await appendEvent(tx, alertEvents, 'notification.failed', { ...about, data: { ...data, error } });
}

/** Sends what is in the outbox: at least once, with back-off from 2 s to 30 min, for about 12 hours. */
export function deliveryLoop(deps: AlertsDeps): Loop {
  const settle = async (
    delivery: DeliveryRow,
    detail: string,
    error: string | undefined,
    tx: Transaction,
  ): Promise<void> => {
    const state = error === undefined ? 'sent' : 'failed';
    await saveAttempt(tx, delivery.id, { state, detail, now: deps.clock.now() });
    await tell(tx, delivery, error);
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
        await settle(delivery, outcome.detail, outcome.delivered ? undefined : outcome.detail, tx);
        await context.finish(tx);
      });
    },
    async onDead(job, error) {
      await deps.database.transaction(async (tx) => {
        const delivery = await readDelivery(tx, job.payload.id);
        if (delivery?.state === 'waiting') await settle(delivery, error, error, tx);
      });
    },
  });
}
