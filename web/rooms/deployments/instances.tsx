import type { Answer } from '../../app/api.ts';
import { Status, Tag } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';

type Instance = Answer<'deployments', 'getDeployment'>['instances'][number];

const columns: Column<Instance>[] = [
  { id: 'service', title: 'Service', cell: (one) => <strong>{one.service}</strong> },
  {
    id: 'health',
    title: 'Health',
    main: true,
    cell: (one) => <Status status={one.state === 'exited' ? 'exited' : one.health} />,
  },
  { id: 'release', title: 'Release', cell: (one) => (one.release ? <Tag>{one.release}</Tag> : 'kept across releases') },
  { id: 'serving', title: 'Traffic', cell: (one) => (one.serving ? 'serving' : 'none') },
  { id: 'address', title: 'Address', wideOnly: true, cell: (one) => (one.address ? <code>{one.address}</code> : '–') },
  { id: 'detail', title: 'Last check', grow: true, wideOnly: true, cell: (one) => one.detail },
  { id: 'since', title: 'Started', numeric: true, cell: (one) => <Time at={one.startedAt} /> },
];

/** What runs for a deployment or an environment. */
export function Instances({ items, oneService }: { items: Instance[]; oneService?: boolean }) {
  return (
    <Table
      label="Instances"
      columns={oneService ? columns.slice(1) : columns}
      rows={items}
      rowKey={(one) => one.id}
      empty={<Empty title="Nothing runs">Instances appear here when the rollout starts them.</Empty>}
    />
  );
}
