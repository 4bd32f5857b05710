import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Bug, Check } from 'lucide-react';
import { useState } from 'react';
import { api, ask, type Item } from '../../app/api.ts';
import { queryCommand } from '../../app/commands-for.ts';
import { Problem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { useRefusal } from '../../app/session.ts';
import { Tag } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Select } from '../../kit/field.tsx';
import { countText, plural } from '../../kit/figures.ts';
import { FilterBar } from '../../kit/filter-bar.tsx';
import { Page, Section } from '../../kit/page.tsx';
import { SearchInput } from '../../kit/search-input.tsx';
import { Sparkline } from '../../kit/sparkline.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Choice } from '../../kit/tabs.tsx';
import { Time } from '../../kit/time.tsx';
import { useToasts } from '../../kit/toast.tsx';
import { ErrorTabs } from './error-tabs.tsx';
import { installCommand } from './install.ts';
import { IssueMark } from './issue-mark.tsx';
import { Releases } from './releases.tsx';
import { SavedViews } from './saved-views.tsx';
import { finishedSearches } from './search-words.ts';

type Issue = Item<'errors', 'listIssues'>;

const periods = ['24h', '7d', '30d'] as const;
const statuses = ['unresolved', 'resolved', 'archived', 'all'] as const;

/** What broke: by issue, or by release. */
export function IssuesPage() {
  const { tab, environment } = useSearch({ from: '/shell/errors' });
  const { slug } = useProject();
  if (tab !== 'releases') return <Issues />;
  return (
    <Page
      title="Errors"
      command={queryCommand('SELECT count(*), uniqueCount(issue) FROM ErrorEvent FACET release SINCE 1 week ago', slug)}
    >
      <ErrorTabs current="releases" />
      <Releases environment={environment} />
    </Page>
  );
}

/** What the issues in sight say, for searches among them. */
function valuesIn(rows: readonly Issue[]): Record<string, string[]> {
  const of = (value: (issue: Issue) => string | null): string[] => rows.flatMap((issue) => value(issue) ?? []);
  const releases = [...of((issue) => issue.lastRelease), ...of((issue) => issue.firstRelease)];
  return {
    release: ['latest', ...releases],
    firstRelease: releases,
    environment: of((issue) => issue.environment),
    service: of((issue) => issue.service),
    type: of((issue) => issue.type),
    platform: of((issue) => issue.platform),
    assigned: ['none', ...of((issue) => issue.assignee?.name ?? null)],
  };
}

