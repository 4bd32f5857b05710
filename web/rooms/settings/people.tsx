import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Trash2, UserPlus } from 'lucide-react';
import { useState } from 'react';
import { api, ask, type Item } from '../../app/api.ts';
import { FormDialog } from '../../app/form-dialog.tsx';
import { QueryProblem } from '../../app/problem.tsx';
import { type Role, useMe, useRefusal } from '../../app/session.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { OneTimeSecret } from '../../kit/copy.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Field, Select, TextField } from '../../kit/field.tsx';
import { Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';
import { useToasts } from '../../kit/toast.tsx';

type Person = Item<'identity', 'people'>;
type Invitation = Item<'identity', 'invitations'>;

export const roleWords: { value: Role; label: string }[] = [
  { value: 'viewer', label: 'Viewer: sees everything but secrets' },
  { value: 'developer', label: 'Developer: runs, deploys, rolls back, resolves' },
  { value: 'maintainer', label: 'Maintainer: approves, settings, secrets' },
  { value: 'owner', label: 'Owner: people and everything else' },
];
const shortRoles = roleWords.map(({ value }) => ({ value, label: value }));

export function roleOf(value: string): Role {
  return roleWords.find((one) => one.value === value)?.value ?? 'viewer';
}

/** Who may sign in, and as what. */
export function People() {
  const me = useMe();
  const refusal = useRefusal('owner');
  const queries = useQueryClient();
  const toasts = useToasts();
  const people = useQuery(ask('identity', 'people'));
  const invitations = useQuery({ ...ask('identity', 'invitations'), enabled: refusal === undefined });
  const refresh = () => queries.invalidateQueries({ queryKey: ['identity'] });
  const change = useMutation({
    mutationFn: ({ id, role }: { id: string; role: Role }) =>
      api.identity.changeRole({ params: { id }, body: { role } }),
    onSuccess: (person) => {
      toasts.said(`${person.name} is ${person.role} now`);
      return refresh();
    },
    onError: toasts.failed,
  });
  const columns: Column<Person>[] = [
    {
      id: 'name',
      title: 'Person',
      grow: true,
      cell: (person) => (
        <TwoLines
          first={
            <strong>
              {person.name}
              {person.id === me?.id && ' (you)'}
            </strong>
          }
          second={<span>{[person.email, ...person.gitEmails].join(', ')}</span>}
        />
      ),
    },
    {
      id: 'role',
      title: 'Role',
      cell: (person) =>
        refusal || person.id === me?.id ? (
          person.role
        ) : (
          <Select
            small
            aria-label={`Role of ${person.name}`}
            value={person.role}
            options={shortRoles}
            onChange={(event) => change.mutate({ id: person.id, role: roleOf(event.target.value) })}
          />
        ),
    },
    { id: 'seen', title: 'Last seen', numeric: true, cell: (person) => <Time at={person.lastSeenAt} /> },
    {
      id: 'do',
      title: <span className="visually-hidden">Actions</span>,
      cell: (person) => (
        <Confirm
          trigger={
            <IconButton
              size="small"
              label={`Remove ${person.name}`}
              disabledBecause={refusal ?? (person.id === me?.id ? 'You cannot remove yourself.' : undefined)}
            >
              <Trash2 aria-hidden />
            </IconButton>
          }
          title={`Remove ${person.name}?`}
          action="Remove person"
          danger
          onConfirm={async () => {
            await api.identity.removePerson({ params: { id: person.id } });
            await refresh();
          }}
        >
          Their sessions and tokens end at once. What they did stays in the timeline.
        </Confirm>
      ),
    },
  ];
  const invited: Column<Invitation>[] = [
    { id: 'email', title: 'Invited', grow: true, cell: (one) => one.email },
    { id: 'role', title: 'Role', cell: (one) => one.role },
    { id: 'by', title: 'By', wideOnly: true, cell: (one) => one.invitedBy },
    { id: 'ends', title: 'Ends', numeric: true, cell: (one) => <Time at={one.expiresAt} /> },
    {
      id: 'do',
      title: <span className="visually-hidden">Actions</span>,
      cell: (one) => (
        <Confirm
          trigger={
            <IconButton size="small" label={`Withdraw the invitation of ${one.email}`}>
              <Trash2 aria-hidden />
            </IconButton>
          }
          title={`Withdraw the invitation of ${one.email}?`}
          action="Withdraw"
          danger
          onConfirm={async () => {
            await api.identity.withdrawInvitation({ params: { id: one.id } });
            await refresh();
          }}
        />
      ),
    },
  ];
  return (
    <>
      <Section flush title="People" aside={<InviteButton />}>
        <QueryProblem query={people} />
        <Table
          label="People"
          columns={columns}
          rows={people.data?.items}
          absent={people.isError}
          rowKey={(person) => person.id}
        />
      </Section>
      {invitations.data && invitations.data.items.length > 0 && (
        <Section flush title="Open invitations">
          <Table
            label="Open invitations"
            columns={invited}
            rows={invitations.data.items}
            rowKey={(one) => one.id}
            empty={<Empty title="None" />}
          />
        </Section>
      )}
    </>
  );
}

function InviteButton() {
  const refusal = useRefusal('owner');
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" icon={<UserPlus aria-hidden />} disabledBecause={refusal} onClick={() => setOpen(true)}>
        Invite a person
      </Button>
      {open && <InviteDialog onOpenChange={setOpen} />}
    </>
  );
}

function InviteDialog({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const queries = useQueryClient();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('developer');
  const invite = useMutation({
    mutationFn: () => api.identity.invite({ body: { email: email.trim(), role } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['identity', 'invitations'] }),
  });
  return (
    <FormDialog
      onOpenChange={onOpenChange}
      title="Invite a person"
      action="Make the link"
      sending={invite}
      result={(made) => <OneTimeSecret what={`the link for ${made.email}`} value={made.link} />}
    >
      <TextField
        label="E-mail"
        type="email"
        required
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <Field label="Role">
        {(ids) => (
          <Select {...ids} value={role} options={roleWords} onChange={(event) => setRole(roleOf(event.target.value))} />
        )}
      </Field>
    </FormDialog>
  );
}
