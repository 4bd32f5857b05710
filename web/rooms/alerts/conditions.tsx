import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Siren, Trash2 } from 'lucide-react';
import { api, ask, type Item } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { useRefusal } from '../../app/session.ts';
import { Status } from '../../kit/badge.tsx';
import { IconButton } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Empty } from '../../kit/empty.tsx';
import { numberText } from '../../kit/figures.ts';
import { spanText } from '../../kit/moments.ts';
import { Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';
import { NewConditionButton } from './new-condition.tsx';

type Condition = Item<'alerts', 'listConditions'>;

const operators: Record<Condition['operator'], string> = {
  above: '>',
  above_or_equal: '≥',
  below: '<',
  below_or_equal: '≤',
  equal: '=',
  not_equal: '≠',
};

function stateOf(condition: Condition): string {
  if (!condition.enabled) return 'paused';
  if (condition.openIncidents > 0) return 'open';
  if (condition.error) return 'unknown';
  return condition.values.some((one) => one.crossed) ? 'warning' : 'ok';
}

/** What opens incidents, with the latest value of each. */
export function Conditions() {
  const { slug } = useProject();
  const refusal = useRefusal('developer');
  const conditions = useQuery({
    ...ask('alerts', 'listConditions', { query: { project: slug, limit: 200 } }),
    refetchInterval: 15_000,
  });
  const columns: Column<Condition>[] = [
    { id: 'state', title: 'State', cell: (one) => <Status status={stateOf(one)} /> },
    {
      id: 'name',
      title: 'Condition',
      grow: true,
      cell: (one) => (
        <TwoLines
          first={
            <Link to="/explore" search={{ q: `${one.nrql} TIMESERIES SINCE 1 hour ago` }}>
              {one.name}
            </Link>
          }
          second={one.error ? <span>{one.error}</span> : <code>{one.nrql}</code>}
        />
      ),
    },
    {
      id: 'value',
      title: 'Value',
      numeric: true,
      cell: (one) => {
        const worst = one.values.find((value) => value.crossed) ?? one.values[0];
        return worst?.value === null || worst === undefined ? '–' : numberText(worst.value);
      },
    },
    {
      id: 'rule',
      title: 'Opens at',
      cell: (one) => (
        <>
          {operators[one.operator]} {numberText(one.threshold)}
          {one.forSeconds > 0 && ` for ${spanText(one.forSeconds * 1000)}`}
        </>
      ),
    },
    { id: 'tells', title: 'Tells', wideOnly: true, cell: (one) => one.routes.length || 'nobody' },
    { id: 'at', title: 'Looked at', numeric: true, wideOnly: true, cell: (one) => <Time at={one.evaluatedAt} /> },
    {
      id: 'do',
      title: <span className="visually-hidden">Actions</span>,
      cell: (one) => (
        <Confirm
          trigger={
            <IconButton size="small" label={`Delete ${one.name}`} disabledBecause={refusal}>
              <Trash2 aria-hidden />
            </IconButton>
          }
          title={`Delete condition ${one.name}?`}
          action="Delete condition"
          danger
          onConfirm={() => api.alerts.deleteCondition({ params: { id: one.id } })}
        >
          Its open incidents are closed.
        </Confirm>
      ),
    },
  ];
  return (
    <Section flush>
      <QueryProblem query={conditions} />
      <Table
        label="Conditions"
        columns={columns}
        rows={conditions.data?.items}
        absent={conditions.isError}
        rowKey={(one) => one.id}
        empty={
          <Empty icon={<Siren />} title="No conditions yet" action={<NewConditionButton />}>
            A condition is a query and a threshold: the share of failed requests, a queue’s length, a disk’s free space.
          </Empty>
        }
      />
    </Section>
  );
}
