import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Waypoints } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Status, Tag } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { spanText } from '../../kit/moments.ts';
import { Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Choice } from '../../kit/tabs.tsx';
import { Time } from '../../kit/time.tsx';

interface Request {
  at: number;
  traceId: string;
  name: string;
  service: string;
  environment: string;
  durationMs: number;
  error: boolean;
}

const most = 2000;
const shown = 50;

const columns: Column<Request>[] = [
  {
    id: 'state',
    title: 'State',
    cell: (one) => <Status status={one.error ? 'failed' : 'ok'} />,
  },
  {
    id: 'name',
    title: 'Request',
    grow: true,
    cell: (one) => (
      <TwoLines
        first={
          <Link to="/explore" search={(before) => ({ ...before, tab: 'traces' as const, trace: one.traceId })}>
            {one.name}
          </Link>
        }
        second={<code>{one.traceId.slice(0, 12)}</code>}
      />
    ),
  },
  { id: 'service', title: 'Service', cell: (one) => one.service },
  { id: 'environment', title: 'Environment', wideOnly: true, cell: (one) => <Tag>{one.environment}</Tag> },
  { id: 'took', title: 'Took', numeric: true, sort: (one) => one.durationMs, cell: (one) => spanText(one.durationMs) },
  { id: 'at', title: 'When', numeric: true, sort: (one) => one.at, cell: (one) => <Time at={one.at} /> },
];

/** Requests of the last hour to begin from: those that failed, or those that took longest. */
export function SlowTraces({ project }: { project: string | undefined }) {
  const [which, setWhich] = useState<'slow' | 'failed'>('slow');
  const [sort, setSort] = useState<string>();
  const nrql = `SELECT timestamp, traceId, name, service, environment, duration, error FROM Transaction WHERE traceId IS NOT NULL${which === 'failed' ? ' AND error IS true' : ''} SINCE 1 hour ago LIMIT ${most}`;
  const query = useQuery({
    queryKey: ['telemetry', 'query', { nrql, project }],
    queryFn: ({ signal }) => api.telemetry.query({ body: { nrql, projectId: project }, signal }),
    retry: false,
    select: (answer) =>
      answer.rows
        .map(
          ([at, traceId, name, service, environment, duration, error]): Request => ({
            at: Number(at),
            traceId: String(traceId),
            name: String(name ?? ''),
            service: String(service ?? ''),
            environment: String(environment ?? ''),
            durationMs: Number(duration) * 1000,
            error: error === true,
          }),
        )
        .sort((a, b) => (which === 'slow' ? b.durationMs - a.durationMs : b.at - a.at))
        .slice(0, shown),
  });
  return (
    <Section
      flush
      aside={
        <Choice
          label="Which requests"
          value={which}
          options={[
            { value: 'slow', label: 'Slowest' },
            { value: 'failed', label: 'Failed' },
          ]}
          onChange={setWhich}
        />
      }
    >
      <QueryProblem query={query} />
      <Table
        label="Requests of the last hour"
        columns={columns}
        rows={query.data}
        absent={query.isError}
        rowKey={(one) => `${one.traceId} ${one.service} ${one.at} ${one.name}`}
        sort={sort}
        onSort={setSort}
        empty={
          <Empty icon={<Waypoints />} title={which === 'failed' ? 'No request failed' : 'No request in the last hour'}>
            A trace shows every span of a request through the services. Errors and log lines link to theirs, and an id
            can be pasted above.
          </Empty>
        }
      />
    </Section>
  );
}
