import { newId } from '../kernel/ids.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import { json, sql } from '../platform/postgres/sql.ts';
import { asUuid, type Digest } from './digest.ts';
import { packBlock, reportsPerBlock } from './pack.ts';
import type { Outcome } from './port.ts';

/** Remembers client ids; resolves to the `project:event` keys that had not been seen before. */
export async function claimEvents(tx: Transaction, digests: Digest[]): Promise<Set<string>> {
  const rows = await tx.query<{ key: string }>(sql`
    insert into errors_received (project_id, event_id, at)
    select p, e, now() from unnest(${digests.map((one) => one.projectId)}::uuid[],
      ${digests.map((one) => asUuid(one.facts.eventId))}::uuid[]) as n(p, e)
    on conflict do nothing
    returning project_id || ':' || replace(event_id::text, '-', '') as key`);
  return new Set(rows.map((row) => row.key));
}

/** Issues by `project:hash`. */
export async function findHashes(
  tx: Transaction,
  wanted: { projectId: string; hash: string }[],
): Promise<Map<string, string>> {
  const rows = await tx.query<{ key: string; issueId: string }>(sql`
    select h.project_id || ':' || replace(h.hash::text, '-', '') as key, h.issue_id as "issueId"
    from unnest(${wanted.map((one) => one.projectId)}::uuid[], ${wanted.map((one) => asUuid(one.hash))}::uuid[])
      as n(project_id, hash)
    join errors_hashes h on h.project_id = n.project_id and h.hash = n.hash`);
  return new Map(rows.map((row) => [row.key, row.issueId]));
}

/** Keeps people from merging or splitting issues of these projects until the transaction ends. */
export async function holdMerges(tx: Transaction, projectIds: string[]): Promise<void> {
  for (const projectId of [...projectIds].sort()) {
    await tx.execute(sql`select pg_advisory_xact_lock_shared(hashtextextended(${`errors-merge:${projectId}`}, 0))`);
  }
}

