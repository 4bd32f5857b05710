import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Siren } from 'lucide-react';
import { api, ask, type Item } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { useRefusal } from '../../app/session.ts';
import { Status, Tag } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Choice } from '../../kit/tabs.tsx';
import { Duration, Time } from '../../kit/time.tsx';
import { useToasts } from '../../kit/toast.tsx';

type Incident = Item<'alerts', 'listIncidents'>;

/** Incidents: open ones by default. */
export function Incidents() {
  const { state } = useSearch({ from: '/shell/alerts' });
  const navigate = useNavigate({ from: '/alerts' });
  const { slug } = useProject();
  const refusal = useRefusal('developer');
  const toasts = useToasts();
  const acknowledge = useMutation({
    mutationFn: (id: string) => api.alerts.acknowledgeIncident({ params: { id } }),
    onError: toasts.failed,
  });
  const incidents = useQuery(
    ask('alerts', 'listIncidents', { query: { project: slug, state: state ?? 'unclosed', limit: 100 } }),
  );
  const columns: Column<Incident>[] = [
    { id: 'state', title: 'State', cell: (one) => <Status status={one.state} /> },
    {
      id: 'name',
      title: 'Incident',
      grow: true,
      cell: (one) => (
        <TwoLines
          first={
            <Link to="/timeline" search={{ event: one.eventId }}>
              {one.name}
            </Link>
          }
          second={
            <>
              <Tag tone={one.severity === 'critical' ? 'bad' : 'warn'}>{one.severity}</Tag>
              {one.facet && <span>{one.facet}</span>}
              <span>{one.reason}</span>
            </>
          }
        />
      ),
    },
    {
      id: 'where',
      title: 'Where',
      wideOnly: true,
      cell: (one) => [one.service, one.environment].filter(Boolean).join(' in ') || '–',
    },
    { id: 'lasted', title: 'Lasted', numeric: true, cell: (one) => <Duration from={one.openedAt} to={one.closedAt} /> },
    { id: 'opened', title: 'Opened', numeric: true, cell: (one) => <Time at={one.openedAt} /> },
    {
      id: 'do',
      title: <span className="visually-hidden">Actions</span>,
      cell: (one) => (
        <span style={{ display: 'inline-flex', gap: 'var(--space-2)' }}>
          <Link to="/explore" search={{ q: `${one.nrql} TIMESERIES SINCE 1 hour ago` }}>
            Look
          </Link>
          {one.state === 'open' && (
            <Button
              size="small"
              disabledBecause={refusal}
              busy={acknowledge.isPending && acknowledge.variables === one.id}
              onClick={() => acknowledge.mutate(one.id)}
            >
              Acknowledge
            </Button>
          )}
          {one.acknowledgedBy && <span>by {one.acknowledgedBy}</span>}
        </span>
      ),
    },
  ];
  return (
    <Section
      flush
      aside={
        <Choice
          label="Which incidents"
          value={state ?? 'open'}
          options={[
            { value: 'open', label: 'Open' },
            { value: 'closed', label: 'Closed' },
          ]}
          onChange={(value) =>
            void navigate({ search: (before) => ({ ...before, state: value === 'closed' ? 'closed' : undefined }) })
          }
        />
      }
    >
      <QueryProblem query={incidents} />
      <Table
        label="Incidents"
        columns={columns}
        rows={incidents.data?.items}
        absent={incidents.isError}
        rowKey={(one) => one.id}
        empty={
          <Empty icon={<Siren />} title={state === 'closed' ? 'No incident was closed yet' : 'No open incident'}>
            A condition whose threshold is crossed opens one, tells whom it should, and closes it when it is over.
          </Empty>
        }
      />
    </Section>
  );
}
