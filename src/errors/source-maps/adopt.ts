import type { Database } from '../../platform/postgres/database.ts';
import { sql } from '../../platform/postgres/sql.ts';
import { asUuid } from '../digest.ts';
import { groupReport } from '../grouping/group.ts';
import { markFrames } from '../grouping/stack-rules/mark-frames.ts';
import type { RuleBook } from '../grouping-rules.ts';
import { unpackReport } from '../pack.ts';
import { readEventWithBlock } from '../read-events.ts';
import { headlineOf } from '../title.ts';
import type { MapBook } from './map-book.ts';
import { mapKeys } from './symbolicate.ts';

export interface AdoptSurroundings {
  database: Database;
  maps: MapBook;
  rules: RuleBook;
}

/** Issues looked through for one bundle, those seen last first. */
const mostIssues = 500;

/**
 * Goes through the issues of scripts when a bundle came after their events: they get the names and hashes that their events have with
 * maps, so that later events, which have them from the start, join. Pages of events need nothing: maps are applied as they are read.
 */
export async function adoptLateMaps({ database, maps, rules }: AdoptSurroundings): Promise<void> {
  const bundles = await database.query<{ projectId: string }>(sql`
    select distinct project_id as "projectId" from errors_bundles where not adopted`);
  if (bundles.length === 0) return;
  maps.forget();
  for (const { projectId } of bundles) {
    const taken = await database.query<{ checksum: string }>(sql`
      select checksum from errors_bundles where project_id = ${projectId} and not adopted`);
    const latest = await database.query<{ issueId: string; eventId: string }>(sql`
      select i.id as "issueId", e.id as "eventId" from errors_issues i cross join lateral (
        select id from errors_events e where e.issue_id = i.id order by received_at desc, id desc limit 1) e
      where i.project_id = ${projectId} and i.platform in ('javascript', 'node')
      order by i.last_seen desc limit ${mostIssues}`);
    for (const { issueId, eventId } of latest) await adopt({ database, maps, rules }, projectId, issueId, eventId);
    await database.execute(sql`
      update errors_bundles set adopted = true
      where project_id = ${projectId} and checksum = any(${taken.map((one) => one.checksum)}::text[])`);
  }
}

async function adopt(
  { database, maps, rules }: AdoptSurroundings,
  projectId: string,
  issueId: string,
  eventId: string,
): Promise<void> {
  const row = await readEventWithBlock(database, eventId);
  if (!row) return;
  const kept = await unpackReport(row.block, row.position);
  const before = mapKeys(kept).length;
  if (before === 0) return;
  const read = await maps.symbolicated(projectId, kept);
  if (mapKeys(read).length === before) return;
  const own = await rules.rulesOf(projectId);
  const report = markFrames(read, own.stack);
  const { hashes, algorithm } = groupReport(report, own);
  const { culprit } = headlineOf(report);
  await database.transaction(async (tx) => {
    await tx.execute(sql`
      insert into errors_hashes (project_id, hash, algorithm, issue_id)
      select ${projectId}::uuid, h, ${algorithm}, ${issueId}::uuid from unnest(${hashes.map(asUuid)}::uuid[]) as n(h)
      where exists (select 1 from errors_issues where id = ${issueId}) on conflict do nothing`);
    await tx.execute(sql`update errors_issues set culprit = ${culprit} where id = ${issueId}`);
  });
}
