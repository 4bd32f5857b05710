import { useQuery } from '@tanstack/react-query';
import { Mail } from 'lucide-react';
import { useState } from 'react';
import { ask, type Item } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Status } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';
import { DeliveryDialog } from './delivery-dialog.tsx';

type Delivery = Item<'alerts', 'listDeliveries'>;

const columns = (read: (id: string) => void): Column<Delivery>[] => [
  {
    id: 'state',
    title: 'State',
    cell: (one) => <Status status={one.state} />,
  },
  {
    id: 'subject',
    title: 'Message',
    grow: true,
    cell: (one) => (
      <TwoLines
        first={
          <Button look="link" onClick={() => read(one.id)}>
            {one.subject}
          </Button>
        }
        second={<span>{one.detail}</span>}
      />
    ),
  },
  { id: 'to', title: 'To', cell: (one) => `${one.to} (${one.kind})` },
  { id: 'tries', title: 'Tries', numeric: true, wideOnly: true, cell: (one) => one.attempts },
  { id: 'at', title: 'When', numeric: true, cell: (one) => <Time at={one.createdAt} /> },
];

/** What was told to whom, and whether it arrived. */
export function Deliveries() {
  const refusal = useRefusal('maintainer');
  const [reading, setReading] = useState<string>();
  const deliveries = useQuery({
    ...ask('alerts', 'listDeliveries', { query: { limit: 100 } }),
    enabled: refusal === undefined,
  });
  if (refusal) return <Empty title="Notifications are for maintainers">{refusal}</Empty>;
  return (
    <Section flush>
      <QueryProblem query={deliveries} />
      <Table
        label="Notifications"
        columns={columns(setReading)}
        rows={deliveries.data?.items}
        absent={deliveries.isError}
        rowKey={(one) => one.id}
        empty={
          <Empty icon={<Mail />} title="Nothing was sent yet">
            Each message stays here with what its receiver answered.
          </Empty>
        }
      />
      {reading && <DeliveryDialog id={reading} onClose={() => setReading(undefined)} />}
    </Section>
  );
}
