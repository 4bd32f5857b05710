import { Fault } from '../../kernel/faults.ts';
import type { Handlers } from '../../platform/http/contract.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { ErrorRelease } from '../api.ts';
import { readHealth } from '../health/store-sessions.ts';
import type { releaseOperations } from './operations.ts';
import { presentComparison, presentRelease, presentReleaseDetail } from './present-release.ts';
import {
  commitsSince,
  issuesOf,
  listReleases,
  type ReleaseFilter,
  readCourse,
  readStory,
  releaseBefore,
} from './read-releases.ts';

export interface ReleaseSurroundings {
  database: Database;
  now(): number;
  slugOf(projectId: string): Promise<string>;
  /** By id or slug; throws when there is no such project. */
  projectIdOf(project: string): Promise<string>;
}

/** The handlers of what is about releases. */
export function releaseHandlers(around: ReleaseSurroundings): Handlers<typeof releaseOperations> {
  const { database } = around;
  const list = async (filter: ReleaseFilter, page: { limit: number; cursor?: string | undefined }) => {
    const { rows, next } = await listReleases(database, filter, page);
    const health = await readHealth(database, rows, filter.environment);
    const healthOf = (row: { projectId: string; release: string }) =>
      health.find((one) => one.projectId === row.projectId && one.release === row.release);
    return { items: rows.map((row) => presentRelease(row, healthOf(row))), next };
  };
  const summaryOf = async (
    projectId: string,
    release: string,
    environment: string | undefined,
  ): Promise<ErrorRelease> => {
    const { items } = await list({ projectId, release, environment }, { limit: 1 });
    if (items[0]) return items[0];
    throw new Fault('missing', `There is no release ${release}`, {
      code: 'errors.release-not-found',
      hint: 'A release is known once it is deployed, or named by an error, a session or an upload tool.',
    });
  };
  return {
    async listReleases({ query }) {
      const { project, environment, release } = query;
      const projectId = project === undefined ? undefined : await around.projectIdOf(project);
      return list({ projectId, environment, release }, query);
    },
    async getRelease({ params, query }) {
      const projectId = await around.projectIdOf(params.project);
      const { environment } = query;
      const { release } = params;
      const [summary, story, course, issues, previous, slug] = await Promise.all([
        summaryOf(projectId, release, environment),
        readStory(database, projectId, release),
        readCourse(database, { projectId, release, environment }, around.now()),
        issuesOf(database, projectId, release, null, environment),
        releaseBefore(database, projectId, release),
        around.slugOf(projectId),
      ]);
      return presentReleaseDetail(summary, { story, course, issues, previous, slug });
    },
    async compareReleases({ params, query }) {
      const projectId = await around.projectIdOf(params.project);
      const { environment } = query;
      const [release, other, commits, issues, slug] = await Promise.all([
        summaryOf(projectId, params.release, environment),
        summaryOf(projectId, query.with, environment),
        commitsSince(database, projectId, query.with, params.release),
        issuesOf(database, projectId, params.release, query.with, environment),
        around.slugOf(projectId),
      ]);
      return presentComparison(release, other, commits, issues, slug);
    },
  };
}
