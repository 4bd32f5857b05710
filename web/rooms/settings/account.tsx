import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, type Item } from '../../app/api.ts';
import { Problem, QueryProblem } from '../../app/problem.tsx';
import { type Me, useMe } from '../../app/session.ts';
import { setTheme, useTheme } from '../../app/theme.ts';
import { Tag } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Fields, TextField } from '../../kit/field.tsx';
import { Section } from '../../kit/page.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { Choice } from '../../kit/tabs.tsx';
import { Time } from '../../kit/time.tsx';
import { useToasts } from '../../kit/toast.tsx';
import { browserName } from './browser-name.ts';

type Session = Item<'identity', 'sessions'>;

/** The own name, commit addresses, password, sessions and theme. */
export function Account() {
  const me = useMe();
  const theme = useTheme();
  if (!me) return null;
  return (
    <>
      <Section title="Theme">
        <Choice
          label="Theme"
          value={theme}
          options={[
            { value: 'system', label: 'As the system' },
            { value: 'light', label: 'Light' },
            { value: 'dark', label: 'Dark' },
          ]}
          onChange={setTheme}
        />
      </Section>
      <Profile me={me} />
      <Password />
      <Sessions />
    </>
  );
}

const narrow = { maxWidth: '26rem' };

function Profile({ me }: { me: Me }) {
  const queries = useQueryClient();
  const toasts = useToasts();
  const [name, setName] = useState(me.name);
  const [emails, setEmails] = useState(me.gitEmails.join(', '));
  const save = useMutation({
    mutationFn: () =>
      api.identity.changeMe({ body: { name: name.trim(), gitEmails: emails.split(/[\s,]+/).filter(Boolean) } }),
    onSuccess: () => {
      toasts.said('Saved');
      return queries.invalidateQueries({ queryKey: ['identity'] });
    },
  });
  return (
    <Section title="You">
      <form
        style={narrow}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Fields>
          <TextField label="Name" required value={name} onChange={(event) => setName(event.target.value)} />
          <TextField
            label="Further commit addresses"
            hint={`Besides ${me.email}. News about a commit goes to its author.`}
            value={emails}
            onChange={(event) => setEmails(event.target.value)}
          />
          {save.error && <Problem error={save.error} />}
          <div>
            <Button type="submit" look="primary" busy={save.isPending}>
              Save
            </Button>
          </div>
        </Fields>
      </form>
    </Section>
  );
}

function Password() {
  const toasts = useToasts();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const change = useMutation({
    mutationFn: () => api.identity.changePassword({ body: { current, next } }),
    onSuccess: () => {
      setCurrent('');
      setNext('');
      toasts.said('Password changed; all other sessions ended');
    },
  });
  return (
    <Section title="Password">
      <form
        style={narrow}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <Fields>
          <TextField
            label="Current password"
            type="password"
            autoComplete="current-password"
            required
            value={current}
            onChange={(event) => setCurrent(event.target.value)}
          />
          <TextField
            label="New password"
            type="password"
            autoComplete="new-password"
            minLength={10}
            required
            value={next}
            onChange={(event) => setNext(event.target.value)}
          />
          {change.error && <Problem error={change.error} />}
          <div>
            <Button type="submit" busy={change.isPending}>
              Change password
            </Button>
          </div>
        </Fields>
      </form>
    </Section>
  );
}

function Sessions() {
  const queries = useQueryClient();
  const toasts = useToasts();
  const sessions = useQuery(ask('identity', 'sessions'));
  const end = useMutation({
    mutationFn: (id: string) => api.identity.revokeSession({ params: { id } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['identity', 'sessions'] }),
    onError: toasts.failed,
  });
  const columns: Column<Session>[] = [
    {
      id: 'agent',
      title: 'Browser',
      grow: true,
      cell: (session) => (
        <>
          <span title={session.userAgent}>{browserName(session.userAgent)}</span>{' '}
          {session.current && <Tag tone="good">this one</Tag>}
        </>
      ),
    },
    { id: 'address', title: 'Address', cell: (session) => <code>{session.address}</code> },
    { id: 'seen', title: 'Last seen', numeric: true, cell: (session) => <Time at={session.lastSeenAt} /> },
    {
      id: 'do',
      title: <span className="visually-hidden">Actions</span>,
      cell: (session) =>
        !session.current && (
          <Button
            size="small"
            busy={end.isPending && end.variables === session.id}
            onClick={() => end.mutate(session.id)}
          >
            End
          </Button>
        ),
    },
  ];
  return (
    <Section flush title="Sessions">
      <QueryProblem query={sessions} />
      <Table
        label="Sessions"
        columns={columns}
        rows={sessions.data?.items}
        absent={sessions.isError}
        rowKey={(session) => session.id}
      />
    </Section>
  );
}
