import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Package } from 'lucide-react';
import { ask, type Item } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { Status, Tag } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';

type Release = Item<'deployments', 'listReleases'>;

const words = { queued: 'Queued', building: 'Building', ready: 'Ready', failed: 'Failed', empty: 'Nothing to run' };
/** `ready` and `empty` mean other things elsewhere. */
const marks = { queued: 'queued', building: 'building', ready: 'success', failed: 'failed', empty: 'not_run' };

/** A release whose build was removed cannot be deployed as it is, so it does not read as ready. */
export function ReleaseStatus({ release: { status, removedAt } }: { release: Pick<Release, 'status' | 'removedAt'> }) {
  if (status === 'ready' && removedAt) return <Status status="empty" word="Build not kept" />;
  return <Status status={marks[status]} word={words[status]} />;
}

const columns: Column<Release>[] = [
  { id: 'status', title: 'State', cell: (release) => <ReleaseStatus release={release} /> },
  {
    id: 'version',
    title: 'Release',
    grow: true,
    cell: (release) => (
      <TwoLines
        first={
          <Link to="/releases/$releaseId" params={{ releaseId: release.id }}>
            {release.version}
          </Link>
        }
        second={<span>{release.reason ?? release.message}</span>}
      />
    ),
  },
  {
    id: 'where',
    title: 'Where',
    cell: (release) => (
      <span style={{ display: 'inline-flex', gap: 'var(--space-1)' }}>
        {release.environments
          .filter((one) => one.current || one.lastGood || one.bad)
          .map((one) => (
            <Tag key={one.name} tone={one.bad ? 'bad' : one.current ? 'good' : undefined} title={one.bad ?? ''}>
              {one.name}
              {one.bad ? ': bad' : one.current ? '' : ': last good'}
            </Tag>
          ))}
      </span>
    ),
  },
  { id: 'branch', title: 'Branch', wideOnly: true, cell: (release) => release.branch ?? '–' },
  { id: 'when', title: 'When', numeric: true, cell: (release) => <Time at={release.createdAt} /> },
];

const noReleases = (
  <Empty icon={<Package />} title="No releases yet">
    A successful run of a branch that feeds an environment is cut into one: fixed images and settings.
  </Empty>
);

/** Releases of a project: what can be deployed. */
export function ReleaseTable() {
  const { only, projects } = useProject();
  const releases = useQuery({
    ...ask('deployments', 'listReleases', { params: { project: only?.slug ?? '' }, query: { limit: 100 } }),
    enabled: only !== undefined,
  });
  if (!only) {
    return projects?.length === 0 ? (
      noReleases
    ) : (
      <Empty icon={<Package />} title="Choose a project">
        Releases belong to a project; choose one at the top left.
      </Empty>
    );
  }
  return (
    <Section flush>
      <QueryProblem query={releases} />
      <Table
        label="Releases"
        columns={columns}
        rows={releases.data?.items}
        absent={releases.isError}
        rowKey={(release) => release.id}
        empty={noReleases}
      />
    </Section>
  );
}
