import { newId } from '../kernel/ids.ts';
import { asUuid, type Digest } from './digest.ts';
import { hashOf } from './grouping/component.ts';
import { type Change, newIssue, priorityOf, see } from './issue.ts';
import { roomLimits } from './limits.ts';
import type { ReleaseDeployment } from './port.ts';
import type { ReleaseCount } from './store-batch.ts';
import type { Activity, IssueRow } from './store-issues.ts';
import { stateOf } from './store-issues.ts';

/** Group of what came after a project made too many new issues in an hour. */
export const overflowHash = hashOf(['millrace: too many new issues']);

export const keyOf = (projectId: string, hash: string): string => `${projectId}:${hash}`;

/** The events of a batch that are one issue; `isNew` when no hash of theirs was known. */
export interface Share {
  issueId: string;
  projectId: string;
  isNew: boolean;
  isOverflow: boolean;
  digests: Digest[];
}

/**
 * Deals the events of a batch out to issues: known ones by hash, and new ones, of which each project may still make
 * `allowance(projectId)`. Pure; `known` maps `project:hash` to an issue. `earlier` are hashes by the rules before, for lookup only.
 * @returns the shares, and the hashes to be remembered
 */
export function deal(
  digests: Digest[],
  known: ReadonlyMap<string, string>,
  allowance: (projectId: string) => number,
  earlier: (digest: Digest) => readonly string[] = () => [],
): { shares: Share[]; hashes: { projectId: string; hash: string; algorithm: string; issueId: string }[] } {
  const issues = new Map(known);
  const shares = new Map<string, Share>();
  const hashes: { projectId: string; hash: string; algorithm: string; issueId: string }[] = [];
  const made = new Map<string, number>();
  for (const digest of digests) {
    const { projectId, algorithm } = digest;
    let own = digest.hashes;
    let issueId = [...own, ...earlier(digest)]
      .map((hash) => issues.get(keyOf(projectId, hash)))
      .find((id) => id !== undefined);
    let isNew = false;
    if (issueId === undefined && (made.get(projectId) ?? 0) >= allowance(projectId)) {
      own = [overflowHash];
      issueId = issues.get(keyOf(projectId, overflowHash));
    }
    if (issueId === undefined) {
      issueId = newId(digest.facts.receivedAt);
      isNew = true;
      made.set(projectId, (made.get(projectId) ?? 0) + 1);
    }
    for (const hash of own) {
      const key = keyOf(projectId, hash);
      if (issues.has(key)) continue;
      issues.set(key, issueId);
      hashes.push({ projectId, hash, algorithm, issueId });
    }
    const share = shares.get(issueId) ?? {
      issueId,
      projectId,
      isNew,
      isOverflow: own[0] === overflowHash,
      digests: [],
    };
    share.digests.push(digest);
    shares.set(issueId, share);
  }
  return { shares: [...shares.values()], hashes };
}

/** What one share does to its issue. */
export interface Effect {
  issue: IssueRow;
  /** The issue was made by this batch. */
  opened: boolean;
  changes: { change: NonNullable<Change>; digest: Digest; resolvedIn: string | null }[];
  releases: ReleaseCount[];
  hours: { issueId: string; hash: string; hour: number; count: number }[];
  kept: { digest: Digest; landmark: boolean }[];
  activity: Activity[];
}

/** A fresh issue, as its first event makes it. */
export function draftIssue(share: Share, number: number): IssueRow {
  const first = share.digests[0]!;
  const { facts, headline } = first;
  const state = newIssue(facts.receivedAt);
  return {
    id: share.issueId,
    projectId: share.projectId,
    number,
    ...(share.isOverflow
      ? {
          title: 'Too many new issues: further kinds of error are collected here',
          type: null,
          message: `More than ${roomLimits.newIssuesPerHour} new issues appeared within an hour.`,
          culprit: '',
        }
      : { title: headline.title, type: headline.type, message: headline.message, culprit: headline.culprit }),
    level: facts.level,
    platform: facts.platform,
    handled: headline.handled,
    status: state.status,
    substatus: state.substatus,
    since: state.since,
    resolution: null,
    archive: null,
    firstSeen: facts.at,
    lastSeen: facts.at,
    firstRelease: facts.release ?? '',
    lastRelease: facts.release ?? '',
    environment: facts.environment ?? '',
    service: facts.service ?? '',
    count: 0,
    users: 0,
    kept: 0,
    priority: priorityOf(facts.level),
    priorityLocked: false,
    assigneeId: null,
    assigneeName: null,
    suspect: null,
    ownership: null,
    evidence: null,
    files: first.files,
    openedEvent: null,
  };
}

