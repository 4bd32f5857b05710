import { isDeepStrictEqual } from 'node:util';
import { type Actor, system } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Database, Transaction } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import { shortIdOf } from './announce.ts';
import { errorsEvents } from './events.ts';
import { forgetSessions } from './health/store-sessions.ts';
import { type Archive, archived, type IssuePriority, type IssueState, reopened, resolved } from './issue.ts';
import { roomLimits } from './limits.ts';
import type { PeopleDirectory, ReleaseLookup } from './port.ts';
import {
  type Activity,
  type IssueRow,
  insertActivity,
  lockIssues,
  type Suspect,
  updateIssues,
} from './store-issues.ts';

export interface ChangeSurroundings {
  database: Database;
  now(): number;
  slugOf(projectId: string): Promise<string>;
  people: PeopleDirectory;
  releases: ReleaseLookup | undefined;
}

const missing = (id: string): Fault =>
  new Fault('missing', `There is no issue ${id}`, {
    code: 'errors.issue-not-found',
    hint: 'It may have been deleted.',
  });

type Work = (tx: Transaction, issue: IssueRow, named: Named) => Promise<Activity | null>;
interface Named {
  issueId: string;
  shortId: string;
  title: string;
  culprit: string;
}

/** Locks one issue, lets `work` change it and append its fact, and writes it back with the activity; all or nothing. */
export async function changeIssue(around: ChangeSurroundings, id: string, work: Work): Promise<IssueRow> {
  return around.database.transaction(async (tx) => {
    const [issue] = await lockIssues(tx, [id]);
    if (!issue) throw missing(id);
    const slug = await around.slugOf(issue.projectId);
    const shortId = shortIdOf(slug, issue.number);
    const activity = await work(tx, issue, { issueId: id, shortId, title: issue.title, culprit: issue.culprit });
    if (activity) {
      await updateIssues(tx, [issue]);
      await insertActivity(tx, [activity]);
    }
    return issue;
  });
}

const about = (issue: IssueRow, actor: Actor) => ({
  subject: `issue:${issue.id}`,
  projectId: issue.projectId,
  actor,
  causes: issue.openedEvent ? [issue.openedEvent] : [],
});

const become = (issue: IssueRow, state: IssueState): void => void Object.assign(issue, state);

/**
 * Resolves an issue: for good (`now`), as of a release, or as of the one after it. Without a release named, `release` and
 * `next-release` mean the latest one the issue was seen in.
 */
export function resolveIssue(
  around: ChangeSurroundings,
  id: string,
  how: { in: 'now' | 'release' | 'next-release'; release?: string | undefined },
  actor: Actor,
): Promise<IssueRow> {
  return changeIssue(around, id, async (tx, issue, named) => {
    const release = how.in === 'now' ? null : how.release || issue.lastRelease || null;
    if (how.in !== 'now' && release === null) {
      throw new Fault('unprocessable', 'This issue was never seen in a release', {
        code: 'errors.no-release',
        hint: 'Resolve it for good, or name the release that fixes it.',
      });
    }
    const deployment = release && (await around.releases?.deploymentOf(issue.projectId, release, null));
    const at = around.now();
    become(issue, resolved({ in: how.in, release, order: deployment ? deployment.order : null, at, by: actor.name }));
    await appendEvent(tx, errorsEvents, 'issue.resolved', {
      ...about(issue, actor),
      data: { ...named, in: how.in, release },
    });
    const text =
      how.in === 'now'
        ? 'resolved'
        : how.in === 'release'
          ? `resolved in ${release}`
          : `resolved in the release after ${release}`;
    return { issueId: id, kind: 'resolved', at, by: actor.name, text, release };
  });
}

/** Until when an issue is archived: at most one of these, none for ever. */
export interface ArchiveUntil {
  /** Unix ms. */
  untilAt?: number | undefined;
  /** Further events, or further users. */
  untilCount?: number | undefined;
  untilUsers?: number | undefined;
  /** It brings more than its past lets expect. */
  untilEscalating?: boolean | undefined;
}

