import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ArrowRight } from 'lucide-react';
import { QueryProblem } from '../../app/problem.tsx';
import { type Project, projectsQuery, useProject } from '../../app/project.ts';
import { Page, Section } from '../../kit/page.tsx';
import { Skeleton } from '../../kit/skeleton.tsx';
import { type Environment, environmentsQuery } from '../deployments/environments.ts';
import { inOrder } from '../deployments/matrix.tsx';
import { EnvironmentRow } from './environment-row.tsx';
import { FirstRun } from './first-run.tsx';
import { Hurts } from './hurts.tsx';
import { Latest } from './latest.tsx';
import styles from './overview.module.css';
import { PipelineRow } from './pipeline-row.tsx';
import { useTraffic } from './traffic.ts';
import { UnderWay } from './under-way.tsx';

/** Where everything stands: environments, what runs now, what hurts now. */
export function OverviewPage() {
  const projects = useQuery(projectsQuery);
  const { slug, project } = useProject();
  const environments = useQuery(environmentsQuery(slug));
  if (projects.data?.items.length === 0) return <FirstRun />;
  const shown = projects.data?.items.filter((one) => !slug || one.slug === slug);
  return (
    <Page
      title={project?.name ?? 'Overview'}
      heading={project?.name ?? 'Overview'}
      command={slug ? `millrace project show ${slug}` : 'millrace project list'}
    >
      <QueryProblem query={projects} />
      {!projects.error && <QueryProblem query={environments} />}
      <Hurts project={slug} />
      <div className={styles.columns}>
        <div className={styles.projects}>
          {!shown && <Skeleton height="16rem" />}
          {shown?.map((one) => (
            <ProjectWay
              key={one.id}
              project={one}
              environments={environments.data?.items.filter((other) => other.projectId === one.id)}
              waiting={environments.isPending}
            />
          ))}
        </div>
        <div className={styles.side}>
          <UnderWay project={slug} />
          <Latest projectId={project?.id} waitForProject={Boolean(slug) && !project} />
        </div>
      </div>
    </Page>
  );
}

interface ProjectWayProps {
  project: Project;
  environments: Environment[] | undefined;
  waiting: boolean;
}

/** One project from its pipeline to the last of its environments, top to bottom as a change goes. */
function ProjectWay({ project, environments, waiting }: ProjectWayProps) {
  const own = inOrder(environments ?? []);
  const traffic = useTraffic(
    project.slug,
    own.some((one) => one.release !== null),
  );
  return (
    <Section
      flush
      title={
        <Link to="/" search={{ project: project.slug }} className={styles.project}>
          {project.name}
        </Link>
      }
      aside={
        <Link to="/projects/$projectSlug" params={{ projectSlug: project.slug }}>
          Project settings
        </Link>
      }
    >
      <PipelineRow project={project.slug} />
      {own.map((environment) => (
        <EnvironmentRow key={environment.id} environment={environment} traffic={traffic.get(environment.name)} />
      ))}
      {waiting && <Skeleton height="5rem" />}
      {environments && own.length === 0 && (
        <p className={styles.none}>
          {project.head ? 'Nothing is deployed yet.' : 'Nothing was pushed yet.'}{' '}
          <Link to="/projects/$projectSlug" params={{ projectSlug: project.slug }}>
            How to {project.head ? 'deploy' : 'push'} <ArrowRight aria-hidden size={12} />
          </Link>
        </p>
      )}
    </Section>
  );
}
