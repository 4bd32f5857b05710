import { rm } from 'node:fs/promises';
import { Fault } from '../kernel/faults.ts';
import { type Handlers, type MountedContract, mountOn } from '../platform/http/contract.ts';
import { idCursor, numberCursor } from '../platform/http/cursor.ts';
import { sql } from '../platform/postgres/sql.ts';
import { pipelinesApi } from './api.ts';
import {
  approveJob,
  type ControlDeps,
  cancelJob,
  cancelRun,
  rerun,
  rerunForShell,
  startFromRef,
  tellShellOpened,
} from './control-run.ts';
import type { Files } from './files.ts';
import type { RunProject } from './port.ts';
import { isComplete, listArtifacts, listTests, openStepLog, readJobDetail, readRunDetail } from './read.ts';
import { listSchedules } from './schedules.ts';
import type { Shells } from './shells.ts';
import { countJobs, listRuns } from './store.ts';
import { logLineOf, runSummaryOf } from './view.ts';

export interface RouteDeps extends ControlDeps {
  files: Files;
  shells: Shells;
}

const done = { ok: true } as const;

/** The contract's handlers. */
export const pipelineRoutes = (deps: RouteDeps): MountedContract =>
  mountOn(pipelinesApi, deps.database, (database) => handlersOf({ ...deps, database }));

function handlersOf(deps: RouteDeps): Handlers<typeof pipelinesApi.operations> {
  const { database } = deps;
  const requireProject = async (idOrSlug: string): Promise<RunProject> => {
    const project = await deps.sources.project(idOrSlug);
    if (!project) throw new Fault('missing', 'There is no such project', { code: 'pipelines.project-missing' });
    return project;
  };
  return {
    async listRuns({ query }) {
      const projectId = query.project === undefined ? undefined : (await requireProject(query.project)).id;
      const { branch, status, sha, cursor } = query;
      const runs = await listRuns(
        database,
        { projectId, branch, status, sha, before: idCursor(cursor) },
        query.limit + 1,
      );
      const page = runs.slice(0, query.limit);
      const counts = await countJobs(
        database,
        page.map((run) => run.id),
      );
      const items = page.map((run) =>
        runSummaryOf(
          run,
          Object.fromEntries(counts.filter((each) => each.runId === run.id).map((each) => [each.status, each.count])),
        ),
      );
      return { items, next: runs.length > query.limit ? (page.at(-1)?.id ?? null) : null };
    },
    getRun: ({ params }) => readRunDetail(database, params.id),
    async startRun({ params, body, actor }) {
      return runSummaryOf(await startFromRef(deps, params.project, body, actor), {});
    },
    async cancelRun({ params, actor }) {
      await cancelRun(deps, params.id, actor);
      return done;
    },
    async rerun({ params, body, actor }) {
      return runSummaryOf(await rerun(deps, params.id, body.from, actor), {});
    },
    async approveJob({ params, actor }) {
      await approveJob(deps, params.id, actor);
      return done;
    },
    async cancelJob({ params, actor }) {
      await cancelJob(deps, params.id, actor);
      return done;
    },
    async rerunForShell({ params, actor }) {
      return runSummaryOf(await rerunForShell(deps, params.id, actor), {});
    },
    async openShell({ params, body, actor }) {
      const id = await deps.shells.open(params.id, body);
      await tellShellOpened(database, params.id, actor);
      return { id };
    },
    async writeShell({ params, body }) {
      const input = body.input === undefined ? undefined : Buffer.from(body.input, 'base64');
      await deps.shells.write(params.id, params.shell, { input, size: body.size });
      return done;
    },
    async readShell({ params, query }) {
      const read = await deps.shells.read(params.id, params.shell, query.offset, query.waitMs);
      return { ...read, output: read.output.toString('base64') };
    },
    async closeShell({ params }) {
      deps.shells.close(params.id, params.shell);
      return done;
    },
    getJob: ({ params }) => readJobDetail(database, params.id),
    async readLog({ params, query }) {
      const { step, log } = await openStepLog(deps, params.id, params.step);
      if (!log) return { lines: [], totalLines: 0, totalBytes: 0, complete: isComplete(step), nextOffset: 0 };
      try {
        const window = await log.window(query.fromLine, query.limit);
        const { totalLines, totalBytes, nextOffset } = window;
        return { lines: window.lines.map(logLineOf), totalLines, totalBytes, complete: isComplete(step), nextOffset };
      } finally {
        await log.close();
      }
    },
    async searchLog({ params, query }) {
      const { log } = await openStepLog(deps, params.id, params.step);
      if (!log) return { lines: [], more: false };
      try {
        const { lines, more } = await log.search(query.text, query.limit);
        return { lines: lines.map(logLineOf), more };
      } finally {
        await log.close();
      }
    },
    async listArtifacts({ params, query }) {
      const items = await listArtifacts(database, params.id, query.job);
      return { items: items.map((item) => ({ ...item, url: `/api/v1/artifacts/${item.id}/content` })) };
    },
    async listTests({ params, query }) {
      const offset = numberCursor(query.cursor) ?? 0;
      const rows = await listTests(database, params.id, query, offset, query.limit + 1);
      const items = rows.slice(0, query.limit).map(({ step, position, ...test }) => ({
        ...test,
        id: `${test.jobId}/${step}/${position}`,
      }));
      return { items, next: rows.length > query.limit ? String(offset + query.limit) : null };
    },
    async listCaches({ params }) {
      const project = await requireProject(params.project);
      const rows = await database.query<{
        id: string;
        key: string;
        bytes: number;
        savedAt: Date;
        usedAt: Date;
        jobId: string | null;
      }>(sql`
        select id, key, bytes, saved_at as "savedAt", used_at as "usedAt", job_id as "jobId" from pipelines_caches
        where project_id = ${project.id} order by used_at desc limit 1000`);
      const items = rows.map((row) => ({
        ...row,
        savedAt: row.savedAt.toISOString(),
        usedAt: row.usedAt.toISOString(),
      }));
      return { items, bytes: rows.reduce((sum, row) => sum + row.bytes, 0) };
    },
    async listSchedules({ params }) {
      const rows = await listSchedules(database, (await requireProject(params.project)).id);
      return { items: rows.map((row) => ({ ...row, nextAt: row.nextAt.toISOString() })) };
    },
    async deleteCache({ params }) {
      const project = await requireProject(params.project);
      const count = await database.execute(
        sql`delete from pipelines_caches where id = ${params.id} and project_id = ${project.id}`,
      );
      if (count === 0) throw new Fault('missing', 'There is no such cache', { code: 'pipelines.cache-missing' });
      await rm(deps.files.cache(params.id), { recursive: true, force: true });
      return done;
    },
  };
}
