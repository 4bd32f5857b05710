import { Fault } from '../kernel/faults.ts';
import { type MountedContract, mount } from '../platform/http/contract.ts';
import { errorsContract } from './api.ts';
import {
  archiveIssue,
  assignIssue,
  type ChangeSurroundings,
  commentOnIssue,
  prioritiseIssue,
  reopenIssue,
  resolveIssue,
} from './change.ts';
import { readRules, writeRules } from './grouping-rules.ts';
import { listHashes, mergeIssues, splitIssue } from './merge.ts';
import { listMonitors, listRuns } from './monitors/store-monitors.ts';
import { presentEvent } from './present-event.ts';
import { presentFeedback, presentHash, presentRules, presentSettings } from './present-issue.ts';
import { presentMonitor, presentMonitorDetail, presentRun } from './present-monitor.ts';
import { listEvents, readOutcomes, readTagCounts } from './read-events.ts';
import { countIssues, listIssues } from './read-issues.ts';
import { listFeedback } from './read-items.ts';
import { createReader, type ReaderSurroundings } from './reader.ts';
import { releaseHandlers } from './releases/routes.ts';
import { savedViewHandlers } from './saved-views/routes.ts';
import { readSettings, type SettingsBook, writeSettings } from './settings/project-settings.ts';
import type { IssueRow } from './store-issues.ts';

export type RouteSurroundings = ChangeSurroundings & ReaderSurroundings & { settings: SettingsBook };

/** Values shown of one tag. */
const shownTagValues = 10;

/** The handlers of the room's contract. */
export function errorsRoutes(around: RouteSurroundings): MountedContract {
  const { database } = around;

  const { projectIdOf, present, presentOne, issueOf, detailOf, eventOf } = createReader(around);

  return mount(errorsContract, {
    async listIssues({ query }) {
      const { project, sort, period, limit, cursor, ...filter } = query;
      const page = await listIssues(
        database,
        { ...filter, projectId: await projectIdOf(project) },
        { sort, limit, cursor },
      );
      return { items: await present(page.rows, period), next: page.next };
    },
    async countIssues({ query }) {
      return countIssues(database, { projectId: await projectIdOf(query.project), environment: query.environment });
    },
    async changeIssues({ body, actor }) {
      const rows: IssueRow[] = [];
      for (const id of [...new Set(body.ids)]) {
        if (body.action === 'resolve') rows.push(await resolveIssue(around, id, { in: 'now' }, actor));
        else if (body.action === 'archive') rows.push(await archiveIssue(around, id, {}, actor));
        else rows.push(await reopenIssue(around, id, actor));
      }
      return { items: await present(rows, '24h') };
    },
    async getIssue({ params, query }) {
      return detailOf(params.issueId, query.period);
    },
    async getIssueTags({ params }) {
      await issueOf(params.issueId);
      const { sampled, rows } = await readTagCounts(database, params.issueId);
      const tags = new Map<string, typeof rows>();
      for (const row of rows) tags.set(row.key, [...(tags.get(row.key) ?? []), row]);
      return {
        sampled,
        tags: [...tags].map(([key, values]) => ({
          key,
          values: values.slice(0, shownTagValues).map(({ value, n }) => ({ value, count: n })),
          others: values.slice(shownTagValues).reduce((sum, { n }) => sum + n, 0),
        })),
      };
    },
    async listIssueEvents({ params, query }) {
      await issueOf(params.issueId);
      const page = await listEvents(database, { issueId: params.issueId }, query, query);
      return { items: page.rows.map(presentEvent), next: page.next };
    },
    async getEvent({ params }) {
      return eventOf(params.eventId);
    },
    resolveIssue: async ({ params, body, actor }) =>
      presentOne(await resolveIssue(around, params.issueId, body, actor)),
    archiveIssue: async ({ params, body, actor }) =>
      presentOne(
        await archiveIssue(
          around,
          params.issueId,
          { ...body, untilAt: body.untilAt === undefined ? undefined : Date.parse(body.untilAt) },
          actor,
        ),
      ),
    reopenIssue: async ({ params, actor }) => presentOne(await reopenIssue(around, params.issueId, actor)),
    assignIssue: async ({ params, body, actor }) =>
      presentOne(await assignIssue(around, params.issueId, body.personId, actor)),
    prioritiseIssue: async ({ params, body, actor }) =>
      presentOne(await prioritiseIssue(around, params.issueId, body.priority, actor)),
    commentOnIssue: async ({ params, body, actor }) =>
      presentOne(await commentOnIssue(around, params.issueId, body.text, actor)),
    async listIssueHashes({ params }) {
      const { id } = await issueOf(params.issueId);
      return { items: (await listHashes(database, id)).map(presentHash) };
    },
    mergeIssues: async ({ params, body, actor }) =>
      presentOne(await mergeIssues(around, params.issueId, body.ids, actor)),
    splitIssue: async ({ params, body, actor }) =>
      presentOne(await splitIssue(around, params.issueId, body.hashes, actor)),
    async getGroupingRules({ params }) {
      return presentRules(await readRules(database, (await projectIdOf(params.project))!));
    },
    async setGroupingRules({ params, body, actor }) {
      const projectId = (await projectIdOf(params.project))!;
      await writeRules(database, projectId, body, actor);
      around.rules.forget(projectId);
      return presentRules(await readRules(database, projectId));
    },
    async getSettings({ params }) {
      return presentSettings(await readSettings(database, (await projectIdOf(params.project))!));
    },
    async setSettings({ params, body, actor }) {
      const projectId = (await projectIdOf(params.project))!;
      await writeSettings(database, projectId, body, actor);
      around.settings.forget(projectId);
      return presentSettings(await readSettings(database, projectId));
    },
    ...savedViewHandlers(database, projectIdOf),
    ...releaseHandlers(around, async (project) => (await projectIdOf(project))!),
    async listFeedback({ query }) {
      const filter = { projectId: await projectIdOf(query.project), issueId: query.issue };
      const page = await listFeedback(database, filter, query);
      return { items: page.rows.map(presentFeedback), next: page.next };
    },
    async listMonitors({ query }) {
      const rows = await listMonitors(database, { projectId: await projectIdOf(query.project) });
      return { items: rows.map(presentMonitor) };
    },
    async getMonitor({ params }) {
      const rows = await listMonitors(database, { monitorId: params.monitorId });
      if (!rows[0]) {
        throw new Fault('missing', `There is no job ${params.monitorId}`, { code: 'errors.monitor-not-found' });
      }
      return presentMonitorDetail(rows, await around.slugOf(rows[0].projectId));
    },
    async listMonitorRuns({ params, query }) {
      return { items: (await listRuns(database, params.monitorId, query.limit)).map(presentRun) };
    },
    async listOutcomes({ query }) {
      const rows = await readOutcomes(database, (await projectIdOf(query.project))!, query.hours);
      return { items: rows };
    },
  });
}
