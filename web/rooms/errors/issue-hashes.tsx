import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ask, type Item } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { countText } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';
import { useToasts } from '../../kit/toast.tsx';

type Hash = Item<'errors', 'listIssueHashes'>;

/** The hashes an issue is made of; chosen ones can be taken out into an issue of their own. */
export function IssueHashes({ issueId }: { issueId: string }) {
  const query = useQuery(ask('errors', 'listIssueHashes', { params: { issueId } }));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set());
  const refusal = useRefusal('developer');
  const toasts = useToasts();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const split = useMutation({
    mutationFn: () => api.errors.splitIssue({ params: { issueId }, body: { hashes: [...chosen] } }),
    onSuccess: async (part) => {
      setChosen(new Set());
      await queries.invalidateQueries({ queryKey: ['errors'] });
      toasts.said(`Now an issue of its own: ${part.shortId}`);
      void navigate({ to: '/errors/$issueId', params: { issueId: part.id } });
    },
    onError: toasts.failed,
  });
  const columns: Column<Hash>[] = [
    {
      id: 'chosen',
      title: <span className="visually-hidden">Choose</span>,
      cell: ({ hash }) => (
        <input
          type="checkbox"
          aria-label={`Choose ${hash}`}
          checked={chosen.has(hash)}
          onChange={(event) => {
            const next = new Set(chosen);
            if (event.target.checked) next.add(hash);
            else next.delete(hash);
            setChosen(next);
          }}
        />
      ),
    },
    { id: 'hash', title: 'Hash', cell: ({ hash }) => <code>{hash}</code> },
    {
      id: 'event',
      title: 'Latest event',
      grow: true,
      cell: ({ eventId, title }) =>
        eventId === null ? (
          'known, no event counted under it'
        ) : (
          <Link to="/errors/$issueId" params={{ issueId }} search={{ event: eventId }}>
            {title}
          </Link>
        ),
    },
    { id: 'algorithm', title: 'Made by', wideOnly: true, cell: ({ algorithm }) => <code>{algorithm}</code> },
    { id: 'count', title: 'Events', numeric: true, cell: ({ count }) => countText(count) },
    {
      id: 'last',
      title: 'Last seen',
      numeric: true,
      wideOnly: true,
      cell: ({ lastSeenAt }) => (lastSeenAt === null ? '–' : <Time at={lastSeenAt} />),
    },
  ];
  return (
    <Section
      title="Hashes of this issue"
      flush
      aside={
        chosen.size > 0 && (
          <Button disabledBecause={refusal} busy={split.isPending} onClick={() => split.mutate()}>
            Take {chosen.size} out into a new issue
          </Button>
        )
      }
    >
      <QueryProblem query={query} />
      <Table
        label="Hashes"
        columns={columns}
        rows={query.data?.items}
        rowKey={({ hash }) => hash}
        selected={({ hash }) => chosen.has(hash)}
      />
    </Section>
  );
}
