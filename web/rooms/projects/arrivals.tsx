import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, type Item } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Status } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { countText } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { Choice } from '../../kit/tabs.tsx';

type Outcome = Item<'errors', 'listOutcomes'>;

const words: Record<Outcome['outcome'], { status: string; word: string }> = {
  accepted: { status: 'ok', word: 'Kept' },
  duplicate: { status: 'skipped', word: 'Sent twice' },
  filtered: { status: 'skipped', word: 'Filtered' },
  limited: { status: 'warning', word: 'Over a limit' },
  invalid: { status: 'failed', word: 'Refused' },
  unsupported: { status: 'skipped', word: 'Not supported' },
  client_discard: { status: 'warning', word: 'Dropped by the client' },
};

const columns: Column<Outcome>[] = [
  { id: 'outcome', title: 'What became of it', cell: (one) => <Status {...words[one.outcome]} /> },
  { id: 'category', title: 'Kind', main: true, cell: (one) => one.category.replaceAll('_', ' ') },
  { id: 'reason', title: 'Why', grow: true, cell: (one) => one.reason.replaceAll(/[-_]/g, ' ') || '–' },
  { id: 'quantity', title: 'How many', numeric: true, cell: (one) => countText(one.quantity) },
];

const spans = { '24': '24 h', '168': '7 days', '720': '30 days' } as const;

/** The accounts of what clients sent: kept, filtered, refused, dropped, and why. */
export function Arrivals({ project }: { project: string }) {
  const [hours, setHours] = useState<keyof typeof spans>('24');
  const outcomes = useQuery({
    ...ask('errors', 'listOutcomes', { query: { project, hours: Number(hours) } }),
    refetchInterval: 15_000,
  });
  return (
    <Section
      flush
      title="What arrived"
      aside={
        <Choice
          label="Span"
          value={hours}
          options={(Object.keys(spans) as (keyof typeof spans)[]).map((value) => ({ value, label: spans[value] }))}
          onChange={setHours}
        />
      }
    >
      <QueryProblem query={outcomes} />
      <Table
        label="What arrived"
        columns={columns}
        rows={outcomes.data?.items}
        absent={outcomes.isError}
        rowKey={(one) => `${one.category} ${one.outcome} ${one.reason}`}
        empty={
          <Empty title="Nothing arrived">Everything that clients send is accounted for here, lost things too.</Empty>
        }
      />
    </Section>
  );
}
