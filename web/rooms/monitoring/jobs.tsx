import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CalendarClock } from 'lucide-react';
import { ask, type Item } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { Status, Tag } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';
import { RunMarks } from './run-marks.tsx';

export type Job = Item<'errors', 'listMonitors'>;

const marks = { waiting: 'waiting', ok: 'ok', error: 'failed', missed: 'warning', timeout: 'timed_out' } as const;
const words = { waiting: 'Waiting', ok: 'OK', error: 'Failed', missed: 'Missed', timeout: 'Ran too long' } as const;

/** How a job stands in one environment. */
export function JobStatus({ job, boxed }: { job: Pick<Job, 'status'>; boxed?: boolean }) {
  return <Status status={marks[job.status]} word={words[job.status]} boxed={boxed ?? false} />;
}

const trouble = (job: Job): number => (job.status === 'ok' ? 2 : job.status === 'waiting' ? 1 : 0);

/** Jobs that check in: missed, failed and overlong ones first. */
export function Jobs() {
  const { slug, only, slugOf } = useProject();
  const jobs = useQuery({ ...ask('errors', 'listMonitors', { query: { project: slug } }), refetchInterval: 15_000 });
  const rows = jobs.data && [...jobs.data.items].sort((a, b) => trouble(a) - trouble(b));
  const columns: Column<Job>[] = [
    { id: 'state', title: 'State', cell: (job) => <JobStatus job={job} /> },
    {
      id: 'job',
      title: 'Job',
      grow: true,
      cell: (job) => (
        <TwoLines
          first={
            <Link to="/monitoring/jobs/$monitorId" params={{ monitorId: job.id }}>
              {job.slug}
            </Link>
          }
          second={
            <>
              {!slug && <span>{slugOf(job.projectId)}</span>}
              <Tag>{job.environment}</Tag>
              {job.schedule && <code>{job.schedule}</code>}
              {job.failures > 0 && <Tag tone="bad">{job.failures} in a row</Tag>}
            </>
          }
        />
      ),
    },
    { id: 'recent', title: 'Latest runs', wideOnly: true, cell: (job) => <RunMarks recent={job.recent} /> },
    { id: 'next', title: 'Next', numeric: true, wideOnly: true, cell: (job) => <Time at={job.nextAt} /> },
    { id: 'last', title: 'Last', numeric: true, cell: (job) => <Time at={job.lastAt} /> },
  ];
  const dsn = only?.dsn ? new URL(only.dsn) : undefined;
  return (
    <>
      <QueryProblem query={jobs} />
      <Section flush>
        <Table
          label="Jobs"
          columns={columns}
          rows={rows}
          absent={jobs.isError}
          rowKey={(job) => `${job.id} ${job.environment}`}
          empty={
            <Empty
              icon={<CalendarClock />}
              title="No job checks in yet"
              command={dsn && `curl "${dsn.origin}/api${dsn.pathname}/cron/backup/${dsn.username}?status=ok"`}
            >
              A job that a Sentry SDK or <code>sentry-cli monitors run</code> tells of with its schedule registers
              itself; after that one call at its end is enough.
            </Empty>
          }
        />
      </Section>
    </>
  );
}
