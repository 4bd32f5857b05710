import { Fault } from '../kernel/faults.ts';
import type { Database } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { EventDetail, IssueDetail, IssueSummary } from './api.ts';
import { asUuid } from './digest.ts';
import type { RuleBook } from './grouping-rules.ts';
import { currentIdOf } from './merge.ts';
import { unpackReport } from './pack.ts';
import type { ProjectDirectory } from './port.ts';
import { presentEventDetail, replayIdsOf } from './present-event.ts';
import { presentIssue, presentIssueDetail } from './present-issue.ts';
import { endsOf, neighboursOf, readActivity, readEventWithBlock, readIssueReleases } from './read-events.ts';
import { histograms, type Period } from './read-issues.ts';
import { listFiles } from './read-items.ts';
import type { MapBook } from './source-maps/map-book.ts';
import { mapKeys } from './source-maps/symbolicate.ts';
import { type IssueRow, issueColumns, readIssue } from './store-issues.ts';

export interface ReaderSurroundings {
  database: Database;
  now(): number;
  slugOf(projectId: string): Promise<string>;
  projects: ProjectDirectory;
  /** Grouping rules by project. */
  rules: RuleBook;
  /** Source maps by project. */
  maps: MapBook;
}

/** Finds issues and events, and puts together what is shown of them. */
export interface Reader {
  /** Undefined stays undefined; throws when there is no such project. */
  projectIdOf(project: string | undefined): Promise<string | undefined>;
  present(rows: IssueRow[], period: Period): Promise<IssueSummary[]>;
  presentOne(row: IssueRow, period?: Period): Promise<IssueSummary>;
  /** By id, also of one that was merged into another; throws when there is none. */
  issueOf(id: string): Promise<IssueRow>;
  /** By short id: `SHOP-12`. */
  byShortId(shortId: string): Promise<IssueRow | undefined>;
  detailOf(id: string, period: Period): Promise<IssueDetail>;
  /** By Millrace's id or the client's; throws when it is not kept. */
  eventOf(id: string): Promise<EventDetail>;
}

export function createReader(around: ReaderSurroundings): Reader {
  const { database } = around;
  const present = async (rows: IssueRow[], period: Period): Promise<IssueSummary[]> => {
    const now = around.now();
    const ids = rows.map((row) => row.id);
    const byIssue = await histograms(database, ids, period, now);
    const slugs = new Map<string, string>();
    for (const { projectId } of rows) {
      if (!slugs.has(projectId)) slugs.set(projectId, await around.slugOf(projectId));
    }
    return rows.map((row) => presentIssue(row, slugs.get(row.projectId) ?? '', byIssue.get(row.id)!, now));
  };
  const issueOf = async (id: string): Promise<IssueRow> => {
    const issue = (await readIssue(database, id)) ?? (await readIssue(database, await currentIdOf(database, id)));
    if (!issue) throw new Fault('missing', `There is no issue ${id}`, { code: 'errors.issue-not-found' });
    return issue;
  };
  const presentOne = async (row: IssueRow, period: Period = '24h') => (await present([row], period))[0]!;
  return {
    present,
    presentOne,
    issueOf,
    async projectIdOf(project) {
      if (project === undefined) return undefined;
      const found = await around.projects.find(project);
      if (!found) throw new Fault('missing', `There is no project ${project}`, { code: 'errors.project-not-found' });
      return found.id;
    },
    async byShortId(shortId) {
      const [, slug, number] = /^(.+)-(\d{1,9})$/.exec(shortId) ?? [];
      const project = slug === undefined ? undefined : await around.projects.find(slug.toLowerCase());
      if (!project) return undefined;
      return database.first(sql`
        select ${issueColumns} from errors_issues where project_id = ${project.id} and number = ${Number(number)}`);
    },
    async detailOf(id, period) {
      const issue = await issueOf(id);
      const [summary, releases, activity, ends] = await Promise.all([
        presentOne(issue, period),
        readIssueReleases(database, issue.id),
        readActivity(database, issue.id),
        endsOf(database, issue.id),
      ]);
      return presentIssueDetail(issue, summary, { releases, activity, ends });
    },
    async eventOf(id) {
      const hex = id.replaceAll('-', '').toLowerCase();
      const row = /^[0-9a-f]{32}$/.test(hex) ? await readEventWithBlock(database, asUuid(hex)) : undefined;
      if (!row) {
        throw new Fault('missing', `There is no event ${id}`, {
          code: 'errors.event-not-found',
          hint: 'Of each issue the first, the first of each release, and the latest events are kept.',
        });
      }
      const [kept, rules, neighbours] = await Promise.all([
        unpackReport(row.block, row.position),
        around.rules.rulesOf(row.projectId),
        neighboursOf(database, row),
      ]);
      const report = await around.maps.symbolicated(row.projectId, kept);
      const files = await listFiles(database, row.projectId, [row.eventId, ...replayIdsOf(report)]);
      return presentEventDetail(row, report, {
        rules,
        neighbours,
        files,
        mappedLater: mapKeys(report).length < mapKeys(kept).length,
      });
    },
  };
}