function archiveOf(until: ArchiveUntil, issue: IssueRow): { archive: Archive; text: string } {
  const { untilAt, untilCount, untilUsers } = until;
  const none = { at: null, count: null };
  if (untilAt !== undefined) {
    return {
      archive: { ...none, until: 'time', at: untilAt },
      text: `archived until ${new Date(untilAt).toISOString()}`,
    };
  }
  if (untilCount !== undefined) {
    return {
      archive: { ...none, until: 'count', count: issue.count + untilCount },
      text: `archived until ${untilCount} more events`,
    };
  }
  if (untilUsers !== undefined) {
    return {
      archive: { ...none, until: 'users', users: issue.users + untilUsers },
      text: `archived until ${untilUsers} more users`,
    };
  }
  return until.untilEscalating
    ? { archive: { ...none, until: 'escalating' }, text: 'archived until it escalates' }
    : { archive: { ...none, until: 'forever' }, text: 'archived' };
}

/** Archives an issue, for ever or until it gets worse. */
export function archiveIssue(
  around: ChangeSurroundings,
  id: string,
  until: ArchiveUntil,
  actor: Actor,
): Promise<IssueRow> {
  return changeIssue(around, id, async (tx, issue, named) => {
    const at = around.now();
    const { archive, text } = archiveOf(until, issue);
    become(issue, archived(archive, at));
    await appendEvent(tx, errorsEvents, 'issue.archived', {
      ...about(issue, actor),
      data: { ...named, until: archive.until },
    });
    return { issueId: id, kind: 'archived', at, by: actor.name, text, release: null };
  });
}

/** Sets how soon somebody should look; from then on nothing else changes it. */
export function prioritiseIssue(
  around: ChangeSurroundings,
  id: string,
  priority: IssuePriority,
  actor: Actor,
): Promise<IssueRow> {
  return changeIssue(around, id, async (tx, issue, named) => {
    if (issue.priority === priority && issue.priorityLocked) return null;
    issue.priority = priority;
    issue.priorityLocked = true;
    await appendEvent(tx, errorsEvents, 'issue.prioritised', { ...about(issue, actor), data: { ...named, priority } });
    const text = `priority set to ${priority}`;
    return { issueId: id, kind: 'prioritised', at: around.now(), by: actor.name, text, release: null };
  });
}

/** Adds what somebody has to say to the issue's history. */
export function commentOnIssue(around: ChangeSurroundings, id: string, text: string, actor: Actor): Promise<IssueRow> {
  return changeIssue(around, id, async (tx, issue, named) => {
    await appendEvent(tx, errorsEvents, 'issue.commented', { ...about(issue, actor), data: { ...named, text } });
    return { issueId: id, kind: 'comment', at: around.now(), by: actor.name, text, release: null };
  });
}

/** Makes an issue unresolved again; nothing happens to one that is. */
export function reopenIssue(around: ChangeSurroundings, id: string, actor: Actor): Promise<IssueRow> {
  return changeIssue(around, id, async (tx, issue, named) => {
    if (issue.status === 'unresolved') return null;
    const at = around.now();
    become(issue, reopened(at));
    await appendEvent(tx, errorsEvents, 'issue.reopened', { ...about(issue, actor), data: named });
    return { issueId: id, kind: 'reopened', at, by: actor.name, text: 'reopened', release: null };
  });
}

/** Assigns an issue to a person, or with null to nobody. */
export async function assignIssue(
  around: ChangeSurroundings,
  id: string,
  personId: string | null,
  actor: Actor,
): Promise<IssueRow> {
  const personName = personId === null ? null : await around.people.nameOf(personId);
  if (personName === undefined) {
    throw new Fault('unprocessable', 'There is no such person', { code: 'errors.person-not-found' });
  }
  return changeIssue(around, id, async (tx, issue, named) => {
    if (issue.assigneeId === personId) return null;
    issue.assigneeId = personId;
    issue.assigneeName = personName;
    await appendEvent(tx, errorsEvents, 'issue.assigned', {
      ...about(issue, actor),
      data: { ...named, personId, personName },
    });
    const text = personName === null ? 'assigned to nobody' : `assigned to ${personName}`;
    return { issueId: id, kind: 'assigned', at: around.now(), by: actor.name, text, release: null };
  });
}

