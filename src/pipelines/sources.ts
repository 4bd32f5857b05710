import type { Projects } from '../projects/index.ts';
import { cloneAt } from './checkout-clone.ts';
import type { RunProject, Sources } from './port.ts';

/** The repositories of the projects room as sources of runs. `publicUrl` is what `origin` of a clone points to. */
export function createSources(projects: Projects, publicUrl: () => string): Sources {
  const urlOf = (slug: string): string => `${publicUrl()}/git/${slug}.git`;
  const find = async (idOrSlug: string): Promise<RunProject | undefined> => {
    const project = await projects.find(idOrSlug);
    if (!project) return undefined;
    const { id, slug, defaultBranch } = project;
    return { id, slug, defaultBranch, gitUrl: urlOf(slug) };
  };
  return {
    project: find,
    tree: (projectId, sha) => projects.tree(projectId, sha),
    async resolve(projectId, ref) {
      // A branch before a tag of the same name; anything else is a commit.
      for (const [kind, name] of [
        ['branch', `refs/heads/${ref}`],
        ['tag', `refs/tags/${ref}`],
      ] as const) {
        const sha = await projects.resolve(projectId, name).catch(() => undefined);
        if (sha) return { sha, [kind]: ref };
      }
      const sha = await projects.resolve(projectId, ref);
      return sha === undefined ? undefined : { sha };
    },
    async commit(projectId, sha) {
      const commit = await projects.commit(projectId, sha);
      if (!commit) return { message: '', author: { name: 'unknown', email: '' }, at: null };
      const { name, email } = commit.author;
      return { message: commit.message, author: { name, email }, at: commit.authoredAt };
    },
    async checkout({ projectId, ...request }) {
      const project = await projects.get(projectId);
      const { slug, defaultBranch } = project;
      await cloneAt({
        ...request,
        defaultBranch,
        repository: projects.repositoryPath(projectId),
        url: urlOf(slug),
      });
    },
  };
}
