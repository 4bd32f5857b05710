import { randomBytes } from 'node:crypto';
import type {
  ErrorReception,
  ItemKind,
  OutcomeKind,
  PackedPayload,
  ReceivedEvent,
  ReceivedItem,
} from '../../errors/port.ts';
import type { TelemetryRecord, TelemetrySink } from '../../platform/observe/telemetry-sink.ts';
import type { Body } from './body.ts';
import { type EnvelopeItem, isTooDeep, type Json, parseJson } from './envelope.ts';
import { intakeLimits as limits } from './limits.ts';
import { hexOf, listOf, numberOf, objectOf, textOf } from './read.ts';
import {
  type Origin,
  readContainer,
  readLog,
  readMetric,
  readSingleSpan,
  readSpan,
  readTransaction,
} from './telemetry.ts';

/** The category that a client's limits and losses are counted in, by item type. Types not named are their own category. */
const categories: Record<string, string> = {
  event: 'error',
  sessions: 'session',
  check_in: 'monitor',
  log: 'log_item',
  replay_event: 'replay',
  replay_recording: 'replay',
  replay_video: 'replay',
  client_report: 'internal',
};

export const categoryOf = (type: string): string => categories[type] ?? type;

/** What an envelope comes to: events and telemetry to be made durable, and what to count. */
export interface Sorted {
  events: ReceivedEvent[];
  items: ReceivedItem[];
  records: TelemetryRecord[];
  counted: { category: string; outcome: OutcomeKind; reason: string; quantity: number }[];
  /** Answered to the client; null for an envelope that holds no event. */
  eventId: string | null;
}

export interface Sender extends Origin {
  /** By the client's clock, Unix ms. */
  sentAt: number | undefined;
  remoteAddress: string | undefined;
  /** Categories that are refused at this moment. */
  refused: ReadonlySet<string>;
  /** What the items are views into, and what it was unpacked from. */
  body?: Body | undefined;
}

/** Sorts the items of an envelope. Nothing here throws: what cannot be read or is not kept is counted. */
export function sortItems(header: Json, items: EnvelopeItem[], sender: Sender): Sorted {
  const sorted: Sorted = { events: [], items: [], records: [], counted: [], eventId: null };
  const announced = hexOf(header.event_id, 32);
  for (const item of items) {
    const { type } = item.header;
    const category = categoryOf(type);
    const count = (outcome: OutcomeKind, reason: string, quantity = 1): void => {
      if (quantity > 0) sorted.counted.push({ category, outcome, reason, quantity });
    };
    if (sender.refused.has(category)) count('limited', 'rate', numberOf(item.header.item_count) ?? 1);
    else if (type === 'event') sortEvent(sorted, item.payload, announced, sender, count);
    else if (keptAs[type]) sortItem(sorted, keptAs[type], item, announced, sender, count);
    else if (item.payload.length > limits.containerBytes) count('invalid', 'too_large');
    else if (type === 'client_report') countDiscards(sorted, parseJson(item.payload));
    else {
      const read = readers[type];
      if (!read) count('unsupported', type.slice(0, 50));
      else {
        const { records, kept, refused } = read(parseJson(item.payload), item, sender);
        sorted.records.push(...records);
        if (type === 'transaction' && kept > 0) sorted.eventId ??= announced;
        count('accepted', '', kept);
        count('invalid', 'unreadable', refused);
      }
    }
  }
  return sorted;
}

/** What is kept as it came and read by the room, by item type. */
const keptAs: Record<string, ItemKind> = {
  session: 'session',
  sessions: 'sessions',
  feedback: 'feedback',
  user_report: 'user_report',
  attachment: 'attachment',
  replay_event: 'replay',
  replay_recording: 'replay',
  replay_video: 'replay',
  profile: 'profile',
  profile_chunk: 'profile',
  check_in: 'check_in',
};
const files = new Set<ItemKind>(['attachment', 'replay', 'profile']);

function sortItem(
  sorted: Sorted,
  kind: ItemKind,
  { header, payload }: EnvelopeItem,
  eventId: string | null,
  sender: Sender,
  count: Count,
): void {
  const isFile = files.has(kind);
  if (payload.length > (isFile ? limits.fileBytes : limits.smallItemBytes)) {
    count('invalid', 'too_large');
    return;
  }
  const { projectId, receivedAt, sentAt, remoteAddress } = sender;
  sorted.items.push({
    projectId,
    itemId: randomBytes(16).toString('hex'),
    kind,
    eventId,
    receivedAt,
    sentAt,
    remoteAddress,
    ...(isFile
      ? {
          name: textOf(header.filename)?.slice(0, 200) ?? header.type,
          contentType: textOf(header.content_type)?.slice(0, 100) ?? undefined,
          fileKind: (kind === 'attachment'
            ? (textOf(header.attachment_type) ?? 'event.attachment')
            : header.type
          ).slice(0, 50),
        }
      : {}),
    payload,
  });
}

type Count = (outcome: OutcomeKind, reason: string, quantity?: number) => void;
type ItemReader = (
  payload: unknown,
  item: EnvelopeItem,
  origin: Origin,
) => { records: TelemetryRecord[]; kept: number; refused: number };

