import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Rocket } from 'lucide-react';
import { api, type Item } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { Status, Tag } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Duration, Time } from '../../kit/time.tsx';

type Deployment = Item<'deployments', 'listDeployments'>;

const kinds = { deploy: 'Deploy', promote: 'Promote', redeploy: 'Deploy again', rollback: 'Roll back' };

function columnsFor(oneProject: boolean): Column<Deployment>[] {
  return [
    { id: 'status', title: 'State', cell: (one) => <Status status={one.status} /> },
    {
      id: 'what',
      title: 'Deployment',
      grow: true,
      cell: (one) => (
        <TwoLines
          first={
            <Link to="/deployments/$deploymentId" params={{ deploymentId: one.id }}>
              {kinds[one.kind]} {one.release.version} {one.kind === 'rollback' ? 'in' : 'to'} {one.environment}
            </Link>
          }
          second={
            <>
              {!oneProject && <span>{one.project}</span>}
              <span>{one.reason ?? one.release.message}</span>
            </>
          }
        />
      ),
    },
    {
      id: 'before',
      title: 'Before',
      wideOnly: true,
      cell: (one) => (one.previousVersion ? <Tag>{one.previousVersion}</Tag> : '–'),
    },
    {
      id: 'by',
      title: 'By',
      wideOnly: true,
      cell: (one) => (one.requestedBy.kind === 'system' ? 'Millrace' : one.requestedBy.name),
    },
    {
      id: 'took',
      title: 'Took',
      numeric: true,
      cell: (one) => (one.startedAt ? <Duration from={one.startedAt} to={one.finishedAt} /> : '–'),
    },
    { id: 'when', title: 'When', numeric: true, cell: (one) => <Time at={one.createdAt} /> },
  ];
}

const overAll = columnsFor(false);
const ofOne = columnsFor(true);

/** Deployments, newest first. */
export function DeploymentTable({ project, environment }: { project?: string | undefined; environment?: string }) {
  const query = { project, environment, limit: 50 };
  const list = useInfiniteQuery({
    queryKey: ['deployments', 'listDeployments', query],
    queryFn: ({ pageParam, signal }) =>
      api.deployments.listDeployments({ query: { ...query, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
  if (list.error && !list.data) return <Problem error={list.error} retry={() => void list.refetch()} />;
  return (
    <>
      <Table
        label="Deployments"
        columns={project || environment ? ofOne : overAll}
        rows={list.data?.pages.flatMap((page) => page.items)}
        rowKey={(one) => one.id}
        empty={
          <Empty icon={<Rocket />} title="Nothing was deployed yet">
            Each deployment stays here with its steps, gates and reason.
          </Empty>
        }
      />
      {list.hasNextPage && (
        <Button look="quiet" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          Show older
        </Button>
      )}
    </>
  );
}
