import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { Rocket } from 'lucide-react';
import { QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { Empty } from '../../kit/empty.tsx';
import { groupBy } from '../../kit/group-by.ts';
import { Page, Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { LinkTabs } from '../../kit/tabs.tsx';
import { DeploymentTable } from './deployment-table.tsx';
import { environmentsQuery } from './environments.ts';
import { Matrix } from './matrix.tsx';
import { ReleaseTable } from './release-table.tsx';
import { Routes } from './routes-table.tsx';

/** What runs where. */
export function DeploymentsPage() {
  const { tab = 'matrix' } = useSearch({ from: '/shell/deployments' });
  const { slug } = useProject();
  const environments = useQuery(environmentsQuery(slug));
  const byProject = groupBy(environments.data?.items ?? [], (one) => one.project);
  return (
    <Page title="Deployments" command={slug ? `millrace project show ${slug}` : 'millrace project list'}>
      <LinkTabs
        label="Views"
        current={tab}
        items={[
          { id: 'matrix', label: 'Environments', count: environments.data?.items.length },
          { id: 'history', label: 'History' },
          { id: 'releases', label: 'Releases' },
          { id: 'routes', label: 'Gateway' },
        ]}
      />
      {tab === 'matrix' && (
        <>
          <QueryProblem query={environments} />
          {environments.isPending && <SkeletonRows rows={6} />}
          {environments.data?.items.length === 0 && <NoEnvironments />}
          {[...byProject].map(([project, items]) => (
            <Section
              key={project}
              flush
              title={
                slug ? undefined : (
                  <Link to="/deployments" search={{ project }}>
                    {project}
                  </Link>
                )
              }
            >
              <Matrix environments={items} />
            </Section>
          ))}
        </>
      )}
      {tab === 'history' && (
        <Section flush>
          <DeploymentTable project={slug} />
        </Section>
      )}
      {tab === 'releases' && <ReleaseTable />}
      {tab === 'routes' && <Routes />}
    </Page>
  );
}

function NoEnvironments() {
  return (
    <Empty
      icon={<Rocket />}
      title="No environments yet"
      command={'environments:\n  staging:    { from: main }\n  production: { from: staging, approval: true }'}
    >
      Push a repository with a <code>compose.yaml</code> or a <code>Dockerfile</code>: a successful run of its main
      branch becomes a release and goes to staging. <code>millrace.yaml</code> says what feeds what.
    </Empty>
  );
}
