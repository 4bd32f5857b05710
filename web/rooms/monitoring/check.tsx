import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { BellOff, Play, Trash2 } from 'lucide-react';
import { lazy, Suspense, useMemo } from 'react';
import { api, ask, type Item } from '../../app/api.ts';
import { queryCommand } from '../../app/commands-for.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Status } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Empty } from '../../kit/empty.tsx';
import { spanText } from '../../kit/moments.ts';
import { Facts, Page, Section } from '../../kit/page.tsx';
import { Skeleton, SkeletonRows } from '../../kit/skeleton.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';
import { useToasts } from '../../kit/toast.tsx';
import { CheckStatus, targetText } from './checks.tsx';

const TimeChart = lazy(() => import('../../kit/chart.tsx').then((module) => ({ default: module.TimeChart })));

type Transition = Item<'monitoring', 'listTransitions'>;

const columns: Column<Transition>[] = [
  { id: 'to', title: 'State', cell: (one) => <Status status={one.to} /> },
  {
    id: 'type',
    title: 'Certainty',
    cell: (one) => (one.stateType === 'hard' ? 'certain' : `suspected, ${one.attempt}`),
  },
  { id: 'output', title: 'Answer', grow: true, cell: (one) => one.output },
  { id: 'at', title: 'When', numeric: true, cell: (one) => <Time at={one.at} /> },
];

/** One check: how it stands, how long it takes, when it changed. */
export function CheckPage() {
  const { checkId } = useParams({ from: '/shell/monitoring/$checkId' });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toasts = useToasts();
  const refusal = useRefusal('developer');
  const params = { id: checkId };
  const query = useQuery({ ...ask('monitoring', 'getCheck', { params }), refetchInterval: 15_000 });
  const transitions = useQuery(ask('monitoring', 'listTransitions', { params, query: { limit: 50 } }));
  const refresh = () => queries.invalidateQueries({ queryKey: ['monitoring'] });
  const run = useMutation({
    mutationFn: () => api.monitoring.runCheck({ params }),
    onSuccess: refresh,
    onError: toasts.failed,
  });
  const acknowledge = useMutation({
    mutationFn: () => api.monitoring.acknowledgeCheck({ params, body: {} }),
    onSuccess: refresh,
    onError: toasts.failed,
  });
  const check = query.data;
  if (!check) return <Page title="Check">{query.error ? <QueryProblem query={query} /> : <SkeletonRows />}</Page>;
  const bad = check.state !== 'ok' && check.state !== 'pending';
  return (
    <Page
      title={check.name}
      trail={<Link to="/monitoring">Monitoring</Link>}
      status={<CheckStatus check={check} boxed />}
      facts={
        <Facts>
          <code>{targetText(check)}</code>
          <span>every {spanText(check.intervalSeconds * 1000)}</span>
          {check.changedAt && (
            <span>
              since <Time at={check.changedAt} />
            </span>
          )}
          {check.acknowledged && <span>acknowledged by {check.acknowledged.by}</span>}
          {check.source === 'service' && <span>made for a deployed service</span>}
        </Facts>
      }
      actions={
        <>
          {bad && !check.acknowledged && (
            <Button
              icon={<BellOff aria-hidden />}
              busy={acknowledge.isPending}
              disabledBecause={refusal}
              onClick={() => acknowledge.mutate()}
            >
              Acknowledge
            </Button>
          )}
          <Button
            icon={<Play aria-hidden />}
            busy={run.isPending}
            disabledBecause={refusal}
            onClick={() => run.mutate()}
          >
            Check now
          </Button>
          <Confirm
            trigger={
              <Button
                icon={<Trash2 aria-hidden />}
                disabledBecause={
                  refusal ?? (check.source === 'service' ? 'It goes with the service it was made for.' : undefined)
                }
              >
                Delete
              </Button>
            }
            title={`Delete check ${check.name}?`}
            action="Delete check"
            danger
            onConfirm={async () => {
              await api.monitoring.deleteCheck({ params });
              await navigate({ to: '/monitoring' });
            }}
          >
            Its history goes with it.
          </Confirm>
        </>
      }
      command={queryCommand(`SELECT state, duration, message FROM CheckResult WHERE checkId = '${check.id}'`)}
    >
      <Section title="Last answer" aside={<Time at={check.checkedAt} />}>
        <code style={{ overflowWrap: 'anywhere' }}>{check.output || 'Not run yet.'}</code>
      </Section>
      <ResponseTimes checkId={check.id} />
      <Section flush title="Changes of state">
        <Table
          label="Changes of state"
          columns={columns}
          rows={transitions.data?.items}
          rowKey={(one) => one.id}
          empty={<Empty title="It never changed">Each change from good to bad and back is kept here.</Empty>}
        />
      </Section>
    </Page>
  );
}

function ResponseTimes({ checkId }: { checkId: string }) {
  const nrql = `SELECT average(duration) * 1000 AS 'Response time' FROM CheckResult WHERE checkId = '${checkId}' TIMESERIES SINCE 3 hours ago`;
  const answer = useQuery({
    ...ask('telemetry', 'query', { body: { nrql } }),
    retry: false,
    refetchInterval: 30_000,
  }).data;
  const series = useMemo(
    () => (answer?.series ?? []).map((one) => ({ label: one.label, values: one.points })),
    [answer],
  );
  if (!answer?.buckets || !series.some((one) => one.values.some((value) => value !== null))) return null;
  return (
    <Section
      title="Response time, last 3 hours"
      aside={
        <Link to="/explore" search={{ q: nrql }}>
          Explore
        </Link>
      }
    >
      <Suspense fallback={<Skeleton height="180px" />}>
        <TimeChart
          label="Response time"
          times={answer.buckets.begins}
          series={series}
          unit="ms"
          height={160}
          kind="area"
        />
      </Suspense>
    </Section>
  );
}
