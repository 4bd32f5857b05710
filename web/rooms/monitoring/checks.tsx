import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Activity } from 'lucide-react';
import { ask, type Item } from '../../app/api.ts';
import { queryCommand } from '../../app/commands-for.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { Status, Tag } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { spanText } from '../../kit/moments.ts';
import { Page, Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { LinkTabs } from '../../kit/tabs.tsx';
import { Time } from '../../kit/time.tsx';
import { Jobs } from './jobs.tsx';
import { NewCheckButton } from './new-check.tsx';

export type Check = Item<'monitoring', 'listChecks'>;

/** What a check looks at. */
export function targetText(check: Pick<Check, 'target'>): string {
  if (check.target.kind === 'tcp') return `${check.target.host}:${check.target.port}`;
  // A service behind the gateway is asked for by name; the address alone is the same for all of them.
  const host = Object.entries(check.target.headers).find(([name]) => name.toLowerCase() === 'host')?.[1];
  if (!host) return check.target.url;
  const url = new URL(check.target.url);
  return `${url.protocol}//${host}${host.includes(':') || !url.port ? '' : `:${url.port}`}${url.pathname}${url.search}`;
}

/** A check's state in words: a suspected problem says so. */
export function CheckStatus({ check, boxed }: { check: Check; boxed?: boolean }) {
  if (!check.enabled) return <Status status="paused" boxed={boxed ?? false} />;
  const suspected = check.stateType === 'soft' && check.state !== 'ok' && check.state !== 'pending';
  const word = suspected ? `Suspected ${check.state} (${check.attempt} of ${check.maxAttempts})` : undefined;
  return <Status status={suspected ? 'warning' : check.state} word={word} boxed={boxed ?? false} />;
}

const columns: Column<Check>[] = [
  { id: 'state', title: 'State', sort: (check) => check.state, cell: (check) => <CheckStatus check={check} /> },
  {
    id: 'name',
    title: 'Check',
    main: true,
    sort: (check) => check.name,
    cell: (check) => (
      <TwoLines
        first={
          <Link to="/monitoring/$checkId" params={{ checkId: check.id }}>
            {check.name}
          </Link>
        }
        second={<code>{targetText(check)}</code>}
      />
    ),
  },
  { id: 'output', title: 'Last answer', grow: true, wideOnly: true, cell: (check) => check.output },
  {
    id: 'environment',
    title: 'Environment',
    wideOnly: true,
    sort: (check) => check.environment,
    cell: (check) => (check.environment ? <Tag>{check.environment}</Tag> : '–'),
  },
  {
    id: 'took',
    title: 'Took',
    numeric: true,
    sort: (check) => check.durationMs,
    cell: (check) => (check.durationMs === null ? '–' : spanText(check.durationMs)),
  },
  {
    id: 'since',
    title: 'Since',
    numeric: true,
    sort: (check) => check.changedAt,
    cell: (check) => <Time at={check.changedAt} />,
  },
];

const views = [
  { id: 'checks', label: 'Checks' },
  { id: 'jobs', label: 'Jobs' },
];

/** What is watched from outside (checks), and what reports by itself (jobs). */
export function ChecksPage() {
  const { tab } = useSearch({ from: '/shell/monitoring' });
  if (tab !== 'jobs') return <Checks />;
  return (
    <Page title="Monitoring">
      <LinkTabs label="Views" current="jobs" items={views} />
      <Jobs />
    </Page>
  );
}

/** Checks, problems first. */
function Checks() {
  const search = useSearch({ from: '/shell/monitoring' });
  const navigate = useNavigate({ from: '/monitoring' });
  const { slug } = useProject();
  const checks = useQuery({
    ...ask('monitoring', 'listChecks', { query: { project: slug, limit: 200 } }),
    // Results that change nothing are no facts: the last answer is asked for now and then.
    refetchInterval: 15_000,
  });
  return (
    <Page
      title="Monitoring"
      actions={<NewCheckButton />}
      command={queryCommand('SELECT latest(state), average(duration) FROM CheckResult FACET name', slug)}
    >
      <LinkTabs label="Views" current="checks" items={views} />
      <QueryProblem query={checks} />
      <Section flush>
        <Table
          label="Checks"
          columns={columns}
          rows={checks.data?.items}
          absent={checks.isError}
          rowKey={(check) => check.id}
          sort={search.sort}
          onSort={(sort) => void navigate({ search: (before) => ({ ...before, sort }) })}
          empty={
            <Empty icon={<Activity />} title="No checks yet">
              Every deployed service with an address is checked by itself; add more for what stands outside.
            </Empty>
          }
        />
      </Section>
    </Page>
  );
}
