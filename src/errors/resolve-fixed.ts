import { system } from '../kernel/events.ts';
import { appendEvent } from '../platform/events/log.ts';
import { sql } from '../platform/postgres/sql.ts';
import { type ChangeSurroundings, changeIssue } from './change.ts';
import { errorsEvents } from './events.ts';
import { fixedNumbers } from './fixes.ts';
import { resolved } from './issue.ts';

/** A commit that visitors reach now, and the release that brought it. */
export interface ShippedCommit {
  sha: string;
  message: string;
  author: string;
  release: string;
}

/**
 * Resolves the issues a shipped commit says it mends, as of its release. An issue that was resolved in that release before stays as it
 * is: when it came back, or somebody opened it again, the next environment the release reaches does not resolve it once more.
 * @param causes ids of facts in the event log, nearest first
 */
export async function resolveFixed(
  around: ChangeSurroundings,
  projectId: string,
  commit: ShippedCommit,
  causes: string[],
): Promise<void> {
  const numbers = fixedNumbers(commit.message, await around.slugOf(projectId));
  if (numbers.length === 0) return;
  const found = await around.database.query<{ id: string }>(sql`
    select id from errors_issues i where project_id = ${projectId} and number = any(${numbers}::int[]) and status <> 'resolved'
      and not exists (
        select from errors_activity a where a.issue_id = i.id and a.kind = 'resolved' and a.release = ${commit.release})`);
  for (const { id } of found) await resolveOne(around, id, commit, causes);
}

function resolveOne(around: ChangeSurroundings, id: string, commit: ShippedCommit, causes: string[]) {
  const { release, sha, author } = commit;
  return changeIssue(around, id, async (tx, issue, named) => {
    if (issue.status === 'resolved') return null;
    const deployment = await around.releases?.deploymentOf(issue.projectId, release, null);
    const at = around.now();
    Object.assign(issue, resolved({ in: 'release', release, order: deployment?.order ?? null, at, by: author }));
    await appendEvent(tx, errorsEvents, 'issue.resolved', {
      subject: `issue:${id}`,
      projectId: issue.projectId,
      actor: { ...system('resolve-fixed-issues'), name: author },
      causes: [...causes, ...(issue.openedEvent ? [issue.openedEvent] : [])],
      data: { ...named, in: 'release', release },
    });
    return {
      issueId: id,
      kind: 'resolved',
      at,
      by: author,
      text: `resolved in ${release} by ${sha.slice(0, 7)}`,
      release,
    };
  });
}
