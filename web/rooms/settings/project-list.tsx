import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { FolderGit2, Plus } from 'lucide-react';
import { QueryProblem } from '../../app/problem.tsx';
import { type Project, projectsQuery } from '../../app/project.ts';
import { buttonClass } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';

const columns: Column<Project>[] = [
  {
    id: 'name',
    title: 'Project',
    grow: true,
    cell: (project) => (
      <TwoLines
        first={
          <Link to="/projects/$projectSlug" params={{ projectSlug: project.slug }}>
            {project.name}
          </Link>
        }
        second={<code>{project.remote?.url ?? project.gitUrl}</code>}
      />
    ),
  },
  { id: 'branch', title: 'Default branch', cell: (project) => project.defaultBranch },
  { id: 'head', title: 'Head', cell: (project) => <code>{project.head?.slice(0, 7) ?? '–'}</code> },
  { id: 'updated', title: 'Changed', numeric: true, cell: (project) => <Time at={project.updatedAt} /> },
];

/** Every project. */
export function ProjectList() {
  const projects = useQuery(projectsQuery);
  return (
    <Section
      flush
      title="Projects"
      aside={
        <Link to="/connect" className={buttonClass()}>
          <Plus aria-hidden /> Connect a repository
        </Link>
      }
    >
      <QueryProblem query={projects} />
      <Table
        label="Projects"
        columns={columns}
        rows={projects.data?.items}
        absent={projects.isError}
        rowKey={(project) => project.id}
        empty={
          <Empty icon={<FolderGit2 />} title="No projects yet" command="millrace project create shop">
            A project is a repository and everything that comes of it.
          </Empty>
        }
      />
    </Section>
  );
}
