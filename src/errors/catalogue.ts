import { Fault } from '../kernel/faults.ts';
import { isId } from '../kernel/ids.ts';
import { sql } from '../platform/postgres/sql.ts';
import {
  archiveIssue,
  assignIssue,
  type ChangeSurroundings,
  prioritiseIssue,
  reopenIssue,
  resolveIssue,
} from './change.ts';
import { listMonitors } from './monitors/store-monitors.ts';
import type { ErrorCatalogue } from './port.ts';
import { presentEvent } from './present-event.ts';
import { presentMonitor } from './present-monitor.ts';
import { listEvents } from './read-events.ts';
import { listIssues } from './read-issues.ts';
import { createReader, type ReaderSurroundings } from './reader.ts';
import { createReleaseReader } from './releases/routes.ts';
import type { IssueRow } from './store-issues.ts';

/** The room's side of the port that foreign APIs read and change issues by. */
export function createCatalogue(around: ChangeSurroundings & ReaderSurroundings): ErrorCatalogue {
  const { database } = around;
  const reader = createReader(around);
  const releases = createReleaseReader(around);
  const find = async (id: string): Promise<IssueRow> => {
    const issue = isId(id) ? await reader.issueOf(id) : await reader.byShortId(id);
    if (!issue) throw new Fault('missing', `There is no issue ${id}`, { code: 'errors.issue-not-found' });
    return issue;
  };
  return {
    projects: () => around.projects.list(),
    async issues(filter, order) {
      const page = await listIssues(database, { ...filter, status: 'all' }, order);
      return { items: await reader.present(page.rows, '24h'), next: page.next };
    },
    issue: async (id) => reader.detailOf((await find(id)).id, '24h'),
    async change(id, change, actor) {
      const issueId = (await find(id)).id;
      if (change.status === 'resolved') await resolveIssue(around, issueId, change.in ?? { in: 'now' }, actor);
      else if (change.status === 'archived') await archiveIssue(around, issueId, change.until ?? {}, actor);
      else if (change.status === 'unresolved') await reopenIssue(around, issueId, actor);
      if (change.assignee !== undefined) {
        const personId = await personOf(around, change.assignee);
        await assignIssue(around, issueId, personId, actor);
      }
      if (change.priority) await prioritiseIssue(around, issueId, change.priority, actor);
      return reader.presentOne(await reader.issueOf(issueId));
    },
    async events(of, page) {
      const { rows, next } = await listEvents(database, of, {}, page);
      return { items: rows.map(presentEvent), next };
    },
    event: (id) => reader.eventOf(id),
    releases: (filter, page) => releases.list(filter, page),
    release: (projectId, release) => releases.detail(projectId, release, undefined),
    async forgetRelease(projectId, release) {
      await database.execute(
        sql`delete from errors_known_releases where project_id = ${projectId} and version = ${release}`,
      );
    },
    async monitors(projectId) {
      return (await listMonitors(database, { projectId })).map(presentMonitor);
    },
  };
}

async function personOf({ people }: ChangeSurroundings, assignee: string | null): Promise<string | null> {
  if (assignee === null || !assignee.includes('@')) return assignee;
  const person = await people.byEmail(assignee);
  if (!person)
    throw new Fault('unprocessable', `Nobody has the address ${assignee}`, { code: 'errors.person-not-found' });
  return person.id;
}
