import { useQuery } from '@tanstack/react-query';
import { type Answer, ask, type Item } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Status, StatusMark } from '../../kit/badge.tsx';
import { bytesText, countText, plural } from '../../kit/figures.ts';
import { groupBy } from '../../kit/group-by.ts';
import { spanText } from '../../kit/moments.ts';
import { Pairs, Section } from '../../kit/page.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';

type Agent = Item<'agents', 'listAgents'>;

const agentColumns: Column<Agent>[] = [
  {
    id: 'state',
    title: 'State',
    cell: (agent) => <Status status={agent.state} />,
  },
  { id: 'name', title: 'Agent', main: true, cell: (agent) => <strong>{agent.name}</strong> },
  {
    id: 'executors',
    title: 'Can run',
    grow: true,
    cell: (agent) =>
      agent.executors.map((executor) => (
        <span key={executor.kind} title={executor.detail} style={{ marginRight: 'var(--space-4)' }}>
          <StatusMark status={executor.ready ? 'ok' : 'skipped'} label={executor.ready ? 'ready' : 'not ready'} />{' '}
          {executor.kind} {!executor.ready && executor.detail}
        </span>
      )),
  },
  { id: 'busy', title: 'Busy', numeric: true, cell: (agent) => `${agent.busy} of ${agent.slots}` },
  { id: 'seen', title: 'Heard from', numeric: true, cell: (agent) => <Time at={agent.seenAt} /> },
];

/** Where jobs run, and how far telemetry storage is behind. */
export function Agents() {
  const agents = useQuery({ ...ask('agents', 'listAgents'), refetchInterval: 10_000 });
  const ingest = useQuery({ ...ask('telemetry', 'ingest'), refetchInterval: 10_000, retry: false });
  const data = ingest.data;
  return (
    <>
      <Section flush title="Agents" aside={agents.data && <span>{plural(agents.data.queued, 'job')} waiting</span>}>
        <QueryProblem query={agents} />
        <Table
          label="Agents"
          columns={agentColumns}
          rows={agents.data?.items}
          absent={agents.isError}
          rowKey={(agent) => agent.id}
        />
      </Section>
      <Section title="Telemetry">
        <QueryProblem query={ingest} />
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
              ...byType(data.sources).map((source) => ({
                key: source.type,
                name: source.type,
                value: (
                  <>
                    {countText(source.accepted)} accepted
                    {source.dropped > 0 &&
                      `, ${countText(source.dropped)} dropped: ${Object.keys(source.reasons).join(', ')}`}
                  </>
                ),
              })),
            ]}
          />
        )}
      </Section>
    </>
  );
}

type Source = Answer<'telemetry', 'ingest'>['sources'][number];

/** What came in of each type, over all projects. */
function byType(sources: Source[]): Source[] {
  const sum = (group: Source[], field: 'accepted' | 'dropped') => group.reduce((total, one) => total + one[field], 0);
  return [...groupBy(sources, (source) => source.type)].map(([type, group]) => ({
    projectId: null,
    type,
    accepted: sum(group, 'accepted'),
    dropped: sum(group, 'dropped'),
    reasons: Object.assign({}, ...group.map((one) => one.reasons)) as Source['reasons'],
  }));
}
