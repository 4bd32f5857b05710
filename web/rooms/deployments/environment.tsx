import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { Clock, Container, ExternalLink, GitBranch, Package } from 'lucide-react';
import { ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Status, StatusMark } from '../../kit/badge.tsx';
import { buttonClass } from '../../kit/button.tsx';
import { Facts, Page, Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { LinkTabs } from '../../kit/tabs.tsx';
import { Time } from '../../kit/time.tsx';
import { DeploymentTable } from './deployment-table.tsx';
import { lookAgainMs } from './environments.ts';
import { Instances } from './instances.tsx';
import { PromoteButton } from './promote.tsx';
import { RollBackButton } from './roll-back.tsx';
import { Variables } from './variables.tsx';

const runtimeWords = { docker: 'in containers', process: 'as processes', none: 'no runtime can run it' };

/** One environment: what serves, what runs, its variables, its history. */
export function EnvironmentPage() {
  const { environmentId } = useParams({ from: '/shell/environments/$environmentId' });
  const { tab = 'services' } = useSearch({ from: '/shell/environments/$environmentId' });
  const query = useQuery({
    ...ask('deployments', 'getEnvironment', { params: { id: environmentId } }),
    refetchInterval: ({ state }) => lookAgainMs(state.data && [state.data]),
  });
  const environment = query.data;
  const siblings = useQuery({
    ...ask('deployments', 'listEnvironments', { query: { project: environment?.project } }),
    enabled: environment !== undefined,
  }).data?.items;
  if (!environment) {
    return <Page title="Environment">{query.error ? <QueryProblem query={query} /> : <SkeletonRows />}</Page>;
  }
  const feeds = (siblings ?? []).filter((one) => one.from.kind === 'environment' && one.from.name === environment.name);
  const pending = [...(environment.active ? [environment.active] : []), ...environment.waiting];
  return (
    <Page
      title={environment.name}
      trail={
        <>
          <Link to="/deployments">Deployments</Link>
          <span aria-hidden>/</span>
          <span>{environment.project}</span>
        </>
      }
      status={<Status status={environment.release ? environment.health : 'empty'} boxed />}
      facts={
        <Facts>
          {environment.release && (
            <Link to="/releases/$releaseId" params={{ releaseId: environment.release.id }}>
              <Package aria-hidden />
              {environment.release.version} {environment.release.message}
            </Link>
          )}
          <span>
            <GitBranch aria-hidden />
            fed by {environment.from.kind} {environment.from.name}
            {environment.approval && ', with approval'}
          </span>
          <span>
            <Container aria-hidden />
            {runtimeWords[environment.runtime ?? 'none']}
          </span>
          {environment.lastChange && (
            <span>
              <Clock aria-hidden />
              <span>
                <Link
                  to="/deployments/$deploymentId"
                  params={{ deploymentId: environment.lastChange.deploymentId }}
                  style={{ color: 'inherit' }}
                >
                  {environment.lastChange.what}
                </Link>
                , {environment.lastChange.by}, <Time at={environment.lastChange.at} />
              </span>
            </span>
          )}
        </Facts>
      }
      actions={
        <>
          {environment.url && (
            <a className={buttonClass()} href={environment.url} target="_blank" rel="noreferrer">
              <ExternalLink aria-hidden />
              Open
            </a>
          )}
          {feeds.length > 0 && <PromoteButton environment={environment} to={feeds} />}
          <RollBackButton environment={environment} offer />
        </>
      }
      command={`millrace logs --environment ${environment.name} --project ${environment.project} --follow`}
    >
      {pending.length > 0 && (
        <Section title="Under way">
          <ul style={{ display: 'grid', gap: 'var(--space-2)' }}>
            {pending.map((one) => (
              <li key={one.id} style={{ display: 'flex', gap: 'var(--space-3)', alignItems: 'center' }}>
                <Status status={one.status} />
                <Link to="/deployments/$deploymentId" params={{ deploymentId: one.id }}>
                  {one.release.version}
                </Link>
                <span>{one.release.message}</span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <LinkTabs
        label="Parts of this environment"
        current={tab}
        items={[
          { id: 'services', label: 'Services', count: environment.services.length },
          { id: 'variables', label: 'Variables' },
          { id: 'history', label: 'History' },
        ]}
      />
      {tab === 'services' &&
        environment.services.map((service) => (
          <Section
            key={service.name}
            flush
            title={
              <span style={{ display: 'inline-flex', gap: 'var(--space-2)', alignItems: 'center' }}>
                <StatusMark status={service.health} label={service.health} />
                {service.name}
              </span>
            }
            aside={
              <>
                <span>
                  {service.replicas.healthy} of {service.replicas.wanted} healthy
                </span>
                {service.url && (
                  <a href={service.url} target="_blank" rel="noreferrer">
                    {service.url.replace(/^https?:\/\//, '')}
                  </a>
                )}
                <Link
                  to="/explore"
                  search={{
                    tab: 'logs',
                    project: environment.project,
                    service: service.name,
                    environment: environment.name,
                  }}
                >
                  Logs
                </Link>
              </>
            }
          >
            <Instances items={service.instances} oneService />
          </Section>
        ))}
      {tab === 'variables' && <Variables environmentId={environment.id} />}
      {tab === 'history' && (
        <Section flush>
          <DeploymentTable environment={environment.id} />
        </Section>
      )}
    </Page>
  );
}