/** One batch at a time may make new issues of a project; held until the transaction ends. */
export async function lockNewIssues(tx: Transaction, projectIds: string[]): Promise<void> {
  for (const projectId of [...projectIds].sort()) {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`errors:${projectId}`}, 0))`);
  }
}

export async function countRecentIssues(tx: Transaction, projectId: string): Promise<number> {
  const row = await tx.first<{ n: number }>(sql`
    select count(*) as n from errors_issues where project_id = ${projectId} and created_at > now() - interval '1 hour'`);
  return row?.n ?? 0;
}

export async function insertHashes(
  tx: Transaction,
  rows: { projectId: string; hash: string; algorithm: string; issueId: string }[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(sql`
    insert into errors_hashes (project_id, hash, algorithm, issue_id)
    select * from unnest(${rows.map((row) => row.projectId)}::uuid[], ${rows.map((row) => asUuid(row.hash))}::uuid[],
      ${rows.map((row) => row.algorithm)}::text[], ${rows.map((row) => row.issueId)}::uuid[])
    on conflict do nothing`);
}

export interface KeptEvent {
  digest: Digest;
  issueId: string;
  landmark: boolean;
}

/** Stores events, their reports packed in blocks; `bodyOf` gives those that are not ready. */
export async function insertEvents(
  tx: Transaction,
  events: KeptEvent[],
  bodyOf: (digest: Digest) => Promise<Buffer>,
): Promise<void> {
  if (events.length === 0) return;
  const bodies: Buffer[] = [];
  for (const { digest } of events) bodies.push(digest.body ?? (await bodyOf(digest)));
  const blocks: { id: string; live: number; body: Promise<Buffer> }[] = [];
  for (let from = 0; from < events.length; from += reportsPerBlock) {
    const part = bodies.slice(from, from + reportsPerBlock);
    blocks.push({ id: newId(), live: part.length, body: packBlock(part) });
  }
  await tx.execute(sql`
    insert into errors_blocks (id, live, body)
    select * from unnest(${blocks.map((block) => block.id)}::uuid[], ${blocks.map((block) => block.live)}::int[],
      ${await Promise.all(blocks.map((block) => block.body))}::bytea[])`);
  const rows = events.map(({ digest, issueId, landmark }, index) => ({
    block: blocks[Math.floor(index / reportsPerBlock)]!.id,
    position: index % reportsPerBlock,
    id: digest.id,
    project: digest.projectId,
    event: asUuid(digest.facts.eventId),
    issue: issueId,
    hash: asUuid(digest.hashes[0]!),
    algorithm: digest.algorithm,
    at: digest.facts.at,
    received: digest.facts.receivedAt,
    title: digest.headline.title,
    message: digest.headline.message,
    level: digest.facts.level,
    release: digest.facts.release ?? '',
    environment: digest.facts.environment ?? '',
    service: digest.facts.service ?? '',
    transaction: digest.facts.transaction ?? '',
    user: digest.userName,
    trace: digest.facts.traceId ?? '',
    tags: digest.facts.tags,
    landmark,
  }));
  await tx.execute(sql`
    insert into errors_events (id, project_id, event_id, issue_id, hash, algorithm, at, received_at, title, message, level,
      release, environment, service, transaction, user_name, trace_id, tags, landmark, block_id, position)
    select n.id, n.project, n.event, n.issue, n.hash, n.algorithm, to_timestamp(n.at / 1000),
      to_timestamp(n.received / 1000), n.title, n.message, n.level, n.release, n.environment, n.service, n.transaction,
      n.user, n.trace, n.tags, n.landmark, n.block, n.position
    from jsonb_to_recordset(${json(rows)}::jsonb) as n(id uuid, project uuid, event uuid, issue uuid, hash uuid,
      algorithm text, at float8, received float8, title text, message text, level text, release text, environment text,
      service text, transaction text, "user" text, trace text, tags jsonb, landmark boolean, block uuid, position int)`);
}

/** Deletes what is over the limit of one issue, oldest first, landmarks excepted; resolves to how many went. */
export async function thinOut(tx: Transaction, issueId: string, limit: number): Promise<number> {
  const row = await tx.first<{ n: number }>(sql`
    with gone as (
      delete from errors_events where id in (
        select id from errors_events where issue_id = ${issueId} and not landmark
        order by received_at desc, id desc offset ${limit})
      returning block_id),
    counted as (select block_id, count(*)::int as n from gone group by block_id),
    lessened as (
      update errors_blocks b set live = b.live - counted.n from counted where b.id = counted.block_id)
    select coalesce(sum(n), 0)::int as n from counted`);
  await tx.execute(sql`delete from errors_blocks where live <= 0`);
  return row?.n ?? 0;
}

export interface ReleaseCount {
  issueId: string;
  projectId: string;
  release: string;
  environment: string;
  hash: string;
  /** Unix ms. */
  first: number;
  last: number;
  count: number;
  regressed: boolean;
}

export async function countReleases(tx: Transaction, rows: ReleaseCount[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(sql`
    insert into errors_issue_releases as r (issue_id, project_id, release, environment, hash, first_seen, last_seen,
      count, regressed)
    select n."issueId", n."projectId", n.release, n.environment, n.hash, to_timestamp(n.first / 1000),
      to_timestamp(n.last / 1000), n.count, n.regressed
    from jsonb_to_recordset(${json(rows)}::jsonb) as n("issueId" uuid, "projectId" uuid, release text, environment text,
      hash uuid, first float8, last float8, count bigint, regressed boolean)
    on conflict (issue_id, release, environment, hash) do update set
      first_seen = least(r.first_seen, excluded.first_seen), last_seen = greatest(r.last_seen, excluded.last_seen),
      count = r.count + excluded.count, regressed = r.regressed or excluded.regressed`);
}

/** Counts by hour of arrival, Unix ms of the hour's start. */
export async function countHours(
  tx: Transaction,
  rows: { issueId: string; hash: string; hour: number; count: number }[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(sql`
    insert into errors_issue_hours as h (issue_id, hour, hash, count)
    select n."issueId", to_timestamp(n.hour / 1000), n.hash, n.count
    from jsonb_to_recordset(${json(rows)}::jsonb) as n("issueId" uuid, hash uuid, hour float8, count int)
    on conflict (issue_id, hour, hash) do update set count = h.count + excluded.count`);
}

/** Adds users; resolves to how many of them each issue had not known. */
export async function countUsers(
  tx: Transaction,
  rows: { issueId: string; userKey: string; hash: string }[],
): Promise<Map<string, number>> {
  if (rows.length === 0) return new Map();
  // What a statement reads is what was there before it wrote: a user known under another hash is not counted again.
  const added = await tx.query<{ issueId: string; n: number }>(sql`
    with added as (
      insert into errors_issue_users (issue_id, user_key, hash)
      select * from unnest(${rows.map((row) => row.issueId)}::uuid[], ${rows.map((row) => row.userKey)}::bigint[],
        ${rows.map((row) => row.hash)}::uuid[])
      on conflict do nothing
      returning issue_id, user_key)
    select issue_id as "issueId", count(distinct user_key) as n from added a
    where not exists (select 1 from errors_issue_users u where u.issue_id = a.issue_id and u.user_key = a.user_key)
    group by issue_id`);
  return new Map(added.map((row) => [row.issueId, row.n]));
}

/** Adds to the account of what arrived, in the hour of `at` (Unix ms). */
export async function countOutcomes(
  tx: Pick<Transaction, 'execute'>,
  at: number,
  rows: (Outcome & { projectId: string })[],
): Promise<void> {
  if (rows.length === 0) return;
  const merged = new Map<string, Outcome & { projectId: string }>();
  for (const row of rows) {
    const key = `${row.projectId} ${row.category} ${row.outcome} ${row.reason}`;
    const known = merged.get(key);
    merged.set(key, { ...row, quantity: row.quantity + (known?.quantity ?? 0) });
  }
  const hour = Math.floor(at / 3_600_000) * 3600;
  // Always in the same order, so that two batches never wait for each other.
  const ordered = [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  await tx.execute(sql`
    insert into errors_outcomes as o (project_id, hour, category, outcome, reason, quantity)
    select n."projectId", to_timestamp(${hour}), n.category, n.outcome, n.reason, n.quantity
    from jsonb_to_recordset(${json(ordered)}::jsonb)
      as n("projectId" uuid, category text, outcome text, reason text, quantity bigint)
    on conflict (project_id, hour, category, outcome, reason) do update set quantity = o.quantity + excluded.quantity`);
}