/** Issues, with how often over time. */
function Issues() {
  const search = useSearch({ from: '/shell/errors' });
  const navigate = useNavigate({ from: '/errors' });
  const refusal = useRefusal('developer');
  const toasts = useToasts();
  const queries = useQueryClient();
  const { slug, only } = useProject();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set());
  const status = search.status ?? ('unresolved' as const);
  const period = search.period ?? ('24h' as const);
  const query = {
    project: slug,
    search: search.q,
    status,
    environment: search.environment,
    release: search.release,
    sort: search.sort ?? ('lastSeen' as const),
    period,
    limit: 50,
  };
  const issues = useInfiniteQuery({
    queryKey: ['errors', 'listIssues', query],
    queryFn: ({ pageParam, signal }) =>
      api.errors.listIssues({ query: { ...query, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
  const counts = useQuery(
    ask('errors', 'countIssues', { query: { project: slug, environment: search.environment } }),
  ).data;
  const rows = issues.data?.pages.flatMap((page) => page.items);
  const set = (change: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...change }) });
  const change = useMutation({
    mutationFn: (action: 'resolve' | 'archive' | 'reopen') =>
      api.errors.changeIssues({ body: { ids: [...chosen], action } }),
    onSuccess: (_, action) => {
      const ids = [...chosen];
      setChosen(new Set());
      const words = { resolve: 'resolved', archive: 'archived', reopen: 'reopened' };
      const undo =
        action === 'reopen'
          ? undefined
          : () => void api.errors.changeIssues({ body: { ids, action: 'reopen' } }).catch(toasts.failed);
      toasts.said(`${plural(ids.length, 'issue')} ${words[action]}`, undo);
    },
    onError: toasts.failed,
  });

  const merge = useMutation({
    mutationFn: () => {
      // The oldest keeps its name.
      const [first, ...others] = (rows ?? [])
        .filter((issue) => chosen.has(issue.id))
        .sort((a, b) => a.firstSeenAt.localeCompare(b.firstSeenAt));
      return api.errors.mergeIssues({
        params: { issueId: first?.id ?? '' },
        body: { ids: others.map((issue) => issue.id) },
      });
    },
    onSuccess: async (issue) => {
      setChosen(new Set());
      await queries.invalidateQueries({ queryKey: ['errors'] });
      toasts.said(`All of it is ${issue.shortId} now; its page can take it apart again`);
    },
    onError: toasts.failed,
  });

  const columns: Column<Issue>[] = [
    {
      id: 'chosen',
      title: <span className="visually-hidden">Choose</span>,
      cell: (issue) => (
        <input
          type="checkbox"
          aria-label={`Choose ${issue.shortId}`}
          checked={chosen.has(issue.id)}
          onChange={(event) => {
            const next = new Set(chosen);
            if (event.target.checked) next.add(issue.id);
            else next.delete(issue.id);
            setChosen(next);
          }}
        />
      ),
    },
    {
      id: 'issue',
      title: 'Issue',
      grow: true,
      cell: (issue) => (
        <TwoLines
          first={
            <>
              <IssueMark issue={issue} />{' '}
              <Link to="/errors/$issueId" params={{ issueId: issue.id }}>
                {issue.type ?? issue.message}
              </Link>{' '}
              {issue.type && <span style={{ color: 'var(--text-quiet)' }}>{issue.message}</span>}
            </>
          }
          second={
            <>
              <span>{issue.shortId}</span>
              <code>{issue.culprit}</code>
              {issue.level !== 'error' && <Tag tone={issue.level === 'fatal' ? 'bad' : undefined}>{issue.level}</Tag>}
              {issue.environment && <Tag>{issue.environment}</Tag>}
              {issue.suspect?.deployment && <Tag tone="warn">since {issue.suspect.deployment.release}</Tag>}
              {issue.assignee && <span>{issue.assignee.name}</span>}
            </>
          }
        />
      ),
    },
    {
      id: 'graph',
      title: `Last ${period}`,
      wideOnly: true,
      cell: (issue) => <Sparkline counts={issue.histogram.counts} what="event" tone="bad" />,
    },
    { id: 'count', title: 'Events', numeric: true, cell: (issue) => countText(issue.count) },
    { id: 'users', title: 'Users', numeric: true, wideOnly: true, cell: (issue) => countText(issue.users) },
    {
      id: 'first',
      title: 'First seen',
      numeric: true,
      wideOnly: true,
      cell: (issue) => <Time at={issue.firstSeenAt} />,
    },
    { id: 'last', title: 'Last seen', numeric: true, cell: (issue) => <Time at={issue.lastSeenAt} /> },
  ];

  const filtered = Boolean(search.q || search.environment || search.release || search.status);
  return (
    <Page
      title="Errors"
      actions={
        <Choice
          label="Period"
          value={period}
          options={periods.map((one) => ({ value: one, label: one }))}
          onChange={(value) => set({ period: value === '24h' ? undefined : value })}
        />
      }
      command={queryCommand('SELECT count(*) FROM ErrorEvent FACET issue, errorType SINCE 1 day ago', slug)}
    >
      <ErrorTabs current="issues" />
      <Section
        flush
        aside={
          <FilterBar>
            <SearchInput
              label="Search issues"
              asked={search.q}
              onAsk={(q) => set({ q })}
              finish={(typed) => finishedSearches(typed, valuesIn(rows ?? []))}
            />
            <SavedViews />
            <Select
              aria-label="Status"
              value={status}
              options={statuses.map((one) => ({
                value: one,
                label: `${one.charAt(0).toUpperCase()}${one.slice(1)}${counts && one !== 'all' ? ` (${counts[one]})` : ''}`,
              }))}
              onChange={(event) => {
                const next = statuses.find((one) => one === event.target.value);
                set({ status: next === 'unresolved' ? undefined : next });
              }}
            />
            <Select
              aria-label="Order"
              value={search.sort ?? ''}
              options={[
                { value: '', label: 'Last seen first' },
                { value: 'firstSeen', label: 'Newest first' },
                { value: 'count', label: 'Most events first' },
                { value: 'users', label: 'Most users first' },
              ]}
              onChange={(event) => {
                const words = ['firstSeen', 'count', 'users'] as const;
                set({ sort: words.find((one) => one === event.target.value) });
              }}
            />
            {chosen.size > 0 && (
              <>
                <Button
                  icon={<Check aria-hidden />}
                  disabledBecause={refusal}
                  busy={change.isPending}
                  onClick={() => change.mutate('resolve')}
                >
                  Resolve {chosen.size}
                </Button>
                <Button disabledBecause={refusal} busy={change.isPending} onClick={() => change.mutate('archive')}>
                  Archive {chosen.size}
                </Button>
                {chosen.size > 1 && (
                  <Button disabledBecause={refusal} busy={merge.isPending} onClick={() => merge.mutate()}>
                    Merge {chosen.size}
                  </Button>
                )}
              </>
            )}
          </FilterBar>
        }
      >
        {issues.error && !rows ? (
          <Problem error={issues.error} retry={() => void issues.refetch()} />
        ) : (
          <Table
            label="Issues"
            columns={columns}
            rows={rows}
            rowKey={(issue) => issue.id}
            selected={(issue) => chosen.has(issue.id)}
            empty={
              filtered ? (
                <Empty title="No issue is like that">Loosen the filters to see more.</Empty>
              ) : (
                <Empty icon={<Bug />} title="No errors" command={only && installCommand(only.dsn)}>
                  Any Sentry SDK reports here: give it the address of its project, which stands in the project’s
                  settings. Services that Millrace deploys get it by themselves, as <code>SENTRY_DSN</code>.
                </Empty>
              )
            }
          />
        )}
      </Section>
      {issues.hasNextPage && (
        <div>
          <Button busy={issues.isFetchingNextPage} onClick={() => void issues.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </Page>
  );
}