/** The hash that an event's counts are kept under; what ran over its limit is not told apart. */
export const countedUnder = (share: Pick<Share, 'isOverflow'>, digest: Digest): string =>
  asUuid(share.isOverflow ? overflowHash : digest.hashes[0]!);

/** Folds the events of a share into its issue, in the order they arrived. Pure. */
export function fold(
  before: IssueRow,
  share: Share,
  knownReleases: ReadonlySet<string>,
  deploymentOf: (digest: Digest) => ReleaseDeployment | undefined,
): Effect {
  const issue: IssueRow = { ...before };
  const releases = new Map<string, ReleaseCount>();
  const hours = new Map<string, Effect['hours'][number]>();
  const seenReleases = new Set(knownReleases);
  const landmarks = new Set<Digest>();
  const changes: Effect['changes'] = [];
  const activity: Activity[] = [];
  for (const digest of share.digests) {
    const { facts, headline } = digest;
    const release = facts.release ?? '';
    const environment = facts.environment ?? '';
    issue.count += 1;
    const resolvedIn = issue.resolution?.release ?? null;
    const { state, change } = see(stateOf(issue), {
      at: facts.at,
      receivedAt: facts.receivedAt,
      release: facts.release,
      order: deploymentOf(digest)?.order ?? null,
      count: issue.count,
    });
    Object.assign(issue, state);
    if (change) {
      changes.push({ change, digest, resolvedIn });
      activity.push({
        issueId: issue.id,
        kind: change,
        at: facts.receivedAt,
        by: 'Millrace',
        text:
          change === 'regressed'
            ? `came back${release ? ` in ${release}` : ''} after it was resolved`
            : 'passed what it was archived until',
        release: facts.release,
      });
    }
    if (!seenReleases.has(release)) {
      seenReleases.add(release);
      landmarks.add(digest);
    }
    if (issue.count === 1 || change) landmarks.add(digest);
    issue.firstSeen = Math.min(issue.firstSeen, facts.at);
    if (facts.at >= issue.lastSeen) {
      issue.lastSeen = facts.at;
      issue.lastRelease = release;
      issue.environment = environment;
      issue.service = facts.service ?? '';
      if (!share.isOverflow) {
        issue.title = headline.title;
        issue.type = headline.type;
        issue.message = headline.message;
        issue.culprit = headline.culprit;
      }
      issue.level = facts.level;
      issue.handled = headline.handled;
    }
    const hash = countedUnder(share, digest);
    const key = `${release}\n${environment}\n${hash}`;
    const known = releases.get(key);
    releases.set(key, {
      issueId: issue.id,
      projectId: issue.projectId,
      release,
      environment,
      hash,
      first: Math.min(known?.first ?? facts.at, facts.at),
      last: Math.max(known?.last ?? facts.at, facts.at),
      count: (known?.count ?? 0) + 1,
      regressed: (known?.regressed ?? false) || change === 'regressed',
    });
    const hour = Math.floor(facts.receivedAt / 3_600_000) * 3_600_000;
    const counted = hours.get(`${hour} ${hash}`)?.count ?? 0;
    hours.set(`${hour} ${hash}`, { issueId: issue.id, hash, hour, count: counted + 1 });
  }
  const wanted = share.digests.filter((digest) => digest.body !== null);
  const latest = new Set(wanted.slice(-roomLimits.eventsPerIssueAndBatch));
  const kept = share.digests
    .filter((digest) => landmarks.has(digest) || latest.has(digest))
    .map((digest) => ({ digest, landmark: landmarks.has(digest) }));
  issue.kept += kept.length;
  if (share.isNew) {
    const { facts } = share.digests[0]!;
    activity.unshift({
      issueId: issue.id,
      kind: 'opened',
      at: facts.receivedAt,
      by: 'Millrace',
      text: `first seen${facts.release ? ` in ${facts.release}` : ''}${facts.environment ? `, ${facts.environment}` : ''}`,
      release: facts.release,
    });
  }
  return {
    issue,
    opened: share.isNew,
    changes,
    releases: [...releases.values()],
    hours: [...hours.values()],
    kept,
    activity,
  };
}