const single = (records: TelemetryRecord[]) => ({
  records,
  kept: records.length > 0 ? 1 : 0,
  refused: records.length > 0 ? 0 : 1,
});

const readers: Record<string, ItemReader> = {
  transaction: (payload, _, origin) => single(objectOf(payload) ? readTransaction(payload as Json, origin) : []),
  span: (payload, _, origin) =>
    Array.isArray(objectOf(payload)?.items)
      ? readContainer(payload, origin, readSpan)
      : single(objectOf(payload) ? readSingleSpan(payload as Json, origin) : []),
  log: (payload, _, origin) => readContainer(payload, origin, readLog),
  trace_metric: (payload, _, origin) => readContainer(payload, origin, readMetric),
};

/** An event is kept as it came; only what could hurt the reader later is refused here. */
function sortEvent(sorted: Sorted, payload: Uint8Array, announced: string | null, sender: Sender, count: Count): void {
  const flaw =
    payload.length > limits.eventBytes
      ? 'too_large'
      : payload.length > limits.unscannedBytes && closesMany(payload) && isTooDeep(payload)
        ? 'too_deep'
        : null;
  if (flaw !== null) {
    count('invalid', flaw);
    return;
  }
  const eventId = announced ?? eventIdIn(payload) ?? randomBytes(16).toString('hex');
  sorted.eventId ??= eventId;
  sorted.events.push({
    projectId: sender.projectId,
    eventId,
    receivedAt: sender.receivedAt,
    sentAt: sender.sentAt,
    service: sender.service,
    remoteAddress: sender.remoteAddress,
    payload,
    packed: packedOf(payload, sender.body),
  });
}

/** The event as it came, where that is much shorter and holds little else. */
function packedOf(payload: Uint8Array, body: Body | undefined): PackedPayload | undefined {
  if (body?.gzip === undefined) return undefined;
  const { bytes, gzip } = body;
  const from = payload.byteOffset - bytes.byteOffset;
  const isWithin = payload.buffer === bytes.buffer && from >= 0 && from + payload.length <= bytes.length;
  if (!isWithin || gzip.length > payload.length / 2 || bytes.length > payload.length * 1.5) return undefined;
  return { of: payload, gzip, unpacked: bytes.length, from };
}

/** So many brackets in a row close JSON that is worth a look at its depth. */
const manyClosed = 16;

/**
 * Whether so many brackets close in a row as deep JSON nearly always ends with. Such a run holds a place that is a multiple of its
 * length, so the others need no look. What is deep in another way is harmless as far as it can be read, and refused when it cannot.
 */
export function closesMany(payload: Uint8Array): boolean {
  const closes = (at: number): boolean => payload[at] === 125 || payload[at] === 93;
  for (let at = 0; at < payload.length; at += manyClosed) {
    if (!closes(at)) continue;
    let first = at;
    let last = at;
    while (last - first + 1 < manyClosed && closes(first - 1)) first -= 1;
    while (last - first + 1 < manyClosed && closes(last + 1)) last += 1;
    if (last - first + 1 >= manyClosed) return true;
  }
  return false;
}

const idField = Buffer.from('"event_id"');

/** The `event_id` of an event, found without parsing the rest when it is named exactly once. */
export function eventIdIn(payload: Uint8Array): string | null {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const first = bytes.indexOf(idField);
  if (first < 0) return null;
  if (bytes.indexOf(idField, first + idField.length) < 0) {
    const near = bytes.toString('latin1', first + idField.length, first + idField.length + 60);
    return hexOf(/^\s*:\s*"([0-9a-fA-F-]{32,36})"/.exec(near)?.[1], 32);
  }
  return hexOf(objectOf(parseJson(payload))?.event_id, 32);
}

/** What the client threw away before sending, in its own words. */
function countDiscards(sorted: Sorted, report: unknown): void {
  for (const value of listOf(objectOf(report)?.discarded_events).slice(0, limits.discardReasons)) {
    const discard = objectOf(value);
    const quantity = numberOf(discard?.quantity) ?? 0;
    if (!discard || quantity <= 0 || quantity > 1e9) continue;
    sorted.counted.push({
      category: textOf(discard.category)?.slice(0, 50) ?? 'unknown',
      outcome: 'client_discard',
      reason: textOf(discard.reason)?.slice(0, 50) ?? 'unknown',
      quantity: Math.trunc(quantity),
    });
  }
}

/** Makes everything durable, then counts it. Rejects, with nothing counted as accepted, when that is not possible now. */
export async function keep(
  sorted: Sorted,
  projectId: string,
  reception: ErrorReception,
  telemetry: TelemetrySink,
): Promise<void> {
  await Promise.all([
    sorted.events.length > 0 ? reception.accept(sorted.events) : undefined,
    sorted.items.length > 0 ? reception.acceptItems(sorted.items) : undefined,
    sorted.records.length > 0 ? telemetry.write(sorted.records) : undefined,
  ]);
  for (const outcome of sorted.counted) reception.count(projectId, outcome);
}
