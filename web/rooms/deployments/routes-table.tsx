import { useQuery } from '@tanstack/react-query';
import { Waypoints } from 'lucide-react';
import { ask, type Item } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { StatusMark, Tag } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Section } from '../../kit/page.tsx';
import { type Column, Table } from '../../kit/table.tsx';

type Route = Item<'deployments', 'listRoutes'>;

const columns: Column<Route>[] = [
  {
    id: 'host',
    title: 'Address',
    grow: true,
    cell: (route) => (
      <a href={route.url} target="_blank" rel="noreferrer">
        {route.host}
        {route.path === '/' ? '' : route.path}
      </a>
    ),
  },
  { id: 'service', title: 'Service', cell: (route) => `${route.project} / ${route.environment} / ${route.service}` },
  { id: 'release', title: 'Release', cell: (route) => (route.release ? <Tag>{route.release}</Tag> : '–') },
  {
    id: 'targets',
    title: 'Answered by',
    cell: (route) => (
      <span style={{ display: 'inline-flex', gap: 'var(--space-2)', alignItems: 'center' }}>
        {route.targets.map((target) => (
          <span key={target.address} style={{ display: 'inline-flex', gap: '0.3rem', alignItems: 'center' }}>
            <StatusMark
              status={target.healthy ? 'healthy' : 'unhealthy'}
              label={target.healthy ? 'healthy' : 'unhealthy'}
            />
            <code>{target.address}</code>
          </span>
        ))}
      </span>
    ),
  },
  {
    id: 'inFlight',
    title: 'In flight',
    numeric: true,
    cell: (route) => route.targets.reduce((sum, target) => sum + target.inFlight, 0),
  },
];

/** What the gateway answers for. */
export function Routes() {
  const { slug } = useProject();
  const routes = useQuery(ask('deployments', 'listRoutes', { query: { project: slug } }));
  return (
    <Section flush title={routes.data?.listener ? `The gateway listens on ${routes.data.listener}` : undefined}>
      <QueryProblem query={routes} />
      <Table
        label="Routes"
        columns={columns}
        rows={routes.data?.items}
        absent={routes.isError}
        rowKey={(route) => `${route.host}${route.path}`}
        empty={
          <Empty icon={<Waypoints />} title="No routes yet">
            Each service with a port gets an address as soon as it is deployed.
          </Empty>
        }
      />
    </Section>
  );
}
