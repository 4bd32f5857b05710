import { newId } from '../kernel/ids.ts';
import type { TelemetryRecord } from '../platform/observe/telemetry-sink.ts';
import type { Database, Transaction } from '../platform/postgres/database.ts';
import { json, sql } from '../platform/postgres/sql.ts';
import { announce, recordOf } from './announce.ts';
import { countedUnder, deal, draftIssue, type Effect, fold, keyOf, overflowHash, type Share } from './batch.ts';
import { type Digest, earlierHashes } from './digest.ts';
import { roomLimits } from './limits.ts';
import type { Outcome, ReleaseDeployment } from './port.ts';
import {
  claimEvents,
  countHours,
  countOutcomes,
  countRecentIssues,
  countReleases,
  countUsers,
  findHashes,
  holdMerges,
  insertEvents,
  insertHashes,
  lockNewIssues,
  thinOut,
} from './store-batch.ts';
import { type IssueRow, insertActivity, insertIssues, lockIssues, takeNumbers } from './store-issues.ts';
import { withoutTwins } from './twins.ts';

export interface IngestSurroundings {
  database: Database;
  /** Slug of a project, for short ids. */
  slugOf(projectId: string): Promise<string>;
  /** Deployments of the releases in this batch, looked up beforehand. */
  deploymentOf(digest: Digest): ReleaseDeployment | undefined;
  /** The whole report of an event, for one that must be kept though there were enough like it. */
  bodyOf(digest: Digest): Promise<Buffer>;
}

/** What a batch left to be done once it was committed. */
export interface Stored {
  outboxId: string | null;
  records: TelemetryRecord[];
  /** Events that had not been seen before. */
  fresh: number;
}

/**
 * Stores a batch in one transaction: issues, counts, events, facts, and the telemetry still to be written. Safe to repeat: events
 * already stored are counted as duplicates and change nothing.
 */
export async function storeBatch(
  digests: Digest[],
  invalid: (Outcome & { projectId: string })[],
  around: IngestSurroundings,
): Promise<Stored> {
  const slugs = new Map<string, string>();
  for (const { projectId } of digests) {
    if (!slugs.has(projectId)) slugs.set(projectId, await around.slugOf(projectId));
  }
  return around.database.transaction(async (tx) => {
    const unknown = await takeUnknown(tx, digests);
    const fresh = await withoutTwins(tx, unknown);
    const outcomes: (Outcome & { projectId: string })[] = [...invalid];
    const duplicates = new Set(digests);
    const withTwin = new Set(unknown);
    for (const digest of fresh) {
      duplicates.delete(digest);
      outcomes.push({ projectId: digest.projectId, category: 'error', outcome: 'accepted', reason: '', quantity: 1 });
    }
    for (const digest of duplicates) {
      const reason = withTwin.has(digest) ? 'same_exception' : 'event_id';
      outcomes.push({ projectId: digest.projectId, category: 'error', outcome: 'duplicate', reason, quantity: 1 });
    }
    if (fresh.length === 0) {
      await countOutcomes(tx, Date.now(), outcomes);
      return { outboxId: null, records: [], fresh: 0 };
    }
    const shares = await dealOut(tx, fresh);
    const effects = await apply(tx, shares, around);
    await announce(tx, effects, slugs, around.deploymentOf);
    const records = effects.flatMap((effect, index) =>
      shares[index]!.digests.map((digest) => recordOf(digest, effect.issue, slugs, around.deploymentOf(digest))),
    );
    const outboxId = newId();
    await tx.execute(sql`insert into errors_outbox (id, records) values (${outboxId}, ${json(records)})`);
    await countOutcomes(tx, Date.now(), outcomes);
    return { outboxId, records, fresh: fresh.length };
  });
}

async function takeUnknown(tx: Transaction, digests: Digest[]): Promise<Digest[]> {
  const unclaimed = await claimEvents(tx, digests);
  // An id twice in one batch is claimed by the first.
  return digests.filter((digest) => unclaimed.delete(keyOf(digest.projectId, digest.facts.eventId)));
}