/** What a flow found to blame; absent parts leave what is known already. */
export interface Cause {
  deployment?: Suspect['deployment'] | undefined;
  /** Most suspicious first. */
  commits?: Suspect['commits'] | undefined;
}

/**
 * Lays an issue at a deployment and at commits. Called by flows; saying the same again changes nothing and appends nothing.
 * @param causes ids of facts in the event log that brought the issue about, nearest first
 */
export function attachCause(
  around: ChangeSurroundings,
  id: string,
  cause: Cause,
  causes: string[],
  actor: Actor,
): Promise<IssueRow> {
  return changeIssue(around, id, async (tx, issue, named) => {
    const suspect: Suspect = {
      deployment: cause.deployment ?? issue.suspect?.deployment ?? null,
      commits: cause.commits ?? issue.suspect?.commits ?? [],
    };
    if (isDeepStrictEqual(suspect, issue.suspect)) return null;
    issue.suspect = suspect;
    await appendEvent(tx, errorsEvents, 'issue.cause-found', {
      ...about(issue, actor),
      causes: [...new Set([...causes, ...about(issue, actor).causes])],
      data: {
        ...named,
        deploymentId: suspect.deployment?.id ?? null,
        release: suspect.deployment?.release ?? null,
        commits: suspect.commits.map((commit) => commit.sha),
      },
    });
    const [first] = suspect.commits;
    const text = first
      ? `probably caused by ${first.sha.slice(0, 7)} of ${first.author.name}`
      : `came with the deployment of ${suspect.deployment?.release ?? 'a release'}`;
    return {
      issueId: id,
      kind: 'cause-found',
      at: around.now(),
      by: actor.kind === 'system' ? 'Millrace' : actor.name,
      text,
      release: suspect.deployment?.release ?? null,
    };
  });
}

/** Reopens issues whose archive has run out, whether or not their events come. */
export async function reopenExpired(around: ChangeSurroundings): Promise<void> {
  const due = await around.database.query<{ id: string }>(sql`
    select id from errors_issues where status = 'archived' and archive ->> 'until' = 'time'
      and (archive ->> 'at')::float8 <= ${around.now()}::float8 limit 1000`);
  for (const { id } of due) await reopenIssue(around, id, system('errors'));
}

/** Deletes everything a project sent. */
export async function forgetProject(database: Database, projectId: string): Promise<void> {
  await database.transaction(async (tx) => {
    // A block may hold reports of other projects too: it goes when none of its reports is left.
    await tx.execute(sql`
      with gone as (delete from errors_events where project_id = ${projectId} returning block_id),
      counted as (select block_id, count(*)::int as n from gone group by block_id)
      update errors_blocks b set live = b.live - counted.n from counted where b.id = counted.block_id`);
    await tx.execute(sql`delete from errors_blocks where live <= 0`);
    await tx.execute(sql`delete from errors_issues where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_rules where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_settings where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_saved_views where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_telling where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_numbers where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_received where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_outcomes where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_feedback where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_files where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_bundles where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_sources where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_known_releases where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_monitors where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_sessions where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_session_hours where project_id = ${projectId}`);
    await tx.execute(sql`delete from errors_session_users where project_id = ${projectId}`);
  });
}

/** Forgets client ids, accounts, sessions and files past their time; called now and then. */
export async function forget(database: Database): Promise<void> {
  const { rememberedFor, filesKeptFor, mapsKeptFor } = roomLimits;
  await database.execute(
    sql`delete from errors_received where at < now() - make_interval(secs => ${rememberedFor / 1000})`,
  );
  await database.execute(sql`delete from errors_outcomes where hour < now() - interval '90 days'`);
  await database.execute(
    sql`delete from errors_files where received_at < now() - make_interval(secs => ${filesKeptFor / 1000})`,
  );
  await database.execute(sql`delete from errors_check_ins where started_at < now() - interval '30 days'`);
  await database.execute(sql`delete from errors_chunks where at < now() - interval '1 day'`);
  await database.execute(sql`
    delete from errors_sources where at < now() - make_interval(secs => ${mapsKeptFor / 1000})`);
  await forgetSessions(database);
}
