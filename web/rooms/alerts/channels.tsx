import { useMutation, useQuery } from '@tanstack/react-query';
import { Send, Trash2 } from 'lucide-react';
import { api, ask, type Item } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Status, Tag } from '../../kit/badge.tsx';
import { Button, IconButton } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Section } from '../../kit/page.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { useToasts } from '../../kit/toast.tsx';
import { NewChannelButton } from './new-channel.tsx';

type Channel = Item<'alerts', 'listChannels'>;

/** Ways to tell people. */
export function Channels() {
  const refusal = useRefusal('maintainer');
  const toasts = useToasts();
  const channels = useQuery({ ...ask('alerts', 'listChannels'), enabled: refusal === undefined });
  const test = useMutation({
    mutationFn: (channel: Channel) => api.alerts.testChannel({ params: { id: channel.id }, body: {} }),
    onSuccess: (answer) =>
      answer.delivered ? toasts.said(`Delivered: ${answer.detail}`) : toasts.failed(new Error(answer.detail)),
    onError: toasts.failed,
  });
  const columns: Column<Channel>[] = [
    {
      id: 'state',
      title: 'State',
      cell: (one) => <Status status={one.enabled ? 'ok' : 'paused'} word={one.enabled ? 'On' : 'Off'} />,
    },
    {
      id: 'name',
      title: 'Channel',
      main: true,
      cell: (one) => (
        <>
          <strong>{one.name}</strong> {one.isDefault && <Tag>for messages to people</Tag>}
        </>
      ),
    },
    {
      id: 'to',
      title: 'To',
      grow: true,
      cell: (one) => (
        <code>
          {one.settings.kind === 'mail'
            ? `${one.settings.host}:${one.settings.port}, ${one.settings.to.join(', ')}`
            : one.settings.url}
        </code>
      ),
    },
    {
      id: 'do',
      title: <span className="visually-hidden">Actions</span>,
      cell: (one) => (
        <span style={{ display: 'inline-flex', gap: 'var(--space-1)' }}>
          <Button
            size="small"
            icon={<Send aria-hidden />}
            busy={test.isPending && test.variables?.id === one.id}
            onClick={() => test.mutate(one)}
          >
            Send a test
          </Button>
          <Confirm
            trigger={
              <IconButton size="small" label={`Delete ${one.name}`}>
                <Trash2 aria-hidden />
              </IconButton>
            }
            title={`Delete channel ${one.name}?`}
            action="Delete channel"
            danger
            onConfirm={() => api.alerts.deleteChannel({ params: { id: one.id } })}
          >
            Conditions that tell it will tell nobody.
          </Confirm>
        </span>
      ),
    },
  ];
  if (refusal) return <Empty title="Channels are for maintainers">{refusal}</Empty>;
  return (
    <Section flush>
      <QueryProblem query={channels} />
      <Table
        label="Channels"
        columns={columns}
        rows={channels.data?.items}
        absent={channels.isError}
        rowKey={(one) => one.id}
        empty={
          <Empty icon={<Send />} title="No channels yet" action={<NewChannelButton />}>
            Mail and webhooks. A mail channel for messages to people tells authors of failed runs, fixed runs and
            rollbacks.
          </Empty>
        }
      />
    </Section>
  );
}
