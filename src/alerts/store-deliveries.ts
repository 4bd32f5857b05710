import { decodeCursor, encodeCursor } from '../platform/http/cursor.ts';
import type { Queryable, Transaction } from '../platform/postgres/database.ts';
import { all, json, type Sql, sql } from '../platform/postgres/sql.ts';
import type { ChannelInput } from './api.ts';

/** A channel's settings without its secret. */
export type StoredSettings =
  | Omit<Extract<ChannelInput['settings'], { kind: 'mail' }>, 'password'>
  | Omit<Extract<ChannelInput['settings'], { kind: 'webhook' }>, 'secret'>;

export interface ChannelRow {
  id: string;
  name: string;
  enabled: boolean;
  isDefault: boolean;
  settings: StoredSettings;
  sealedSecret: string | null;
  version: number;
}

const channelColumns = sql`id, name, enabled, is_default as "isDefault", settings, sealed_secret as "sealedSecret", version`;

export function allChannels(db: Queryable): Promise<ChannelRow[]> {
  return db.query(sql`select ${channelColumns} from alerts_channels order by name, id`);
}

export function readChannel(db: Queryable, id: string, lock = false): Promise<ChannelRow | undefined> {
  return db.first(
    sql`select ${channelColumns} from alerts_channels where id = ${id} ${lock ? sql`for update` : sql``}`,
  );
}

/** Writes a channel whole. There is one default mail channel: naming another takes it from the one before. */
export async function saveChannel(tx: Transaction, channel: Omit<ChannelRow, 'version'>): Promise<void> {
  const { kind } = channel.settings;
  if (kind === 'mail' && channel.isDefault) {
    await tx.execute(
      sql`update alerts_channels set is_default = false where kind = 'mail' and is_default and id <> ${channel.id}`,
    );
  }
  await tx.execute(sql`
    insert into alerts_channels (id, name, enabled, is_default, kind, settings, sealed_secret)
    values (${channel.id}, ${channel.name}, ${channel.enabled}, ${channel.isDefault}, ${kind}, ${json(channel.settings)},
      ${channel.sealedSecret})
    on conflict (id) do update set name = excluded.name, enabled = excluded.enabled, is_default = excluded.is_default,
      kind = excluded.kind, settings = excluded.settings, sealed_secret = excluded.sealed_secret,
      version = alerts_channels.version + 1`);
}

/** Puts a secret sealed anew in place of the one that was read; not when it was changed in between. */
export async function replaceSealedSecret(db: Queryable, id: string, before: string, after: string): Promise<boolean> {
  const changed = await db.execute(
    sql`update alerts_channels set sealed_secret = ${after} where id = ${id} and sealed_secret = ${before}`,
  );
  return changed > 0;
}

export async function deleteChannel(tx: Transaction, id: string): Promise<void> {
  await tx.execute(sql`delete from alerts_channels where id = ${id}`);
}

export interface DeliveryRow {
  id: string;
  key: string;
  channelId: string | null;
  channel: string;
  kind: 'mail' | 'webhook';
  to: string;
  subject: string;
  text: string;
  html: string | null;
  payload: Record<string, unknown>;
  causes: string[];
  projectId: string | null;
  /** `kept`: no mail server is set up, so it stays here to be read. */
  state: 'waiting' | 'sent' | 'failed' | 'kept';
  attempts: number;
  detail: string;
  createdAt: number;
  finishedAt: number | null;
}

const deliveryColumns = sql`id, key, channel_id as "channelId", channel, kind, recipient as "to", subject, body as "text", html,
  payload, causes, project_id as "projectId", state, attempts, detail, (extract(epoch from created_at) * 1000)::float8 as "createdAt",
  (extract(epoch from finished_at) * 1000)::float8 as "finishedAt"`;

/** False when a delivery of this key exists already. */
export async function insertDelivery(tx: Transaction, one: DeliveryRow): Promise<boolean> {
  const finishedAt = one.finishedAt === null ? null : new Date(one.finishedAt);
  const inserted = await tx.execute(sql`
    insert into alerts_deliveries (id, key, channel_id, channel, kind, recipient, subject, body, html, payload, causes, project_id,
      state, attempts, detail, created_at, finished_at)
    values (${one.id}, ${one.key}, ${one.channelId}, ${one.channel}, ${one.kind}, ${one.to}, ${one.subject}, ${one.text},
      ${one.html}, ${json(one.payload)}, ${one.causes}, ${one.projectId}, ${one.state}, ${one.attempts}, ${one.detail},
      to_timestamp(${one.createdAt / 1000}), ${finishedAt})
    on conflict (key) do nothing`);
  return inserted > 0;
}

export function readDelivery(db: Queryable, id: string): Promise<DeliveryRow | undefined> {
  return db.first(sql`select ${deliveryColumns} from alerts_deliveries where id = ${id}`);
}

export async function saveAttempt(
  db: Queryable,
  id: string,
  outcome: { state: DeliveryRow['state']; detail: string; now: number },
): Promise<void> {
  await db.execute(sql`
    update alerts_deliveries set state = ${outcome.state}, detail = ${outcome.detail}, attempts = attempts + 1,
      finished_at = case when ${outcome.state} = 'waiting' then null else to_timestamp(${outcome.now / 1000}) end
    where id = ${id}`);
}

export async function listDeliveries(
  db: Queryable,
  filter: { state?: DeliveryRow['state'] | undefined; projectId?: string | undefined },
  page: { cursor?: string | undefined; limit: number },
): Promise<{ rows: DeliveryRow[]; next: string | null }> {
  const conditions: Sql[] = [];
  if (filter.state) conditions.push(sql`state = ${filter.state}`);
  if (filter.projectId) conditions.push(sql`project_id = ${filter.projectId}`);
  if (page.cursor) conditions.push(sql`id::text < ${decodeCursor(page.cursor, ['id'])[0]}`);
  const rows = await db.query<DeliveryRow>(sql`
    select ${deliveryColumns} from alerts_deliveries where ${all(conditions)} order by id::text desc limit ${page.limit + 1}`);
  const shown = rows.slice(0, page.limit);
  return { rows: shown, next: rows.length > page.limit ? encodeCursor([shown.at(-1)!.id]) : null };
}

/** Deliveries that ended more than 90 days ago are forgotten. */
export function pruneDeliveries(db: Queryable): Promise<number> {
  return db.execute(sql`delete from alerts_deliveries where finished_at < now() - interval '90 days'`);
}