async function dealOut(tx: Transaction, digests: Digest[]): Promise<Share[]> {
  await holdMerges(tx, [...new Set(digests.map((digest) => digest.projectId))]);
  const wanted = new Map<string, { projectId: string; hash: string }>();
  for (const { projectId, hashes } of digests) {
    for (const hash of hashes) wanted.set(keyOf(projectId, hash), { projectId, hash });
  }
  let known = await findHashes(tx, [...wanted.values()]);
  const lost = digests.filter(({ projectId, hashes }) => !hashes.some((hash) => known.has(keyOf(projectId, hash))));
  const earlier = new Map(lost.map((digest) => [digest, earlierHashes(digest)]));
  for (const [{ projectId }, hashes] of earlier) {
    for (const hash of hashes) wanted.set(keyOf(projectId, hash), { projectId, hash });
  }
  const allowances = new Map<string, number>();
  if (lost.length > 0) {
    const projectIds = [...new Set(lost.map((digest) => digest.projectId))];
    await lockNewIssues(tx, projectIds);
    // Another server may have made them while this one waited.
    known = await findHashes(tx, [
      ...wanted.values(),
      ...projectIds.map((projectId) => ({ projectId, hash: overflowHash })),
    ]);
    for (const projectId of projectIds) {
      allowances.set(projectId, roomLimits.newIssuesPerHour - (await countRecentIssues(tx, projectId)));
    }
  }
  const { shares, hashes } = deal(
    digests,
    known,
    (projectId) => allowances.get(projectId) ?? 0,
    (digest) => earlier.get(digest) ?? [],
  );
  const drafts = shares.filter((share) => share.isNew);
  const rows: IssueRow[] = [];
  for (const projectId of new Set(drafts.map((share) => share.projectId))) {
    const own = drafts.filter((share) => share.projectId === projectId);
    const first = await takeNumbers(tx, projectId, own.length);
    rows.push(...own.map((share, index) => draftIssue(share, first + index)));
  }
  await insertIssues(tx, rows);
  await insertHashes(tx, hashes);
  return shares;
}

async function apply(tx: Transaction, shares: Share[], around: IngestSurroundings): Promise<Effect[]> {
  const ids = shares.map((share) => share.issueId);
  const rows = new Map((await lockIssues(tx, ids)).map((row) => [row.id, row]));
  const known = await tx.query<{ issueId: string; release: string }>(sql`
    select distinct issue_id as "issueId", release from errors_issue_releases where issue_id = any(${ids}::uuid[])`);
  const effects = shares.map((share) =>
    fold(
      rows.get(share.issueId)!,
      share,
      new Set(known.filter((row) => row.issueId === share.issueId).map((row) => row.release)),
      around.deploymentOf,
    ),
  );
  const users = new Map<string, { issueId: string; userKey: string; hash: string }>();
  shares.forEach((share, index) => {
    if (effects[index]!.issue.users >= roomLimits.usersPerIssue) return;
    for (const digest of share.digests) {
      const { userKey } = digest;
      if (userKey === null) continue;
      const hash = countedUnder(share, digest);
      users.set(`${share.issueId} ${userKey} ${hash}`, { issueId: share.issueId, userKey, hash });
    }
  });
  const added = await countUsers(tx, [...users.values()]);
  for (const effect of effects) {
    effect.issue.users += added.get(effect.issue.id) ?? 0;
    effect.issue.suspect ??= effect.opened ? suspectOf(effect, shares, around) : null;
  }
  await countReleases(
    tx,
    effects.flatMap((effect) => effect.releases),
  );
  await countHours(
    tx,
    effects.flatMap((effect) => effect.hours),
  );
  await insertEvents(
    tx,
    effects.flatMap((effect) => effect.kept.map((one) => ({ ...one, issueId: effect.issue.id }))),
    around.bodyOf,
  );
  for (const { issue } of effects) {
    if (issue.kept > roomLimits.eventsPerIssue + roomLimits.eventsPerIssueSlack) {
      issue.kept -= await thinOut(tx, issue.id, roomLimits.eventsPerIssue);
    }
  }
  await insertActivity(
    tx,
    effects.flatMap((effect) => effect.activity),
  );
  return effects;
}

function suspectOf(effect: Effect, shares: Share[], around: IngestSurroundings): IssueRow['suspect'] {
  const first = shares.find((share) => share.issueId === effect.issue.id)?.digests[0];
  const deployment = first && around.deploymentOf(first);
  if (!deployment || !first) return null;
  return {
    deployment: {
      id: deployment.deploymentId,
      release: first.facts.release ?? '',
      environment: deployment.environment,
      at: new Date(deployment.startedAt).toISOString(),
      eventId: deployment.eventId,
    },
    commits: [],
  };
}
