import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Waypoints } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Empty } from '../../kit/empty.tsx';
import { numberText } from '../../kit/figures.ts';
import { spanText } from '../../kit/moments.ts';
import { Section } from '../../kit/page.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import type { TimeWindow } from '../telemetry/ranges.ts';

interface Service {
  name: string;
  perMinute: number;
  apdex: number | null;
  failed: number | null;
  averageMs: number;
  p95Ms: number;
}

const nrql = (environment: string | undefined) =>
  `SELECT rate(count(*), 1 minute), apdex(duration, t: 0.5), percentage(count(*), WHERE error IS true), average(duration), percentile(duration, 95) FROM Transaction${environment ? ` WHERE environment = '${environment.replaceAll(/['\\]/g, '\\$&')}'` : ''} FACET service LIMIT 500`;

const numeric = (cell: unknown): number | null => (typeof cell === 'number' ? cell : null);

/** Every service that was seen, by what it does. */
export function ServiceList({
  project,
  environment,
  window,
}: {
  project: string | undefined;
  environment: string | undefined;
  window: TimeWindow;
}) {
  const [sort, setSort] = useState<string>();
  const query = useQuery({
    queryKey: ['telemetry', 'query', { nrql: nrql(environment), project, window }],
    queryFn: ({ signal }) =>
      api.telemetry.query({
        body: { nrql: nrql(environment), projectId: project, window, windowWins: true, now: window.until },
        signal,
      }),
    placeholderData: (before) => before,
    retry: false,
    select: ({ rows }) =>
      rows.map(
        ([name, rate, apdex, failed, average, p95]): Service => ({
          name: String(name),
          perMinute: Number(rate),
          apdex: numeric(apdex),
          failed: numeric(failed),
          averageMs: Number(average) * 1000,
          p95Ms: Number(p95) * 1000,
        }),
      ),
  });
  const columns: Column<Service>[] = [
    {
      id: 'name',
      title: 'Service',
      grow: true,
      sort: (one) => one.name,
      cell: (one) => (
        <Link
          to="/services/$service"
          params={{ service: one.name }}
          search={(before) => ({ project: before.project, environment, since: before.since })}
        >
          {one.name}
        </Link>
      ),
    },
    {
      id: 'rate',
      title: 'Throughput',
      numeric: true,
      sort: (one) => one.perMinute,
      cell: (one) => `${numberText(one.perMinute)} /min`,
    },
    {
      id: 'failed',
      title: 'Failed',
      numeric: true,
      sort: (one) => one.failed,
      cell: (one) => (one.failed === null ? '–' : `${numberText(Math.round(one.failed * 10) / 10)} %`),
    },
    {
      id: 'apdex',
      title: 'Apdex',
      numeric: true,
      sort: (one) => one.apdex,
      cell: (one) => (one.apdex === null ? '–' : one.apdex.toFixed(2)),
    },
    {
      id: 'average',
      title: 'Average',
      numeric: true,
      sort: (one) => one.averageMs,
      cell: (one) => spanText(one.averageMs),
    },
    {
      id: 'p95',
      title: '95th percentile',
      numeric: true,
      wideOnly: true,
      sort: (one) => one.p95Ms,
      cell: (one) => spanText(one.p95Ms),
    },
  ];
  return (
    <Section flush>
      <QueryProblem query={query} />
      <Table
        label="Services"
        columns={columns}
        rows={query.data}
        absent={query.isError}
        rowKey={(one) => one.name}
        sort={sort}
        onSort={setSort}
        empty={
          <Empty icon={<Waypoints />} title="No service was heard in this time">
            Deployed services find OpenTelemetry set up for them. Others send to the address in their project’s
            settings.
          </Empty>
        }
      />
    </Section>
  );
}
