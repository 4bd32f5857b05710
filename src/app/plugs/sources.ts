import { cloneAt, type createPipelines } from '../../pipelines/index.ts';
import type { Projects } from '../../projects/index.ts';

type Sources = Parameters<typeof createPipelines>[0]['sources'];

/** The address a clone names as `origin`. */
export const gitUrlOf = (publicUrl: string, slug: string): string => `${publicUrl}/git/${slug}.git`;

/** What pipelines need of repositories. */
export function sourcesOf(projects: Projects, publicUrl: () => string): Sources {
  return {
    async project(idOrSlug) {
      const project = await projects.find(idOrSlug);
      if (!project) return undefined;
      const { id, slug, defaultBranch } = project;
      return { id, slug, defaultBranch, gitUrl: gitUrlOf(publicUrl(), slug) };
    },
    tree: (projectId, sha) => projects.tree(projectId, sha),
    async resolve(projectId, ref) {
      for (const [kind, full] of [
        ['branch', `refs/heads/${ref}`],
        ['tag', `refs/tags/${ref}`],
      ] as const) {
        const sha = await projects.resolve(projectId, full);
        if (sha) return { sha, [kind]: ref };
      }
      const sha = await projects.resolve(projectId, ref);
      return sha ? { sha } : undefined;
    },
    async commit(projectId, sha) {
      const commit = await projects.commit(projectId, sha);
      return {
        message: commit?.message ?? '',
        author: commit?.author ?? { name: 'unknown', email: '' },
        at: commit?.committedAt ?? null,
      };
    },
    async checkout({ projectId, sha, branch, tag, shallow, directory }) {
      const project = await projects.get(projectId);
      const url = gitUrlOf(publicUrl(), project.slug);
      await cloneAt({ repository: projects.repositoryPath(projectId), sha, branch, tag, shallow, directory, url });
    },
  };
}
