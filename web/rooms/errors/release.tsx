import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';
import { type Answer, ask } from '../../app/api.ts';
import { queryCommand } from '../../app/commands-for.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Tag } from '../../kit/badge.tsx';
import { Select } from '../../kit/field.tsx';
import { plural } from '../../kit/figures.ts';
import { Facts, Page, Section } from '../../kit/page.tsx';
import { Skeleton, SkeletonRows } from '../../kit/skeleton.tsx';
import { Time } from '../../kit/time.tsx';
import styles from './release.module.css';
import { ReleaseComparison } from './release-comparison.tsx';
import { ReleaseFigures } from './release-figures.tsx';
import { ReleaseIssues } from './release-issues.tsx';
import { ReleaseSide } from './release-side.tsx';

const TimeChart = lazy(() => import('../../kit/chart.tsx').then((module) => ({ default: module.TimeChart })));

type Release = Answer<'errors', 'getRelease'>;

/** One release: how it fares, what came with it, what broke in it; beside another one when asked. */
export function ErrorReleasePage() {
  const { project, release: version } = useParams({ from: '/shell/errors/releases/$project/$release' });
  const { with: other } = useSearch({ from: '/shell/errors/releases/$project/$release' });
  const query = useQuery(ask('errors', 'getRelease', { params: { project, release: version }, query: {} }));
  const release = query.data;
  const heading = `Release ${version}`;
  if (!release) return <Page title={heading}>{query.error ? <QueryProblem query={query} /> : <SkeletonRows />}</Page>;
  return (
    <Page
      title={heading}
      trail={
        <>
          <Link to="/errors" search={{ tab: 'releases' }}>
            Releases
          </Link>
          <span aria-hidden>/</span>
          <span>{project}</span>
        </>
      }
      facts={
        <Facts>
          {release.environments.map((one) => (
            <Tag key={one}>{one}</Tag>
          ))}
          <span>
            since <Time at={release.createdAt} />
          </span>
          <span>
            last seen <Time at={release.lastSeenAt} />
          </span>
          {release.commits.length > 0 && <span>{plural(release.commits.length, 'commit')}</span>}
          <Link to="/errors" search={{ release: version, status: 'all' }}>
            {plural(release.issues, 'issue')}
          </Link>
        </Facts>
      }
      actions={<CompareWith project={project} release={release} other={other} />}
      command={queryCommand(`SELECT count(*) FROM ErrorEvent WHERE release = '${version}' FACET issue`, project)}
    >
      {other ? (
        <ReleaseComparison project={project} release={version} other={other} />
      ) : (
        <>
          <ReleaseFigures release={release} />
          <div className={styles.columns}>
            <div>
              <Course release={release} />
              <ReleaseIssues issues={release.releaseIssues} />
            </div>
            <ReleaseSide release={release} />
          </div>
        </>
      )}
    </Page>
  );
}

/** Which release it is shown beside; the one before it is offered first. */
function CompareWith({ project, release, other }: { project: string; release: Release; other: string | undefined }) {
  const navigate = useNavigate({ from: '/errors/releases/$project/$release' });
  const items = useQuery(ask('errors', 'listReleases', { query: { project, limit: 100 } })).data?.items ?? [];
  const versions = items.map((one) => one.release).filter((one) => one !== release.release && one !== release.previous);
  if (release.previous) versions.unshift(release.previous);
  if (other && !versions.includes(other)) versions.unshift(other);
  if (versions.length === 0) return null;
  return (
    <Select
      aria-label="Compare with"
      value={other ?? ''}
      options={[
        { value: '', label: 'Compare with…' },
        ...versions.map((one) => ({ value: one, label: one === release.previous ? `${one} (before it)` : one })),
      ]}
      onChange={(event) =>
        void navigate({ search: (before) => ({ ...before, with: event.target.value || undefined }) })
      }
    />
  );
}

function Course({ release }: { release: Release }) {
  const { course } = release;
  const times = useMemo(() => {
    const start = Date.parse(course.startAt);
    return course.sessions.map((_, index) => start + index * course.bucketSeconds * 1000);
  }, [course]);
  const series = useMemo(
    () => [
      { label: 'Sessions', values: course.sessions },
      { label: 'Crashed', values: course.crashed },
      { label: 'Sessions of all releases', values: course.ofAll, faded: true },
    ],
    [course],
  );
  if (!course.sessions.some((count) => count > 0)) return null;
  return (
    <Section title="Sessions, last 7 days">
      <Suspense fallback={<Skeleton height="180px" />}>
        <TimeChart label="Sessions" times={times} series={series} height={160} />
      </Suspense>
    </Section>
  );
}
