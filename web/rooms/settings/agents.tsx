import { useQuery } from '@tanstack/react-query';
import { ask, type Item } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Status, StatusMark } from '../../kit/badge.tsx';
import { plural } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
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

/** Where jobs run. */
export function Agents() {
  const agents = useQuery({ ...ask('agents', 'listAgents'), refetchInterval: 10_000 });
  return (
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
  );
}
