import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { GitBranch, Tag as TagIcon, Workflow } from 'lucide-react';
import { api, type Item } from '../../app/api.ts';
import { queryCommand } from '../../app/commands-for.ts';
import { Problem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { Status, Tag } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Select } from '../../kit/field.tsx';
import { FilterBar } from '../../kit/filter-bar.tsx';
import { Page, Section } from '../../kit/page.tsx';
import { SearchInput } from '../../kit/search-input.tsx';
import { statusLook } from '../../kit/status.ts';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Duration, Time } from '../../kit/time.tsx';
import { RunStrip } from './run-bars.tsx';
import { RunButton } from './run-button.tsx';

export type Run = Item<'pipelines', 'listRuns'>;

const statuses = ['queued', 'running', 'on_hold', 'success', 'failed', 'canceled'] as const;

/** Runs, newest first. */
export function RunsPage() {
  const search = useSearch({ from: '/shell/pipelines' });
  const navigate = useNavigate({ from: '/pipelines' });
  const { slug, slugOf, only } = useProject();
  const status = statuses.find((one) => one === search.status);
  const query = { project: slug, branch: search.branch, status, limit: 50 };
  const runs = useInfiniteQuery({
    queryKey: ['pipelines', 'listRuns', query],
    queryFn: ({ pageParam, signal }) =>
      api.pipelines.listRuns({ query: { ...query, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
  const rows = runs.data?.pages.flatMap((page) => page.items);
  const filtered = Boolean(search.branch || status);

  const columns: Column<Run>[] = [
    { id: 'status', title: 'State', cell: (run) => <Status status={run.status} />, sort: (run) => run.status },
    {
      id: 'run',
      title: 'Run',
      grow: true,
      sort: (run) => run.number,
      cell: (run) => (
        <TwoLines
          first={
            <Link to="/runs/$runId" params={{ runId: run.id }}>
              {run.commit.message.split('\n')[0] || `Run ${run.number}`}
            </Link>
          }
          second={
            <>
              {slug ? null : <span>{slugOf(run.projectId)}</span>}
              <span>#{run.number}</span>
              <span>{run.commit.author.name}</span>
            </>
          }
        />
      ),
    },
    {
      id: 'branch',
      title: 'Branch',
      wideOnly: true,
      sort: (run) => run.branch ?? run.tag,
      cell: (run) => (
        <Tag title={run.branch ?? run.tag ?? ''}>
          {run.tag ? <TagIcon aria-hidden /> : <GitBranch aria-hidden />}
          {run.branch ?? run.tag}
        </Tag>
      ),
    },
    { id: 'sha', title: 'Commit', wideOnly: true, cell: (run) => <code>{run.sha.slice(0, 7)}</code> },
    {
      id: 'took',
      title: 'Took',
      numeric: true,
      sort: (run) => tookMs(run),
      cell: (run) => (run.startedAt ? <Duration from={run.startedAt} to={run.finishedAt} /> : '–'),
    },
    {
      id: 'when',
      title: 'When',
      numeric: true,
      sort: (run) => run.queuedAt,
      cell: (run) => <Time at={run.queuedAt} />,
    },
  ];

  return (
    <Page
      title="Pipelines"
      actions={<RunButton project={only} />}
      command={queryCommand('SELECT number, branch, status, duration FROM PipelineRun SINCE 1 week ago', slug)}
    >
      {rows && rows.length > 2 && !filtered && <RunStrip runs={rows.slice(0, 40)} />}
      <Section
        flush
        aside={
          <FilterBar>
            <SearchInput
              label="Branch"
              asked={search.branch}
              onAsk={(branch) => void navigate({ search: (before) => ({ ...before, branch }) })}
            />
            <Select
              aria-label="State"
              value={status ?? ''}
              options={[
                { value: '', label: 'Any state' },
                ...statuses.map((one) => ({ value: one, label: statusLook(one).word })),
              ]}
              onChange={(event) =>
                void navigate({ search: (before) => ({ ...before, status: event.target.value || undefined }) })
              }
            />
          </FilterBar>
        }
      >
        {runs.error && !rows ? (
          <Problem error={runs.error} retry={() => void runs.refetch()} />
        ) : (
          <Table
            label="Runs"
            columns={columns}
            rows={rows}
            rowKey={(run) => run.id}
            sort={search.sort}
            onSort={(sort) => void navigate({ search: (before) => ({ ...before, sort }) })}
            empty={filtered ? <Empty title="No run is like that">Loosen the filters to see more.</Empty> : <NoRuns />}
          />
        )}
      </Section>
      {runs.hasNextPage && (
        <div>
          <Button busy={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
            Show older
          </Button>
        </div>
      )}
    </Page>
  );
}

function tookMs(run: Run): number | undefined {
  if (!run.startedAt) return undefined;
  return (run.finishedAt ? Date.parse(run.finishedAt) : Date.now()) - Date.parse(run.startedAt);
}

function NoRuns() {
  const { only } = useProject();
  return (
    <Empty
      icon={<Workflow />}
      title="No runs yet"
      command={
        only
          ? `git push ${only.gitUrl} HEAD:${only.defaultBranch}`
          : 'millrace project create Shop\ngit push millrace HEAD:main'
      }
    >
      Every push becomes a run of its <code>.circleci/config.yml</code>, or of a pipeline made from what the repository
      holds.
    </Empty>
  );
}
