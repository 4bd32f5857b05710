import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Bug } from 'lucide-react';
import { ask, type Item } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Status, Tag } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { plural } from '../../kit/figures.ts';
import { spanText } from '../../kit/moments.ts';
import { Facts, Page, Pairs, Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';
import { JobStatus } from './jobs.tsx';
import { RunMarks } from './run-marks.tsx';

type Run = Item<'errors', 'listMonitorRuns'>;

const looks: Record<Run['status'], { status: string; word: string }> = {
  in_progress: { status: 'running', word: 'Running' },
  ok: { status: 'ok', word: 'OK' },
  error: { status: 'failed', word: 'Failed' },
  missed: { status: 'warning', word: 'Missed' },
  timeout: { status: 'timed_out', word: 'Ran too long' },
};

const columns: Column<Run>[] = [
  { id: 'status', title: 'Outcome', cell: (run) => <Status {...looks[run.status]} /> },
  { id: 'environment', title: 'Environment', cell: (run) => <Tag>{run.environment}</Tag> },
  {
    id: 'late',
    title: 'Punctual',
    grow: true,
    cell: (run) =>
      run.status === 'missed' ? 'did not begin' : run.lateMs === null ? 'in time' : `${spanText(run.lateMs)} late`,
  },
  { id: 'release', title: 'Release', wideOnly: true, cell: (run) => run.release ?? '–' },
  {
    id: 'took',
    title: 'Took',
    numeric: true,
    cell: (run) => (run.durationMs === null ? '–' : spanText(run.durationMs)),
  },
  { id: 'at', title: 'When', numeric: true, cell: (run) => <Time at={run.startedAt} /> },
];

const minutes = (count: number | null): string => (count === null ? 'not said' : plural(count, 'minute'));

/** One job: what is expected of it, how it stands in each environment, and its latest runs. */
export function JobPage() {
  const { monitorId } = useParams({ from: '/shell/monitoring/jobs/$monitorId' });
  const query = useQuery({
    ...ask('errors', 'getMonitor', { params: { monitorId } }),
    refetchInterval: 15_000,
  });
  const runs = useQuery({
    ...ask('errors', 'listMonitorRuns', { params: { monitorId }, query: { limit: 100 } }),
    refetchInterval: 15_000,
  });
  const job = query.data;
  if (!job) return <Page title="Job">{query.error ? <QueryProblem query={query} /> : <SkeletonRows />}</Page>;
  const [single] = job.places.length === 1 ? job.places : [];
  return (
    <Page
      title={job.slug}
      trail={
        <>
          <Link to="/monitoring" search={{ tab: 'jobs' }}>
            Jobs
          </Link>
          <span aria-hidden>/</span>
          <span>{job.project}</span>
        </>
      }
      status={single && <JobStatus job={single} boxed />}
      facts={<Facts>{job.schedule ? <code>{job.schedule}</code> : <span>no schedule told</span>}</Facts>}
    >
      <Section flush title="Environments">
        <Table
          label="Environments"
          columns={[
            { id: 'state', title: 'State', cell: (place) => <JobStatus job={place} /> },
            { id: 'environment', title: 'Environment', main: true, cell: (place) => place.environment },
            { id: 'recent', title: 'Latest runs', cell: (place) => <RunMarks recent={place.recent} /> },
            {
              id: 'issue',
              title: 'Trouble',
              grow: true,
              cell: (place) =>
                place.issueId ? (
                  <Link to="/errors/$issueId" params={{ issueId: place.issueId }}>
                    <Bug aria-hidden size={13} /> {plural(place.failures, 'failure')} in a row
                  </Link>
                ) : place.failures > 0 ? (
                  `${plural(place.failures, 'failure')} in a row`
                ) : (
                  'none'
                ),
            },
            { id: 'last', title: 'Last', numeric: true, cell: (place) => <Time at={place.lastAt} /> },
            { id: 'next', title: 'Next', numeric: true, cell: (place) => <Time at={place.nextAt} /> },
          ]}
          rows={job.places}
          rowKey={(place) => place.environment}
        />
      </Section>
      <Section title="What is expected">
        <Pairs
          items={[
            { key: 'margin', name: 'May begin late by', value: minutes(job.marginMinutes) },
            { key: 'runtime', name: 'May run for', value: minutes(job.maxRuntimeMinutes) },
            {
              key: 'failures',
              name: 'Becomes an issue after',
              value: job.failureThreshold === null ? 'not said' : `${plural(job.failureThreshold, 'failure')} in a row`,
            },
            {
              key: 'recovery',
              name: 'Resolved after',
              value:
                job.recoveryThreshold === null
                  ? 'not said'
                  : `${plural(job.recoveryThreshold, 'success', 'successes')} in a row`,
            },
            { key: 'zone', name: 'Time zone', value: job.timezone ?? 'not said' },
          ]}
        />
      </Section>
      <Section flush title="Runs">
        <QueryProblem query={runs} />
        <Table
          label="Runs"
          columns={columns}
          rows={runs.data?.items}
          absent={runs.isError}
          rowKey={(run) => run.id}
          empty={<Empty title="It never checked in">Each run shows here, those that were missed included.</Empty>}
        />
      </Section>
    </Page>
  );
}
