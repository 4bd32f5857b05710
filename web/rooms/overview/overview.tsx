import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ArrowRight } from 'lucide-react';
import { ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { projectsQuery, useProject } from '../../app/project.ts';
import { Page, Section } from '../../kit/page.tsx';
import { Skeleton } from '../../kit/skeleton.tsx';
import { inOrder } from '../deployments/matrix.tsx';
import { EnvironmentRow } from './environment-row.tsx';
import { FirstRun } from './first-run.tsx';
import { Hurts } from './hurts.tsx';
import { Latest } from './latest.tsx';
import styles from './overview.module.css';
import { UnderWay } from './under-way.tsx';

/** Where everything stands: environments, what runs now, what hurts now. */
export function OverviewPage() {
  const projects = useQuery(projectsQuery);
  const { slug, project } = useProject();
  const environments = useQuery(ask('deployments', 'listEnvironments', { query: { project: slug } }));
  if (projects.data?.items.length === 0) return <FirstRun />;
  const shown = projects.data?.items.filter((one) => !slug || one.slug === slug);
  return (
    <Page
      title={project?.name ?? 'Overview'}
      heading={project?.name ?? 'Overview'}
      command={slug ? `millrace project show ${slug}` : 'millrace project list'}
    >
      <QueryProblem query={projects} />
      <Hurts project={slug} />
      <div className={styles.columns}>
        <div className={styles.projects}>
          {!shown && <Skeleton height="16rem" />}
          {shown?.map((one) => {
            const own = inOrder((environments.data?.items ?? []).filter((other) => other.projectId === one.id));
            return (
              <Section
                key={one.id}
                flush
                title={
                  <Link to="/" search={{ project: one.slug }} className={styles.project}>
                    {one.name}
                  </Link>
                }
                aside={
                  <Link to="/pipelines" search={{ project: one.slug }}>
                    Runs
                  </Link>
                }
              >
                {own.map((environment) => (
                  <EnvironmentRow key={environment.id} environment={environment} />
                ))}
                {environments.isPending && <Skeleton height="5rem" />}
                {environments.data && own.length === 0 && (
                  <p className={styles.none}>
                    {one.head ? 'Nothing is deployed yet.' : 'Nothing was pushed yet.'}{' '}
                    <Link to="/projects/$projectSlug" params={{ projectSlug: one.slug }}>
                      How to {one.head ? 'deploy' : 'push'} <ArrowRight aria-hidden size={12} />
                    </Link>
                  </p>
                )}
              </Section>
            );
          })}
        </div>
        <div className={styles.side}>
          <UnderWay project={slug} />
          <Latest projectId={project?.id} waitForProject={Boolean(slug) && !project} />
        </div>
      </div>
    </Page>
  );
}
