import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Answer, ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { projectsQuery } from '../../app/project.ts';
import { Status } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { bytesText, countText, plural } from '../../kit/figures.ts';
import { spanText } from '../../kit/moments.ts';
import { Pairs, Section } from '../../kit/page.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { Choice } from '../../kit/tabs.tsx';
import { Time } from '../../kit/time.tsx';
import { Quotas } from './quotas.tsx';
import { Retention } from './retention.tsx';

type Source = Answer<'telemetry', 'ingest'>['sources'][number];

type Last = 'start' | 'day' | 'week' | 'month';

const spans: { value: Last; label: string }[] = [
  { value: 'start', label: 'Since the start' },
  { value: 'day', label: 'Day' },
  { value: 'week', label: 'Week' },
  { value: 'month', label: '30 days' },
];

interface Named {
  /** The slug of its project; absent for what belongs to none. */
  project: string | undefined;
}

const projectColumn = {
  id: 'project',
  title: 'Project',
  cell: ({ project }: Named) => project ?? <span title="It names no project, or came from Millrace itself">none</span>,
};

const sourceColumns: Column<Source & Named>[] = [
  { id: 'type', title: 'Type', main: true, grow: true, cell: (source) => source.type },
  projectColumn,
  { id: 'accepted', title: 'Accepted', numeric: true, cell: (source) => countText(source.accepted) },
  { id: 'dropped', title: 'Dropped', numeric: true, cell: (source) => countText(source.dropped) },
];

interface Loss extends Named {
  type: string;
  reason: string;
  count: number;
}

const lossColumns: Column<Loss>[] = [
  { id: 'reason', title: 'Why', main: true, grow: true, cell: (loss) => loss.reason },
  { id: 'type', title: 'Type', cell: (loss) => loss.type },
  projectColumn,
  { id: 'count', title: 'Dropped', numeric: true, cell: (loss) => countText(loss.count) },
];

/** The accounts of telemetry: what was accepted, what was dropped and why, and how far storage is behind. */
export function Intake() {
  const [last, setLast] = useState<Last>('day');
  const ingest = useQuery({
    ...ask('telemetry', 'ingest', { query: last === 'start' ? {} : { last } }),
    refetchInterval: 5000,
    placeholderData: (before) => before,
  });
  const projects = useQuery(projectsQuery);
  const { data } = ingest;
  const named = data?.sources.map((source) => ({
    ...source,
    project: projects.data?.items.find(({ id }) => id === source.projectId)?.slug ?? source.projectId ?? undefined,
  }));
  const losses = named
    ?.flatMap(({ project, type, reasons }) =>
      Object.entries(reasons).map(([reason, count]) => ({ project, type, reason, count })),
    )
    .sort((one, other) => other.count - one.count);
  return (
    <>
      <QueryProblem query={ingest} />
      <Section title="Storage">
        {data && (
          <Pairs
            items={[
              {
                key: 'store',
                name: 'Store',
                value: data.spool.error ? (
                  <Status status="error" word={data.spool.error} />
                ) : (
                  <Status status="ok" word={`answers, ${spanText(data.spool.lagMs)} behind`} />
                ),
              },
              {
                key: 'spool',
                name: 'Spool',
                value: `${bytesText(data.spool.bytes)} of ${bytesText(data.spool.maxBytes)}`,
              },
              {
                key: 'tail',
                name: 'Live tails',
                value: `${plural(data.tail.viewers, 'viewer')}, ${countText(data.tail.delivered)} lines`,
              },
            ]}
          />
        )}
      </Section>
      <Section
        flush
        title="What was dropped, and why"
        aside={
          <>
            {data && (
              <span>
                since <Time at={data.since} />
              </span>
            )}
            <Choice label="Counted over" value={last} options={spans} onChange={setLast} />
          </>
        }
      >
        <Table
          label="What was dropped, and why"
          columns={lossColumns}
          rows={losses}
          absent={ingest.isError}
          rowKey={(loss) => `${loss.project} ${loss.type} ${loss.reason}`}
          empty={<Empty title="Nothing was dropped">Everything that came in was kept.</Empty>}
        />
      </Section>
      <Section flush title="What came in">
        <Table
          label="What came in"
          columns={sourceColumns}
          rows={named}
          absent={ingest.isError}
          rowKey={(source) => `${source.projectId} ${source.type}`}
          empty={<Empty title="Nothing came in">Logs, metrics, traces and events are counted here.</Empty>}
        />
      </Section>
      <Quotas />
      <Retention />
    </>
  );
}
