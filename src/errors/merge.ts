import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import { shortIdOf } from './announce.ts';
import type { ChangeSurroundings } from './change.ts';
import { asUuid } from './digest.ts';
import { errorsEvents } from './events.ts';
import { newIssue } from './issue.ts';
import { unpackReport } from './pack.ts';
import { lockNewIssues } from './store-batch.ts';
import {
  type IssueRow,
  insertActivity,
  insertIssues,
  lockIssues,
  readIssue,
  takeNumbers,
  updateIssues,
} from './store-issues.ts';
import { applicationFiles, headlineOf } from './title.ts';

const missing = (id: string): Fault =>
  new Fault('missing', `There is no issue ${id}`, { code: 'errors.issue-not-found' });

/** Merging and splitting wait for batches that look up hashes, and those for them. */
async function holdOff(tx: Transaction, projectId: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`errors-merge:${projectId}`}, 0))`);
}

/**
 * Makes issues one: their events, counts and hashes become the target's, so that what comes later follows by itself. All of one project.
 * Ids of the others lead to the target from then on; `splitIssue` takes them apart again.
 */
export async function mergeIssues(
  around: ChangeSurroundings,
  targetId: string,
  otherIds: string[],
  actor: Actor,
): Promise<IssueRow> {
  const sources = [...new Set(otherIds)].filter((id) => id !== targetId);
  return around.database.transaction(async (tx) => {
    const known = await readIssue(tx, targetId);
    if (!known) throw missing(targetId);
    await holdOff(tx, known.projectId);
    const rows = new Map((await lockIssues(tx, [targetId, ...sources])).map((row) => [row.id, row]));
    const target = rows.get(targetId);
    if (!target) throw missing(targetId);
    const slug = await around.slugOf(target.projectId);
    const now = around.now();
    for (const id of sources) {
      const source = rows.get(id);
      if (!source) throw missing(id);
      if (source.projectId !== target.projectId) {
        throw new Fault('unprocessable', 'Only issues of one project can be merged', { code: 'errors.other-project' });
      }
      await moveEverything(tx, source.id, target.id);
      target.count += source.count;
      target.kept += source.kept;
      if (source.firstSeen < target.firstSeen) {
        target.firstSeen = source.firstSeen;
        target.firstRelease = source.firstRelease;
      }
      if (source.lastSeen > target.lastSeen) {
        target.lastSeen = source.lastSeen;
        target.lastRelease = source.lastRelease;
      }
      await appendEvent(tx, errorsEvents, 'issue.merged', {
        subject: `issue:${target.id}`,
        projectId: target.projectId,
        actor,
        causes: [target.openedEvent, source.openedEvent].filter((one) => one !== null),
        data: { ...namesOf(target, slug), mergedId: source.id, mergedShortId: shortIdOf(slug, source.number) },
      });
      await insertActivity(tx, [
        {
          issueId: target.id,
          kind: 'merged',
          at: now,
          by: actor.name,
          text: `merged ${shortIdOf(slug, source.number)} (${source.title}) into this`,
          release: null,
        },
      ]);
      await tx.execute(sql`update errors_aliases set issue_id = ${target.id} where issue_id = ${source.id}`);
      await tx.execute(sql`delete from errors_issues where id = ${source.id}`);
      await tx.execute(sql`insert into errors_aliases (id, issue_id) values (${source.id}, ${target.id})`);
    }
    target.users = await countedUsers(tx, target.id);
    await updateIssues(tx, [target]);
    return target;
  });
}

const namesOf = (issue: IssueRow, slug: string) => ({
  issueId: issue.id,
  shortId: shortIdOf(slug, issue.number),
  title: issue.title,
  culprit: issue.culprit,
});

/** Rows keep their hash, so every hash's counts stay apart within the issue. */
async function moveEverything(tx: Transaction, from: string, to: string): Promise<void> {
  await tx.execute(sql`update errors_hashes set issue_id = ${to} where issue_id = ${from}`);
  await tx.execute(sql`update errors_events set issue_id = ${to} where issue_id = ${from}`);
  await tx.execute(sql`
    insert into errors_issue_hours as h (issue_id, hour, hash, count)
    select ${to}::uuid, hour, hash, count from errors_issue_hours where issue_id = ${from}
    on conflict (issue_id, hour, hash) do update set count = h.count + excluded.count`);
  await tx.execute(sql`
    insert into errors_issue_releases as r
      (issue_id, project_id, release, environment, hash, first_seen, last_seen, count, regressed)
    select ${to}::uuid, project_id, release, environment, hash, first_seen, last_seen, count, regressed
    from errors_issue_releases where issue_id = ${from}
    on conflict (issue_id, release, environment, hash) do update set first_seen = least(r.first_seen, excluded.first_seen),
      last_seen = greatest(r.last_seen, excluded.last_seen), count = r.count + excluded.count,
      regressed = r.regressed or excluded.regressed`);
  await tx.execute(sql`
    insert into errors_issue_users (issue_id, user_key, hash)
    select ${to}::uuid, user_key, hash from errors_issue_users where issue_id = ${from} on conflict do nothing`);
}

async function countedUsers(tx: Transaction, issueId: string): Promise<number> {
  const row = await tx.first<{ n: number }>(
    sql`select count(distinct user_key)::int as n from errors_issue_users where issue_id = ${issueId}`,
  );
  return row?.n ?? 0;
}

/** Takes hashes (32 hexadecimal digits) of an issue out into a new one, with exactly the events and counts that are theirs. */
export async function splitIssue(
  around: ChangeSurroundings,
  issueId: string,
  hashes: string[],
  actor: Actor,
): Promise<IssueRow> {
  return around.database.transaction(async (tx) => {
    const found = await readIssue(tx, issueId);
    if (!found) throw missing(issueId);
    await holdOff(tx, found.projectId);
    await lockNewIssues(tx, [found.projectId]);
    const [issue] = await lockIssues(tx, [issueId]);
    if (!issue) throw missing(issueId);
    const own = await listHashes(tx, issueId);
    const chosen = own.filter((one) => hashes.includes(one.hash));
    if (chosen.length !== new Set(hashes).size) {
      throw new Fault('unprocessable', 'Not all of these hashes are this issue’s', { code: 'errors.hash-not-found' });
    }
    if (!own.some((one) => one.count > 0 && !hashes.includes(one.hash))) {
      throw new Fault('unprocessable', 'These are all events of the issue: nothing would be left of it', {
        code: 'errors.nothing-left',
      });
    }
    const moved = chosen.map((one) => asUuid(one.hash));
    const [now, slug] = [around.now(), await around.slugOf(issue.projectId)];
    const part = await draftPart(tx, issue, moved, now);
    await insertIssues(tx, [part]);
    for (const table of [
      sql`errors_hashes`,
      sql`errors_events`,
      sql`errors_issue_hours`,
      sql`errors_issue_releases`,
      sql`errors_issue_users`,
    ]) {
      await tx.execute(
        sql`update ${table} set issue_id = ${part.id} where issue_id = ${issueId} and hash = any(${moved}::uuid[])`,
      );
    }
    for (const one of [issue, part]) await countAgain(tx, one);
    await updateIssues(tx, [issue, part]);
    await appendEvent(tx, errorsEvents, 'issue.split', {
      subject: `issue:${issueId}`,
      projectId: issue.projectId,
      actor,
      causes: issue.openedEvent ? [issue.openedEvent] : [],
      data: { ...namesOf(issue, slug), partId: part.id, partShortId: shortIdOf(slug, part.number) },
    });
    const common = { kind: 'split' as const, at: now, by: actor.name, release: null };
    await insertActivity(tx, [
      { ...common, issueId, text: `took ${shortIdOf(slug, part.number)} (${part.title}) out of this` },
      { ...common, issueId: part.id, text: `taken out of ${shortIdOf(slug, issue.number)}` },
    ]);
    return part;
  });
}

/** The new issue: what it is called, and where it broke, is told by the latest kept event that is its own. */
async function draftPart(tx: Transaction, issue: IssueRow, hashes: string[], now: number): Promise<IssueRow> {
  const latest = await tx.first<{ title: string; block: Uint8Array; position: number }>(sql`
    select e.title, b.body as block, e.position from errors_events e join errors_blocks b on b.id = e.block_id
    where e.issue_id = ${issue.id} and e.hash = any(${hashes}::uuid[])
    order by e.received_at desc, e.id desc limit 1`);
  const report = latest && (await unpackReport(latest.block, latest.position));
  const { status, substatus, since } = newIssue(now);
  return {
    ...issue,
    ...(report && {
      ...headlineOf(report),
      title: latest.title,
      level: report.level,
      platform: report.platform,
      environment: report.environment ?? '',
      service: report.service ?? '',
      files: applicationFiles(report),
    }),
    id: newId(now),
    number: await takeNumbers(tx, issue.projectId, 1),
    status,
    substatus,
    since,
    resolution: null,
    archive: null,
    assigneeId: null,
    assigneeName: null,
    suspect: null,
    ownership: null,
    evidence: null,
    openedEvent: null,
    kept: 0,
    users: 0,
  };
}

/** Counts and times of an issue from what is kept by hash. */
async function countAgain(tx: Transaction, issue: IssueRow): Promise<void> {
  const row = await tx.first<{ count: number; first: number; last: number; kept: number }>(sql`
    select coalesce(sum(count), 0)::bigint as count, (extract(epoch from min(first_seen)) * 1000)::float8 as first,
      (extract(epoch from max(last_seen)) * 1000)::float8 as last,
      (select count(*)::int from errors_events where issue_id = ${issue.id}) as kept
    from errors_issue_releases where issue_id = ${issue.id}`);
  const ends = await tx.first<{ first: string; last: string }>(sql`
    select (select release from errors_issue_releases where issue_id = ${issue.id} order by first_seen limit 1) as first,
      (select release from errors_issue_releases where issue_id = ${issue.id} order by last_seen desc limit 1) as last`);
  if (!row) return;
  issue.count = row.count;
  issue.kept = row.kept;
  issue.firstSeen = row.first ?? issue.firstSeen;
  issue.lastSeen = row.last ?? issue.lastSeen;
  issue.firstRelease = ends?.first ?? issue.firstRelease;
  issue.lastRelease = ends?.last ?? issue.lastRelease;
  issue.users = await countedUsers(tx, issue.id);
}

export interface IssueHash {
  /** 32 hexadecimal digits. */
  hash: string;
  algorithm: string;
  /** Events first looked up by it; the others of an event are known but count under its first. */
  count: number;
  /** Unix ms; null when no event was counted under it. */
  firstSeen: number | null;
  lastSeen: number | null;
  /** Of the latest kept event. */
  eventId: string | null;
  title: string | null;
}

/** What an issue consists of, busiest first. */
export function listHashes(db: Pick<Transaction, 'query'>, issueId: string): Promise<IssueHash[]> {
  return db.query(sql`
    select replace(h.hash::text, '-', '') as hash, h.algorithm, coalesce(c.count, 0)::bigint as count,
      c.first as "firstSeen", c.last as "lastSeen", e.id as "eventId", e.title
    from errors_hashes h
    left join lateral (
      select sum(r.count) as count, (extract(epoch from min(r.first_seen)) * 1000)::float8 as first,
        (extract(epoch from max(r.last_seen)) * 1000)::float8 as last
      from errors_issue_releases r where r.issue_id = h.issue_id and r.hash = h.hash) c on true
    left join lateral (
      select e.id, e.title from errors_events e where e.issue_id = h.issue_id and e.hash = h.hash
      order by e.received_at desc, e.id desc limit 1) e on true
    where h.issue_id = ${issueId} order by count desc, hash limit 500`);
}

/** The id under which an issue is found now: its own, or that of the issue it was merged into. */
export async function currentIdOf(db: Pick<Transaction, 'first'>, id: string): Promise<string> {
  const alias = await db.first<{ issueId: string }>(
    sql`select issue_id as "issueId" from errors_aliases where id = ${id}`,
  );
  return alias?.issueId ?? id;
}
