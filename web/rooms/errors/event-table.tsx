import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, type Item } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { Tag } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Section } from '../../kit/page.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';

type Event = Item<'errors', 'listIssueEvents'>;

const columns: Column<Event>[] = [
  {
    id: 'event',
    title: 'Event',
    cell: (event) => (
      <Link to="/errors/$issueId" params={{ issueId: event.issueId }} search={{ event: event.id }}>
        <code>{event.eventId.slice(0, 8)}</code>
      </Link>
    ),
  },
  { id: 'message', title: 'Message', grow: true, cell: (event) => event.message },
  { id: 'environment', title: 'Environment', wideOnly: true, cell: (event) => event.environment ?? '–' },
  {
    id: 'release',
    title: 'Release',
    wideOnly: true,
    cell: (event) => (event.release ? <Tag>{event.release}</Tag> : '–'),
  },
  { id: 'user', title: 'User', wideOnly: true, cell: (event) => event.user ?? '–' },
  { id: 'at', title: 'When', numeric: true, cell: (event) => <Time at={event.at} /> },
];

/** The kept events of an issue. */
export function EventTable({ issueId }: { issueId: string }) {
  const events = useInfiniteQuery({
    queryKey: ['errors', 'listIssueEvents', issueId],
    queryFn: ({ pageParam, signal }) =>
      api.errors.listIssueEvents({ params: { issueId }, query: { limit: 50, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
  return (
    <Section flush>
      {events.error && <Problem error={events.error} />}
      <Table
        label="Events"
        columns={columns}
        rows={events.data?.pages.flatMap((page) => page.items)}
        rowKey={(event) => event.id}
        empty={<Empty title="No event is kept any more">Figures stay; events are thinned out with age.</Empty>}
      />
      {events.hasNextPage && (
        <Button look="quiet" busy={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
          Show older
        </Button>
      )}
    </Section>
  );
}
