import { useNavigate } from '@tanstack/react-router';
import { ChevronsUpDown, FolderGit2, Layers, Plus } from 'lucide-react';
import { Menu } from '../kit/menu.tsx';
import { useProject } from './project.ts';
import styles from './project-switcher.module.css';

/** Which project the pages are about; all of them by default. */
export function ProjectSwitcher() {
  const { projects, project, slug } = useProject();
  const navigate = useNavigate();
  const choose = (next: string | undefined) =>
    void navigate({ to: '.', search: (before) => ({ ...before, project: next }) });
  return (
    <Menu
      trigger={
        <button type="button" className={styles.switcher} aria-label={`Project: ${project?.name ?? slug ?? 'all'}`}>
          <span className={styles.icon} aria-hidden>
            {slug ? (project?.name ?? slug).charAt(0).toUpperCase() : <Layers />}
          </span>
          <span className={styles.name}>{project?.name ?? slug ?? 'All projects'}</span>
          <ChevronsUpDown aria-hidden className={styles.arrows} />
        </button>
      }
      groups={[
        {
          id: 'projects',
          items: [
            {
              id: '*',
              label: 'All projects',
              icon: <Layers aria-hidden />,
              checked: !slug,
              onSelect: () => choose(undefined),
            },
            ...(projects ?? []).map((one) => ({
              id: one.id,
              label: one.name,
              icon: <FolderGit2 aria-hidden />,
              checked: one.slug === slug,
              onSelect: () => choose(one.slug),
            })),
          ],
        },
        {
          id: 'new',
          items: [
            {
              id: 'connect',
              label: 'Connect a repository',
              icon: <Plus aria-hidden />,
              onSelect: () => void navigate({ to: '/connect' }),
            },
          ],
        },
      ]}
    />
  );
}
