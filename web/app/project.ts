import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { ask, type Item } from './api.ts';

export type Project = Item<'projects', 'list'>;

export const projectsQuery = ask('projects', 'list');

interface Chosen {
  /** All projects; undefined while they load. */
  projects: Project[] | undefined;
  /** The one in the URL; undefined means every project. */
  project: Project | undefined;
  /** Its slug as the URL says it, also while projects load. */
  slug: string | undefined;
  /** The one in the URL, or the only one there is: for what cannot be shown for all at once. */
  only: Project | undefined;
  /** A project's slug by id, for lists over all. */
  slugOf: (id: string | null | undefined) => string | undefined;
}

/** The project chosen in the URL (`?project=slug`), which every page keeps. */
export function useProject(): Chosen {
  const slug = useSearch({ strict: false, select: (search) => search.project });
  const projects = useQuery(projectsQuery).data?.items;
  const project = slug === undefined ? undefined : projects?.find((one) => one.slug === slug || one.id === slug);
  return {
    projects,
    project,
    slug,
    only: project ?? (projects?.length === 1 ? projects[0] : undefined),
    slugOf: (id) => projects?.find((one) => one.id === id)?.slug,
  };
}
