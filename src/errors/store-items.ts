import { newId } from '../kernel/ids.ts';
import type { Database, Transaction } from '../platform/postgres/database.ts';
import { json, sql } from '../platform/postgres/sql.ts';
import { asUuid } from './digest.ts';
import { readSession, readSessions, type SessionBucket, type SessionUpdate } from './health/session.ts';
import { storeSessions } from './health/store-sessions.ts';
import { roomLimits } from './limits.ts';
import { readCheckIn } from './monitors/check-in.ts';
import { storeCheckIn } from './monitors/store-monitors.ts';
import type { ItemKind, Outcome, ReceivedItem } from './port.ts';
import { type Feedback, readFeedback } from './reports/feedback.ts';
import { countOutcomes } from './store-batch.ts';

/** The category an item's outcome is counted in. */
const categories: Record<ItemKind, string> = {
  session: 'session',
  sessions: 'session',
  feedback: 'feedback',
  user_report: 'feedback',
  attachment: 'attachment',
  replay: 'replay',
  profile: 'profile',
  check_in: 'monitor',
};

/** Stores items in one transaction and counts what became of each. Safe to repeat: an item already stored changes nothing. */
export async function storeItems(database: Database, items: ReceivedItem[], now: number): Promise<void> {
  await database.transaction(async (tx) => {
    const fresh = await takeFresh(tx, items);
    const outcomes: (Outcome & { projectId: string })[] = [];
    for (const projectId of [...new Set(fresh.map((item) => item.projectId))].sort()) {
      const own = fresh.filter((item) => item.projectId === projectId);
      const count = (kind: ItemKind, outcome: 'accepted' | 'invalid' | 'limited', reason: string): void => {
        outcomes.push({ projectId, category: categories[kind], outcome, reason, quantity: 1 });
      };
      const updates: SessionUpdate[] = [];
      const buckets: SessionBucket[] = [];
      const feedback: Feedback[] = [];
      const files: ReceivedItem[] = [];
      for (const item of own) {
        const { kind } = item;
        if (kind === 'attachment' || kind === 'replay' || kind === 'profile') {
          files.push(item);
          continue;
        }
        const payload = parse(item.payload);
        if (kind === 'session') {
          const update = readSession(payload, item);
          if (update) updates.push(update);
          count(kind, update ? 'accepted' : 'invalid', update ? '' : 'unreadable');
        } else if (kind === 'sessions') {
          const read = readSessions(payload, item);
          buckets.push(...read);
          count(kind, read.length > 0 ? 'accepted' : 'invalid', read.length > 0 ? '' : 'unreadable');
        } else if (kind === 'check_in') {
          const checkIn = readCheckIn(payload);
          const taken = checkIn !== null && (await storeCheckIn(tx, projectId, checkIn, item.receivedAt));
          count(kind, taken ? 'accepted' : 'invalid', taken ? '' : checkIn ? 'no_such_monitor' : 'unreadable');
        } else if (kind === 'feedback' || kind === 'user_report') {
          const said = readFeedback(payload, item);
          if (said) feedback.push(said);
          count(kind, said ? 'accepted' : 'invalid', said ? '' : 'unreadable');
        }
      }
      await storeSessions(tx, projectId, updates, buckets);
      await storeFeedback(tx, projectId, feedback);
      await storeFiles(tx, projectId, files, count);
    }
    await countOutcomes(tx, now, outcomes);
  });
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Items share the memory of ids with events: both are random enough never to meet. */
async function takeFresh(tx: Transaction, items: ReceivedItem[]): Promise<ReceivedItem[]> {
  const rows = await tx.query<{ id: string }>(sql`
    insert into errors_received (project_id, event_id, at)
    select p, e, now() from unnest(${items.map((item) => item.projectId)}::uuid[],
      ${items.map((item) => asUuid(item.itemId))}::uuid[]) as n(p, e)
    on conflict do nothing
    returning replace(event_id::text, '-', '') as id`);
  const unclaimed = new Set(rows.map((row) => row.id));
  return items.filter((item) => unclaimed.delete(item.itemId));
}

async function storeFeedback(tx: Transaction, projectId: string, feedback: Feedback[]): Promise<void> {
  if (feedback.length === 0) return;
  const rows = feedback.map((one) => ({ ...one, id: newId(), eventId: one.eventId && asUuid(one.eventId) }));
  await tx.execute(sql`
    insert into errors_feedback (id, project_id, event_id, replay_id, name, email, message, url, release, environment, at)
    select n.id, ${projectId}::uuid, n."eventId", coalesce(n."replayId", ''), coalesce(n.name, ''),
      coalesce(n.email, ''), n.message, coalesce(n.url, ''), coalesce(n.release, ''), coalesce(n.environment, ''),
      to_timestamp(n.at / 1000)
    from jsonb_to_recordset(${json(rows)}::jsonb) as n(id uuid, "eventId" uuid, "replayId" text, name text, email text,
      message text, url text, release text, environment text, at float8)`);
  // The event somebody wrote about is worth more than others: it is kept.
  await tx.execute(sql`
    update errors_events set landmark = true where project_id = ${projectId} and not landmark
      and event_id = any(${rows.flatMap((row) => (row.eventId ? [row.eventId] : []))}::uuid[])`);
}

type Count = (kind: ItemKind, outcome: 'accepted' | 'invalid' | 'limited', reason: string) => void;

async function storeFiles(tx: Transaction, projectId: string, files: ReceivedItem[], count: Count): Promise<void> {
  if (files.length === 0) return;
  const held = await tx.first<{ bytes: number }>(sql`
    select coalesce(sum(size), 0)::bigint as bytes from errors_files where project_id = ${projectId}`);
  let room = roomLimits.fileBytesPerProject - (held?.bytes ?? 0);
  for (const file of files) {
    room -= file.payload.length;
    if (room < 0) {
      count(file.kind, 'limited', 'file_space');
      continue;
    }
    await tx.execute(sql`
      insert into errors_files (id, project_id, event_id, kind, name, content_type, size, body, received_at)
      values (${newId(file.receivedAt)}, ${projectId}, ${file.eventId && asUuid(file.eventId)},
        ${file.fileKind ?? file.kind}, ${file.name ?? file.kind}, ${file.contentType ?? 'application/octet-stream'},
        ${file.payload.length}, ${Buffer.from(file.payload)}, to_timestamp(${file.receivedAt / 1000}::float8))`);
    count(file.kind, 'accepted', '');
  }
}
