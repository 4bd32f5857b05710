import { Fault } from '../../kernel/faults.ts';
import type { Handlers } from '../../platform/http/contract.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { ErrorRelease, ReleaseDetail } from '../api.ts';
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

export interface ReleaseReader {
  list(
    filter: ReleaseFilter,
    page: { limit: number; cursor?: string | undefined },
  ): Promise<{ items: ErrorRelease[]; next: string | null }>;
  /** Throws when there is no such release, as does `detail`. */
  summary(projectId: string, release: string, environment: string | undefined): Promise<ErrorRelease>;
  detail(projectId: string, release: string, environment: string | undefined): Promise<ReleaseDetail>;
}

export interface ReleaseSurroundings {
  database: Database;
  now(): number;
  slugOf(projectId: string): Promise<string>;
}

/** Puts together what is shown of releases. */
export function createReleaseReader(around: ReleaseSurroundings): ReleaseReader {
  const { database } = around;
  const list: ReleaseReader['list'] = async (filter, page) => {
    const { rows, next } = await listReleases(database, filter, page);
    const health = await readHealth(database, rows, filter.environment);
    const healthOf = (row: { projectId: string; release: string }) =>
      health.find((one) => one.projectId === row.projectId && one.release === row.release);
    return { items: rows.map((row) => presentRelease(row, healthOf(row))), next };
  };
  const summary: ReleaseReader['summary'] = async (projectId, release, environment) => {
    const { items } = await list({ projectId, release, environment }, { limit: 1 });
    if (items[0]) return items[0];
    throw new Fault('missing', `There is no release ${release}`, {
      code: 'errors.release-not-found',
      hint: 'A release is known once it is deployed, or named by an error, a session or an upload tool.',
    });
  };
  return {
    list,
    summary,
    async detail(projectId, release, environment) {
      const [own, story, course, issues, previous, slug] = await Promise.all([
        summary(projectId, release, environment),
        readStory(database, projectId, release),
        readCourse(database, { projectId, release, environment }, around.now()),
        issuesOf(database, projectId, release, null, environment),
        releaseBefore(database, projectId, release),
        around.slugOf(projectId),
      ]);
      return presentReleaseDetail(own, { story, course, issues, previous, slug });
    },
  };
}

/** The handlers of what is about releases; `projectIdOf` throws when there is no such project. */
export function releaseHandlers(
  around: ReleaseSurroundings,
  projectIdOf: (project: string) => Promise<string>,
): Handlers<typeof releaseOperations> {
  const reader = createReleaseReader(around);
  return {
    async listReleases({ query }) {
      const { project, environment, release } = query;
      const projectId = project === undefined ? undefined : await projectIdOf(project);
      return reader.list({ projectId, environment, release }, query);
    },
    async getRelease({ params, query }) {
      return reader.detail(await projectIdOf(params.project), params.release, query.environment);
    },
    async compareReleases({ params, query }) {
      const projectId = await projectIdOf(params.project);
      const { environment } = query;
      const [release, other, commits, issues, slug] = await Promise.all([
        reader.summary(projectId, params.release, environment),
        reader.summary(projectId, query.with, environment),
        commitsSince(around.database, projectId, query.with, params.release),
        issuesOf(around.database, projectId, params.release, query.with, environment),
        around.slugOf(projectId),
      ]);
      return presentComparison(release, other, commits, issues, slug);
    },
  };
}
