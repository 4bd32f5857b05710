import type { RepositoryReader } from '../../errors/port.ts';
import type { Projects } from '../../projects/index.ts';

const maxCommits = 200;
const maxFiles = 200;
const maxMessage = 500;

/** What errors read of repositories: the commits of a release, and who owns which path. */
export function repositoryReaderOf(
  projects: Pick<Projects, 'get' | 'resolve' | 'tree' | 'commitsBetween' | 'changedFiles'>,
): RepositoryReader {
  return {
    async commits(projectId, from, to) {
      const [start, end] = await Promise.all([
        from === null ? undefined : projects.resolve(projectId, from),
        projects.resolve(projectId, to),
      ]);
      if (end === undefined) return [];
      const commits = await projects.commitsBetween(projectId, start ?? null, end, start ? maxCommits : 1);
      return Promise.all(
        commits.map(async ({ sha, parents, message, author, committedAt }) => ({
          id: sha,
          message: message.slice(0, maxMessage),
          author: author.name,
          email: author.email,
          at: committedAt,
          files: (await projects.changedFiles(projectId, parents[0] ?? null, sha)).slice(0, maxFiles),
        })),
      );
    },
    async file(projectId, path) {
      const { defaultBranch } = await projects.get(projectId);
      const sha = await projects.resolve(projectId, defaultBranch);
      if (sha === undefined) return undefined;
      return projects.tree(projectId, sha).read(path);
    },
  };
}
