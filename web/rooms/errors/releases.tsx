import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Package } from 'lucide-react';
import { api, type Item } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { Tag } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { countText, plural } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';
import { percentText } from './percent.ts';

type Release = Item<'errors', 'listReleases'>;

/** Releases and how they fare: who runs them, whether they crash, what broke in them first. */
export function Releases({ environment }: { environment: string | undefined }) {
  const { slug, slugOf: known } = useProject();
  const query = { project: slug, environment, limit: 50 };
  const releases = useInfiniteQuery({
    queryKey: ['errors', 'listReleases', query],
    queryFn: ({ pageParam, signal }) =>
      api.errors.listReleases({ query: { ...query, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
  const rows = releases.data?.pages.flatMap((page) => page.items);
  const slugOf = (release: Release) => known(release.projectId) ?? release.projectId;
  const columns: Column<Release>[] = [
    {
      id: 'release',
      title: 'Release',
      grow: true,
      cell: (release) => (
        <TwoLines
          first={
            <Link
              to="/errors/releases/$project/$release"
              params={{ project: slugOf(release), release: release.release }}
            >
              {release.release}
            </Link>
          }
          second={
            <>
              {!slug && <span>{slugOf(release)}</span>}
              {release.environments.map((one) => (
                <Tag key={one}>{one}</Tag>
              ))}
              {release.newIssues > 0 && <Tag tone="bad">{plural(release.newIssues, 'new issue')}</Tag>}
              {release.regressedIssues > 0 && <Tag tone="warn">{release.regressedIssues} regressed</Tag>}
            </>
          }
        />
      ),
    },
    {
      id: 'adoption',
      title: 'Adoption',
      numeric: true,
      cell: (release) => percentText(release.health?.adoption),
    },
    {
      id: 'sessions',
      title: 'Crash-free sessions',
      numeric: true,
      cell: (release) => percentText(release.health?.crashFreeSessions),
    },
    {
      id: 'users',
      title: 'Crash-free users',
      numeric: true,
      wideOnly: true,
      cell: (release) => percentText(release.health?.crashFreeUsers),
    },
    { id: 'events', title: 'Errors', numeric: true, cell: (release) => countText(release.events) },
    {
      id: 'first',
      title: 'First seen',
      numeric: true,
      wideOnly: true,
      cell: (release) => <Time at={release.firstSeenAt} />,
    },
    { id: 'last', title: 'Last seen', numeric: true, cell: (release) => <Time at={release.lastSeenAt} /> },
  ];
  return (
    <>
      <Section flush>
        {releases.error && !rows ? (
          <Problem error={releases.error} retry={() => void releases.refetch()} />
        ) : (
          <Table
            label="Releases"
            columns={columns}
            rows={rows}
            rowKey={(release) => `${release.projectId}/${release.release}`}
            empty={
              <Empty icon={<Package />} title="No releases yet">
                A release shows here once Millrace deploys it, or once an error, a session or <code>sentry-cli</code>{' '}
                names it.
              </Empty>
            }
          />
        )}
      </Section>
      {releases.hasNextPage && (
        <div>
          <Button busy={releases.isFetchingNextPage} onClick={() => void releases.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </>
  );
}
